//! Mounting a BPF file system, only when asked, never on top of another, and never over something else.

use std::fs::DirBuilder;
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{AtFlags, CWD, FlockOperation, Mode, OFlags, StatxAttributes, StatxFlags};
use rustix::mount::{FsMountFlags, FsOpenFlags, MountAttrFlags, MountFlags};

use super::Bpffs;
use super::mounts::Mounts;
use crate::error::{Error, ErrorKind, Operation, Result, Subject};
use crate::host::diagnose;
use crate::sys::{self, Errno};

/// Five seconds: mounting takes some microseconds.
const LOCK_ATTEMPTS_MAX: u32 = 1_000;
const LOCK_PAUSE: Duration = Duration::from_millis(5);

impl Bpffs {
    /// The one at [`DEFAULT_PATH`](Bpffs::DEFAULT_PATH), mounted there if need be. Where something else is mounted
    /// there, the same at [`FALLBACK_PATH`](Bpffs::FALLBACK_PATH), a directory that is created with mode 0755 less the
    /// umask.
    ///
    /// Whoever calls this in the same mount namespace ends up with the same one, whatever is mounted elsewhere.
    ///
    /// # Errors
    ///
    /// As for [`mount`](Bpffs::mount); [`Invalid`](ErrorKind::Invalid) where several are [`stacked`](Bpffs::stacked),
    /// so that nobody could tell whose pins are found.
    #[doc(alias = "CheckOrMountFS")]
    pub fn find_or_mount() -> Result<Bpffs> {
        let path = if is_taken(Path::new(Bpffs::DEFAULT_PATH)) {
            create(Path::new(Bpffs::FALLBACK_PATH))?;
            Bpffs::FALLBACK_PATH
        } else {
            Bpffs::DEFAULT_PATH
        };
        let bpffs = Bpffs::mount(path)?;
        match bpffs.stacked()? {
            0 | 1 => Ok(bpffs),
            height => Err(stacked(height, path)),
        }
    }

    /// Mounts a BPF file system at `path`, an existing directory, or takes what is mounted there if it is one.
    ///
    /// Mode 0700, `nosuid,nodev,noexec` as systemd does it. It stays when this process ends.
    ///
    /// # Errors
    ///
    /// [`NoBpffs`](ErrorKind::NoBpffs) where something else is mounted there, which stays as it is;
    /// [`Denied`](ErrorKind::Denied) without `CAP_SYS_ADMIN`; [`NotFound`](ErrorKind::NotFound) without that directory.
    pub fn mount(path: impl Into<PathBuf>) -> Result<Bpffs> {
        let path = path.into();
        if let Ok(mounted) = Bpffs::at(&path) {
            return Ok(mounted);
        }
        mount_once(&path).map_err(|errno| match errno {
            Errno::EXDEV => taken(&path),
            errno => diagnose::mount(Operation::MountBpffs, errno, &path),
        })?;
        Bpffs::at(path)
    }

    /// A BPF file system of one's own that is mounted nowhere and goes with its last user: for tests, and for pins that
    /// no other process shall see. It has a [`path`](Bpffs::path), which is valid in this process only. Linux 5.2.
    ///
    /// # Errors
    ///
    /// [`Denied`](ErrorKind::Denied) without `CAP_SYS_ADMIN`.
    pub fn detached() -> Result<Bpffs> {
        let root =
            detached_root().map_err(|errno| diagnose::mount(Operation::MountBpffs, errno, Path::new("(detached)")))?;
        Ok(Bpffs::held(root, None))
    }
}

/// BPF file systems stack, and a second one would hide the pins of the first: whoever comes second waits for the lock on
/// the directory below, and then finds the first one's mount. EXDEV where something else is mounted.
fn mount_once(path: &Path) -> Result<(), Errno> {
    let below = rustix::fs::open(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    lock(&below)?;
    if sys::is_bpffs(&rustix::fs::statfs(path)?) {
        return Ok(());
    }
    if is_root_of_a_mount(path)? {
        return Err(Errno::EXDEV);
    }
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    Ok(rustix::mount::mount("bpf", path, "bpf", flags, c"mode=0700")?)
}

/// Anybody who can open the directory can hold the lock, so that nobody waits for it for ever: EBUSY after that.
fn lock(directory: &OwnedFd) -> Result<(), Errno> {
    for _ in 0..LOCK_ATTEMPTS_MAX {
        match rustix::fs::flock(directory, FlockOperation::NonBlockingLockExclusive) {
            Err(rustix::io::Errno::WOULDBLOCK) => std::thread::sleep(LOCK_PAUSE),
            other => return Ok(other?),
        }
    }
    Err(Errno::EBUSY)
}

/// fsmount(2) gives an `O_PATH` descriptor, which can neither be listed nor locked; the one reopened from it can.
fn detached_root() -> Result<OwnedFd, Errno> {
    let context = rustix::mount::fsopen("bpf", FsOpenFlags::FSOPEN_CLOEXEC)?;
    rustix::mount::fsconfig_create(&context)?;
    let mount = rustix::mount::fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, MountAttrFlags::empty())?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(&mount, ".", flags, Mode::empty())?)
}

/// Whether something that is no BPF file system is mounted there. If that can't be found out, mounting will say why.
fn is_taken(path: &Path) -> bool {
    let is_bpffs = rustix::fs::statfs(path).is_ok_and(|fs| sys::is_bpffs(&fs));
    !is_bpffs && is_root_of_a_mount(path).unwrap_or(false)
}

/// Comparing devices with the directory above wouldn't do: a bind mount may be of the same device. Linux 5.8.
fn is_root_of_a_mount(path: &Path) -> Result<bool, Errno> {
    let stat = rustix::fs::statx(CWD, path, AtFlags::empty(), StatxFlags::empty())?;
    Ok(stat.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
}

fn create(path: &Path) -> Result<()> {
    DirBuilder::new().recursive(true).mode(0o755).create(path).map_err(|error| {
        let errno = Errno::from_raw(error.raw_os_error().unwrap_or(0));
        diagnose::mount(Operation::MountBpffs, errno, path)
    })
}

#[cold]
fn taken(path: &Path) -> Error {
    let what = Mounts::read(None).ok().and_then(|mounts| mounts.file_system_at(path));
    let what =
        what.map_or("another file system".to_owned(), |file_system| format!("a file system of type {file_system}"));
    Error::new(ErrorKind::NoBpffs, Operation::MountBpffs, format!("{what} is mounted there"))
        .about(Subject::path(path))
        .with_remedy("use another directory, or unmount it")
}

#[cold]
fn stacked(height: usize, path: &str) -> Error {
    let cause = format!("{height} are mounted there on top of each other, and each hides the pins of those below");
    let remedy = format!(
        "unmount the upper ones: umount {path}, {} times; or take the uppermost with Bpffs::at",
        height.saturating_sub(1)
    );
    Error::new(ErrorKind::Invalid, Operation::FindBpffs, cause).about(Subject::path(path)).with_remedy(remedy)
}
