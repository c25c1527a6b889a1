//! A mounted BPF file system: finding one, and what is in it.

use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::mounts::Mounts;
use super::{BpffsMount, PinDir, Walk};
use crate::error::{Error, ErrorKind, Operation, Result, Subject};
use crate::host::diagnose;
use crate::sys;

/// A mounted BPF file system.
///
/// Cheap to clone. Nothing is mounted unless a function is called that says so.
#[doc(alias("bpffs", "BPF_FS_MAGIC"))]
#[derive(Clone, Debug)]
pub struct Bpffs {
    root: Arc<Root>,
}

#[derive(Debug)]
struct Root {
    path: PathBuf,
    /// Keeps a file system that isn't mounted here alive, and its path valid.
    _held: Option<OwnedFd>,
    /// Whose mounts it is among, unless this thread's.
    process: Option<u32>,
}

impl Bpffs {
    /// Where systemd mounts one, and where every tool looks first.
    #[doc(alias = "BPFFSRoot")]
    pub const DEFAULT_PATH: &'static str = "/sys/fs/bpf";

    /// Where [`find_or_mount`](Bpffs::find_or_mount) mounts one if something else is in the way at
    /// [`DEFAULT_PATH`](Bpffs::DEFAULT_PATH), as in a container that got a directory of the host there.
    pub const FALLBACK_PATH: &'static str = "/run/pinfold/bpffs";

    /// The BPF file system mounted at `path`: one statfs(2) and one stat(2). A directory in one is taken as its root.
    ///
    /// The path may go through `/proc`: `/proc/PID/fd/N` is a [`detached`](Bpffs::detached) one of another process.
    ///
    /// # Errors
    ///
    /// [`NoBpffs`](ErrorKind::NoBpffs) where there is something else, [`NotFound`](ErrorKind::NotFound) where there is
    /// nothing.
    pub fn at(path: impl Into<PathBuf>) -> Result<Bpffs> {
        let path = path.into();
        let fs =
            rustix::fs::statfs(&path).map_err(|errno| diagnose::mount(Operation::FindBpffs, errno.into(), &path))?;
        if sys::is_bpffs(&fs) && path.is_dir() {
            Ok(Bpffs { root: Arc::new(Root { path, _held: None, process: None }) })
        } else {
            Err(none_at(path))
        }
    }

    /// The one at [`DEFAULT_PATH`](Bpffs::DEFAULT_PATH), else at [`FALLBACK_PATH`](Bpffs::FALLBACK_PATH), else the
    /// first in this thread's mount namespace.
    ///
    /// # Errors
    ///
    /// [`NoBpffs`](ErrorKind::NoBpffs) where none is mounted.
    pub fn find() -> Result<Bpffs> {
        let usual = [Bpffs::DEFAULT_PATH, Bpffs::FALLBACK_PATH].into_iter().find_map(|path| Bpffs::at(path).ok());
        let elsewhere = || Bpffs::mounts().ok()?.into_iter().find_map(|mount| Bpffs::at(mount.mount_point).ok());
        usual.or_else(elsewhere).ok_or_else(|| none_at(Bpffs::DEFAULT_PATH.into()))
    }

    /// One that is reached through a descriptor, mounted here or not.
    pub(super) fn held(root: OwnedFd, process: Option<u32>) -> Bpffs {
        // thread-self, because a thread may have a table of descriptors of its own.
        let path = PathBuf::from(format!("/proc/thread-self/fd/{}", root.as_raw_fd()));
        Bpffs { root: Arc::new(Root { path, _held: Some(root), process }) }
    }

    /// All BPF file systems in this thread's mount namespace, in the order of `/proc/thread-self/mountinfo`: lower ones
    /// before those mounted on top of them, with bind mounts, and without those that are mounted nowhere.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound) where `/proc` is missing.
    pub fn mounts() -> Result<Vec<BpffsMount>> {
        Mounts::read(None).map(Mounts::into_bpffs)
    }

    /// How many BPF file systems are mounted on top of each other where this one is: 1 in good order, and 0 where it is
    /// mounted nowhere that this thread could see, as a [`detached`](Bpffs::detached) one.
    ///
    /// With two or more, whoever looked before the last was mounted sees other pins than whoever looks now. Bind mounts
    /// of a sub-directory don't count. One statx(2), and `/proc/thread-self/mountinfo` is read.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound) where the file system or `/proc` is gone.
    pub fn stacked(&self) -> Result<usize> {
        Mounts::read(self.root.process)?.stacked_at(self.path())
    }

    /// Where it is mounted.
    pub fn path(&self) -> &Path {
        &self.root.path
    }

    /// The root as a directory for pins, where libbpf's `LIBBPF_PIN_BY_NAME` and most loaders pin.
    pub fn root_dir(&self) -> PinDir {
        PinDir::at_the_root(self)
    }

    /// The default directory for pins, [`PinDir::DEFAULT`].
    pub fn pin_dir(&self) -> PinDir {
        PinDir::in_default_place(self)
    }

    /// The directory `relative` for pins, such as `my_daemon` or `tc/globals`. It is created when something is pinned.
    ///
    /// # Errors
    ///
    /// [`Invalid`](ErrorKind::Invalid) where a part of it is no name that a BPF file system takes, such as `..`.
    pub fn dir(&self, relative: &str) -> Result<PinDir> {
        PinDir::below(self, relative)
    }

    /// All that is pinned in it: [`PinDir::walk`] from the root.
    pub fn walk(&self) -> Walk {
        self.root_dir().walk()
    }

    /// What tells iproute2 and Cilium's tools that the BPF file system is here, for
    /// [`Command::envs`](std::process::Command::envs). Of use to other processes only where they can follow the path,
    /// which they can't for a [`detached`](Bpffs::detached) one.
    ///
    /// ```no_run
    /// # use pinfold::Bpffs;
    /// let bpffs = Bpffs::find()?;
    /// std::process::Command::new("tc").args(["filter", "show"]).envs(bpffs.environment());
    /// # Ok::<(), pinfold::Error>(())
    /// ```
    #[doc(alias("TC_BPF_MNT", "CILIUM_BPF_MNT"))]
    pub fn environment(&self) -> [(&'static str, &Path); 2] {
        [("TC_BPF_MNT", self.path()), ("CILIUM_BPF_MNT", self.path())]
    }
}

#[cold]
pub(super) fn none_at(path: PathBuf) -> Error {
    Error::new(ErrorKind::NoBpffs, Operation::FindBpffs, "none is mounted there")
        .about(Subject::path(path))
        .with_remedy("mount one there: mount -t bpf bpf DIRECTORY")
}
