//! What an error number means wherever it comes from.

use crate::error::{Error, ErrorKind, Operation};
use crate::host::privilege::{self, Needs};
use crate::sys::Errno;

/// For an error number that the operation has nothing special to say about.
#[cold]
pub(crate) fn generic(operation: Operation, errno: Errno) -> Error {
    let kind = match errno {
        Errno::ENOENT => ErrorKind::NotFound,
        Errno::EEXIST => ErrorKind::Exists,
        Errno::EPERM | Errno::EACCES => ErrorKind::Denied,
        Errno::EBUSY | Errno::EAGAIN | Errno::EDEADLK | Errno::ETIMEDOUT | Errno::EINTR => ErrorKind::Busy,
        Errno::ENOMEM | Errno::EMFILE | Errno::ENFILE => ErrorKind::Exhausted,
        Errno::ENOTSUPP | Errno::EOPNOTSUPP | Errno::ENOSYS => ErrorKind::Unsupported,
        Errno::EINVAL | Errno::E2BIG | Errno::ENAMETOOLONG | Errno::ENOTSOCK => ErrorKind::Invalid,
        Errno::EROFS => ErrorKind::ReadOnly,
        _ => ErrorKind::Other,
    };
    let error = Error::new(kind, operation, errno.text()).with_errno(errno);
    match errno {
        Errno::EMFILE => error.with_remedy("close some, or raise RLIMIT_NOFILE"),
        Errno::ENOSYS => {
            error.with_remedy("use a kernel with CONFIG_BPF_SYSCALL, or allow bpf(2) in the seccomp filter")
        }
        _ => error,
    }
}

/// For EPERM from something that needs a capability.
#[cold]
pub(crate) fn denied(operation: Operation, errno: Errno, needs: Needs) -> Error {
    let refusal = privilege::explain(needs);
    Error::new(ErrorKind::Denied, operation, refusal.cause).with_errno(errno).with_remedy(refusal.remedy)
}
