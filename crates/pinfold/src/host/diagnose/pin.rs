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
    let explained = match errno {
        Errno::EPERM | Errno::EACCES | Errno::EINVAL | Errno::EXDEV if !is_on_bpffs(path) => {
            error(ErrorKind::NoBpffs, "that is not in a BPF file system").with_remedy(MOUNT)
        }
        Errno::ENOENT if operation == Operation::Pin => {
            error(ErrorKind::NotFound, "the directory doesn't exist").with_remedy("create it")
        }
        Errno::ENOENT => error(ErrorKind::NotFound, "nothing is pinned there"),
        Errno::EEXIST => error(ErrorKind::Exists, "the name is taken").with_remedy("open what is there, or unpin it"),
        Errno::EISDIR => error(ErrorKind::Invalid, "that is a directory, not a pin"),
        Errno::ENOTDIR => error(ErrorKind::Invalid, "a part of the path is not a directory"),
        Errno::EACCES if path.is_dir() => error(ErrorKind::Invalid, "that is a directory, not a pin"),
        Errno::EACCES => Error::new(ErrorKind::Denied, operation, who_forbids(path))
            .with_errno(errno)
            .with_remedy("run as the owner, or have the mode or the group changed"),
        Errno::EPERM => denied(operation, errno, Needs::Bpf),
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
        Errno::ENOENT => Error::new(ErrorKind::NotFound, operation, "the directory to mount on doesn't exist")
            .with_errno(errno)
            .with_remedy("create it"),
        _ => generic(operation, errno),
    };
    explained.about(Subject::path(path))
}

/// What to do where no BPF file system is.
pub(crate) const MOUNT: &str = "mount one: mount -t bpf bpf /sys/fs/bpf";

/// Names the first directory on the way that this process can't enter, else the file itself.
fn who_forbids(path: &Path) -> String {
    let mut way: Vec<&Path> = path.ancestors().skip(1).collect();
    way.reverse();
    let closed =
        way.into_iter().find(|directory| accessat(CWD, *directory, Access::EXEC_OK, AtFlags::EACCESS).is_err());
    let culprit = closed.unwrap_or(path);
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

/// Asks the file, or the nearest directory above it that exists.
fn is_on_bpffs(path: &Path) -> bool {
    path.ancestors().find_map(|ancestor| rustix::fs::statfs(ancestor).ok()).is_some_and(|fs| sys::is_bpffs(&fs))
}
