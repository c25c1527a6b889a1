//! Why a name in a BPF file system couldn't be made, opened or removed, and why one couldn't be mounted.

use std::path::Path;

use rustix::fs::{Access, AtFlags, CWD, accessat};

use super::{Needs, denied, generic};
use crate::error::{Error, ErrorKind, Operation, Subject};
use crate::sys::{self, Errno};

/// For a failed pin, open, unpin or listing at `path`.
#[cold]
pub(crate) fn pin(operation: Operation, errno: Errno, path: &Path) -> Error {
    let error = |kind, cause: &'static str| Error::new(kind, operation, cause).with_errno(errno);
    let explained = match (errno, operation) {
        (Errno::EPERM | Errno::EACCES | Errno::EINVAL | Errno::EXDEV, _) if !sys::lies_on_bpffs(path) => {
            error(ErrorKind::NoBpffs, "that is not in a BPF file system").with_remedy(MOUNT)
        }
        (Errno::ENOENT, Operation::Pin | Operation::OpenDirectory) => {
            error(ErrorKind::NotFound, "the directory doesn't exist").with_remedy("try again: somebody has removed it")
        }
        (Errno::ENOENT, _) => error(ErrorKind::NotFound, "nothing is pinned there"),
        (Errno::EEXIST, _) => {
            error(ErrorKind::Exists, "the name is taken").with_remedy("open what is there, or unpin it")
        }
        (Errno::EISDIR, _) => error(ErrorKind::Invalid, "that is a directory, not a pin"),
        (Errno::ENOTDIR, _) => error(ErrorKind::Invalid, "a part of the path is not a directory"),
        (Errno::EACCES, Operation::Open) if path.is_dir() => {
            error(ErrorKind::Invalid, "that is a directory, not a pin")
        }
        (Errno::EACCES, _) => Error::new(ErrorKind::Denied, operation, who_forbids(operation, path))
            .with_errno(errno)
            .with_remedy("run as the owner, or have the mode or the group changed"),
        (Errno::EPERM, Operation::SetAccess) => {
            error(ErrorKind::Denied, "this process may not give it that owner or mode")
                .with_remedy("grant CAP_CHOWN and CAP_FOWNER, or choose a group that this process is in")
        }
        (Errno::EINVAL, Operation::SetAccess) => {
            error(ErrorKind::Invalid, "this user namespace has no such user or group")
                .with_remedy("map it, or use another")
        }
        (Errno::EPERM, Operation::Unpin) => {
            error(ErrorKind::Denied, "in a sticky directory only the owner of the pin or of the directory may do that")
                .with_remedy("run as one of them")
        }
        (Errno::EPERM, _) => denied(operation, errno, Needs::Bpf),
        (Errno::EINVAL, Operation::Pin) => error(ErrorKind::Invalid, "the descriptor is none of a BPF object"),
        _ => generic(operation, errno),
    };
    explained.about(Subject::path(path))
}

/// For a failed mount at `path`.
#[cold]
pub(crate) fn mount(operation: Operation, errno: Errno, path: &Path) -> Error {
    let explained = match errno {
        Errno::EPERM => denied(operation, errno, Needs::SysAdmin),
        Errno::ENODEV => Error::new(ErrorKind::Unsupported, operation, "this kernel has no BPF file system")
            .with_errno(errno)
            .with_remedy("use a kernel with CONFIG_BPF_SYSCALL"),
        Errno::ENOENT => Error::new(ErrorKind::NotFound, operation, "the directory doesn't exist")
            .with_errno(errno)
            .with_remedy("create it"),
        _ => generic(operation, errno),
    };
    explained.about(Subject::path(path))
}

/// What to do where no BPF file system is.
const MOUNT: &str = "mount one: mount -t bpf bpf /sys/fs/bpf";

/// Names the first thing on the way that this process may not do what it has to do with.
fn who_forbids(operation: Operation, path: &Path) -> String {
    let closed = |directory: &&Path, access| accessat(CWD, *directory, access, AtFlags::EACCESS).is_err();
    let mut way: Vec<&Path> = path.ancestors().skip(1).collect();
    way.reverse();
    let parent = path.parent().unwrap_or(path);
    let needs_to_write = matches!(operation, Operation::Pin | Operation::Unpin | Operation::OpenDirectory);
    let culprit = way
        .into_iter()
        .find(|directory| closed(directory, Access::EXEC_OK))
        .unwrap_or(if needs_to_write && closed(&parent, Access::WRITE_OK) { parent } else { path });
    let user = rustix::process::geteuid().as_raw();
    match rustix::fs::stat(culprit) {
        Ok(stat) => format!(
            "user {user} has no access: the mode of {} is {:04o}, its owner {}",
            culprit.display(),
            stat.st_mode & 0o7777,
            stat.st_uid
        ),
        Err(_) => format!("user {user} has no access to {}", culprit.display()),
    }
}
