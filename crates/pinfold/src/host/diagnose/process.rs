//! Why another process, or what `/proc` says of it, couldn't be looked at.

use rustix::thread::CapabilitySet;

use super::generic;
use crate::error::{Error, ErrorKind, Operation};
use crate::host::proc;
use crate::sys::Errno;

/// For a descriptor of `pid` that couldn't be looked at or duplicated.
#[cold]
pub(crate) fn process(operation: Operation, errno: Errno, pid: u32) -> Error {
    match errno {
        Errno::ENOENT if !proc::is_mounted() => no_proc(operation).with_errno(errno),
        // What belongs to a process that has just gone answers EACCES: `proc_fd_access_allowed()` in `fs/proc/base.c`.
        Errno::ENOENT | Errno::EBADF | Errno::EACCES if !proc::has_process(pid) => {
            no_process(operation, pid).with_errno(errno)
        }
        Errno::ESRCH => no_process(operation, pid).with_errno(errno),
        Errno::ENOENT | Errno::EBADF => no_descriptor(operation, pid).with_errno(errno),
        Errno::EPERM | Errno::EACCES => no_access(operation, errno, pid),
        Errno::ENOSYS => Error::new(
            ErrorKind::Unsupported,
            operation,
            "pidfd_open(2) or pidfd_getfd(2) is missing, which Linux has had since 5.6",
        )
        .with_errno(errno)
        .with_remedy("allow both in the seccomp filter (container runtime)"),
        _ => generic(operation, errno),
    }
}

/// For a process that couldn't be opened. The number of a thread isn't one: EINVAL until ENOENT took its place.
#[cold]
pub(crate) fn open_process(operation: Operation, errno: Errno, pid: u32) -> Error {
    match errno {
        Errno::EINVAL | Errno::ENOENT => {
            let cause = format!("{pid} is the number of a thread, not of a process");
            Error::new(ErrorKind::NotFound, operation, cause).with_errno(errno)
        }
        _ => process(operation, errno, pid),
    }
}

/// For a number that can't be that of a process, or is of none that this one sees.
#[cold]
pub(crate) fn no_process(operation: Operation, pid: u32) -> Error {
    Error::new(ErrorKind::NotFound, operation, format!("this process sees no process {pid}"))
}

/// For a number that can't be that of a descriptor, or isn't one at the moment.
#[cold]
pub(crate) fn no_descriptor(operation: Operation, pid: u32) -> Error {
    Error::new(ErrorKind::NotFound, operation, format!("process {pid} has no descriptor of that number open"))
}

/// For what only `/proc` knows.
#[cold]
pub(crate) fn no_proc(operation: Operation) -> Error {
    Error::new(ErrorKind::Unsupported, operation, "no proc file system is mounted on /proc")
        .with_remedy("mount one: mount -t proc proc /proc")
}

/// Who may trace a process may look at its descriptors: another user, other privileges or a security module stand
/// against it, and one capability overrides the first two.
fn no_access(operation: Operation, errno: Errno, pid: u32) -> Error {
    let effective = rustix::thread::capabilities(None).map_or(CapabilitySet::empty(), |sets| sets.effective);
    let (cause, remedy) = if effective.contains(CapabilitySet::SYS_PTRACE) {
        (
            format!("no access to process {pid}, although this process holds CAP_SYS_PTRACE"),
            "see whether a user namespace, a security module (audit log) or a seccomp filter forbids it",
        )
    } else {
        (
            format!("user {} may not trace process {pid} without CAP_SYS_PTRACE", rustix::process::geteuid().as_raw()),
            "run it as root, or grant the capability: AmbientCapabilities=CAP_SYS_PTRACE in its systemd unit, or \
             setcap cap_sys_ptrace+ep on its executable",
        )
    };
    Error::new(ErrorKind::Denied, operation, cause).with_errno(errno).with_remedy(remedy)
}
