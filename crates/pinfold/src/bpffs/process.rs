//! The BPF file system that another process sees.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, ResolveFlags};

use super::Bpffs;
use super::root::none_at;
use crate::error::{Error, ErrorKind, Operation, Result, Subject};
use crate::host::diagnose;
use crate::sys::{self, Errno};

impl Bpffs {
    /// The one that the process `pid` sees at [`DEFAULT_PATH`](Bpffs::DEFAULT_PATH), such as that of a container.
    ///
    /// It is held by a descriptor, so that it stays the same one when that process ends and its pid goes to another;
    /// its [`path`](Bpffs::path) is valid in this process only. Symbolic links are followed as that process would. Four
    /// system calls.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound) where there is no such process, [`NoBpffs`](ErrorKind::NoBpffs) where it sees
    /// something else there, [`Denied`](ErrorKind::Denied) where this process may not look into that one.
    #[doc(alias("nsenter", "setns"))]
    pub fn of_process(pid: u32) -> Result<Bpffs> {
        let its_root = PathBuf::from(format!("/proc/{pid}/root"));
        let shown = PathBuf::from(format!("{}{}", its_root.display(), Bpffs::DEFAULT_PATH));
        let root =
            rustix::fs::open(&its_root, FLAGS, Mode::empty()).map_err(|errno| unreachable_root(errno.into(), pid))?;
        let failed = |errno: rustix::io::Errno| diagnose::mount(Operation::FindBpffs, errno.into(), &shown);
        let held = inside(&root, Path::new(Bpffs::DEFAULT_PATH)).map_err(failed)?;
        if sys::is_bpffs(&rustix::fs::fstatfs(&held).map_err(failed)?) {
            Ok(Bpffs::held(held, Some(pid)))
        } else {
            Err(none_at(shown))
        }
    }
}

const FLAGS: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// An absolute symbolic link in a container would lead into this process's own root otherwise.
fn inside(root: &OwnedFd, path: &Path) -> rustix::io::Result<OwnedFd> {
    rustix::fs::openat2(root, path, FLAGS, Mode::empty(), ResolveFlags::IN_ROOT)
}

#[cold]
fn unreachable_root(errno: Errno, pid: u32) -> Error {
    let error = match errno {
        Errno::ENOENT => Error::new(ErrorKind::NotFound, Operation::FindBpffs, "there is no such process")
            .with_remedy("look up its pid in this process's pid namespace"),
        Errno::EACCES => Error::new(ErrorKind::Denied, Operation::FindBpffs, "this process may not look into that one")
            .with_remedy("run it as the same user, or grant CAP_SYS_PTRACE"),
        _ => diagnose::generic(Operation::FindBpffs, errno),
    };
    error.with_errno(errno).about(Subject::path(format!("/proc/{pid}/root")))
}
