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
        Errno::EINVAL | Errno::E2BIG | Errno::ENAMETOOLONG | Errno::ENOTSOCK | Errno::ENOTDIR => ErrorKind::Invalid,
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
    let refusal = privilege::explain(operation, needs);
    Error::new(ErrorKind::Denied, operation, refusal.cause).with_errno(errno).with_remedy(refusal.remedy)
}

/// For something about this kernel that an operation depends on, and that couldn't be found out.
#[cold]
pub(crate) fn not_probed(operation: Operation, errno: Errno, what: &str) -> Error {
    let reason = match errno {
        Errno::EPERM => denied(operation, errno, Needs::Bpf),
        _ => generic(operation, errno),
    };
    let error = Error::new(reason.kind(), operation, format!("{what} can't be found out: {}", reason.cause()));
    let remedy = reason.remedy().map(str::to_owned);
    remedy.into_iter().fold(error.with_errno(errno), Error::with_remedy)
}
