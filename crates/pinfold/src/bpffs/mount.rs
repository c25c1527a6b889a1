//! Finding, checking and, only when asked, mounting a BPF file system.

use std::fs;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::mount::{FsMountFlags, FsOpenFlags, MountAttrFlags, MountFlags};

use super::PinDir;
use crate::error::{Error, ErrorKind, Operation, Result, Subject};
use crate::host::diagnose;
use crate::sys::{self, Errno};

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
    /// Keeps a detached file system alive, and its path valid.
    _detached: Option<OwnedFd>,
}

impl Bpffs {
    /// Where systemd mounts one, and where every tool looks first.
    pub const DEFAULT_PATH: &'static str = "/sys/fs/bpf";

    /// The BPF file system mounted at `path`: one statfs(2).
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
            Ok(Bpffs { root: Arc::new(Root { path, _detached: None }) })
        } else {
            Err(none_at(path))
        }
    }

    /// The one at [`DEFAULT_PATH`](Bpffs::DEFAULT_PATH), else the first in this thread's mount namespace.
    ///
    /// # Errors
    ///
    /// [`NoBpffs`](ErrorKind::NoBpffs) where none is mounted.
    pub fn find() -> Result<Bpffs> {
        if let Ok(found) = Bpffs::at(Bpffs::DEFAULT_PATH) {
            return Ok(found);
        }
        // /proc/self would show the main thread's mounts.
        let mounts = fs::read_to_string("/proc/thread-self/mountinfo").unwrap_or_default();
        mount_points(&mounts).find_map(|path| Bpffs::at(path).ok()).ok_or_else(|| none_at(Bpffs::DEFAULT_PATH.into()))
    }

    /// [`find`](Bpffs::find), and where there is none, [`mount`](Bpffs::mount) at the default path.
    ///
    /// # Errors
    ///
    /// As for [`mount`](Bpffs::mount).
    #[doc(alias = "CheckOrMountFS")]
    pub fn find_or_mount() -> Result<Bpffs> {
        Bpffs::find().or_else(|_| Bpffs::mount(Bpffs::DEFAULT_PATH))
    }

    /// Mounts a BPF file system at `path`, an existing directory, or takes what is mounted there if it is one.
    ///
    /// Mode 0700, `nosuid,nodev,noexec` as systemd does it. It stays when this process ends.
    ///
    /// # Errors
    ///
    /// [`Denied`](ErrorKind::Denied) without `CAP_SYS_ADMIN`, [`NotFound`](ErrorKind::NotFound) without that directory.
    pub fn mount(path: impl Into<PathBuf>) -> Result<Bpffs> {
        let path = path.into();
        if let Ok(mounted) = Bpffs::at(&path) {
            return Ok(mounted);
        }
        mount_once(&path).map_err(|errno| diagnose::mount(Operation::MountBpffs, errno.into(), &path))?;
        Bpffs::at(path)
    }

    /// A BPF file system of one's own that is mounted nowhere and goes with its last user: for tests, and for pins that
    /// no other process shall see. It has a [`path`](Bpffs::path), which is valid in this process only. Linux 5.2.
    ///
    /// # Errors
    ///
    /// [`Denied`](ErrorKind::Denied) without `CAP_SYS_ADMIN`.
    pub fn detached() -> Result<Bpffs> {
        let dir =
            detached_root().map_err(|errno| diagnose::mount(Operation::MountBpffs, errno, Path::new("(detached)")))?;
        // thread-self, because a thread may have a table of descriptors of its own.
        let path = PathBuf::from(format!("/proc/thread-self/fd/{}", dir.as_raw_fd()));
        Ok(Bpffs { root: Arc::new(Root { path, _detached: Some(dir) }) })
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
}

/// BPF file systems stack, and a second one would hide the pins of the first: whoever comes second waits for the lock on
/// the directory below, and then finds the first one's mount.
fn mount_once(path: &Path) -> rustix::io::Result<()> {
    let below = rustix::fs::open(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    rustix::fs::flock(&below, FlockOperation::LockExclusive)?;
    if sys::is_bpffs(&rustix::fs::statfs(path)?) {
        return Ok(());
    }
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    rustix::mount::mount("bpf", path, "bpf", flags, c"mode=0700")
}

#[cold]
fn none_at(path: PathBuf) -> Error {
    Error::new(ErrorKind::NoBpffs, Operation::FindBpffs, "none is mounted there")
        .about(Subject::path(path))
        .with_remedy("mount one there: mount -t bpf bpf DIRECTORY")
}

/// fsmount(2) gives an `O_PATH` descriptor, which can neither be listed nor locked; the one reopened from it can.
fn detached_root() -> Result<OwnedFd, Errno> {
    let context = rustix::mount::fsopen("bpf", FsOpenFlags::FSOPEN_CLOEXEC)?;
    rustix::mount::fsconfig_create(&context)?;
    let mount = rustix::mount::fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, MountAttrFlags::empty())?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(&mount, ".", flags, Mode::empty())?)
}

/// The mount points of type `bpf` in a mountinfo file: `Documentation/filesystems/proc.rst`, section 3.5.
fn mount_points(mountinfo: &str) -> impl Iterator<Item = PathBuf> + '_ {
    mountinfo.lines().filter_map(|line| {
        let (mount, file_system) = line.split_once(" - ")?;
        let is_bpf = file_system.split(' ').next()? == "bpf";
        is_bpf.then(|| mount.split(' ').nth(4)).flatten().map(|point| PathBuf::from(unescape(point)))
    })
}

/// Blanks and backslashes stand there as `\040` and the like.
fn unescape(point: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .iter()
        .fold(point.to_owned(), |text, (escape, character)| text.replace(escape, character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mount_points_of_type_bpf() {
        let mountinfo = "\
22 27 0:21 / /proc rw,relatime - proc proc rw
41 23 0:33 / /sys/fs/bpf rw,nosuid shared:9 master:2 - bpf bpf rw,mode=700
42 23 0:34 / /run/my\\040own/bpffs rw - bpf bpf rw
43 23 0:35 / /bpf rw - tmpfs bpf rw
nonsense
";
        let points: Vec<PathBuf> = mount_points(mountinfo).collect();
        assert_eq!(points, [PathBuf::from("/sys/fs/bpf"), PathBuf::from("/run/my own/bpffs")]);
    }
}
