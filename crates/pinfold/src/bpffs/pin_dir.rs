//! A directory of pins: the names under which maps outlive a process.

use std::ffi::{CString, OsString};
use std::fs::DirBuilder;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FileType, OFlags};

use super::access::{Access, Attributes};
use super::staging::{self, Failed};
use super::{Bpffs, Walk, check_name, directory};
use crate::error::{Error, ErrorKind, Operation, Result, Subject};
use crate::host::diagnose;
use crate::sys::{self, Errno, MapFlags};

/// A directory in a BPF file system that owns the names of pinned maps.
///
/// Having one costs nothing and changes nothing: the directory is created, mode 0755 less the umask, when something is
/// first pinned. [`with_dir_mode`](PinDir::with_dir_mode), [`with_pin_mode`](PinDir::with_pin_mode) and
/// [`with_owner`](PinDir::with_owner) are for readers with few privileges.
///
/// Methods that open maps are [`open`](PinDir::open) and [`open_or_create`](PinDir::open_or_create).
#[derive(Clone, Debug)]
pub struct PinDir {
    bpffs: Bpffs,
    path: PathBuf,
    pub(super) access: Access,
}

impl PinDir {
    /// The directory, below the mount point, where tc(8), iproute2 and Cilium keep their maps.
    #[doc(alias = "TCGlobalsPath")]
    pub const DEFAULT: &'static str = "tc/globals";

    pub(super) fn at_the_root(bpffs: &Bpffs) -> PinDir {
        PinDir::of(bpffs, bpffs.path().to_path_buf())
    }

    pub(super) fn in_default_place(bpffs: &Bpffs) -> PinDir {
        PinDir::of(bpffs, bpffs.path().join(PinDir::DEFAULT))
    }

    pub(super) fn below(bpffs: &Bpffs, relative: &str) -> Result<PinDir> {
        // Not the whole of an absolute path, which `join` would make of it.
        let path = bpffs.path().join(relative.trim_start_matches('/'));
        match relative.split('/').try_for_each(check_name) {
            Ok(()) => Ok(PinDir::of(bpffs, path)),
            Err(cause) => Err(invalid(Operation::OpenDirectory, cause, &path)),
        }
    }

    fn of(bpffs: &Bpffs, path: PathBuf) -> PinDir {
        PinDir { bpffs: bpffs.clone(), path, access: Access::default() }
    }

    /// The file system that it is in.
    pub fn bpffs(&self) -> &Bpffs {
        &self.bpffs
    }

    /// The directory's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the object behind `fd`, a map or anything else that can be pinned, the name `name` here.
    ///
    /// Creates the directory first where it is missing. One system call where it isn't.
    ///
    /// # Errors
    ///
    /// [`Exists`](ErrorKind::Exists) where the name is taken, [`Invalid`](ErrorKind::Invalid) for a name with a dot or a
    /// slash, [`Denied`](ErrorKind::Denied) where the directory can't be written.
    #[doc(alias("BPF_OBJ_PIN", "ObjPin"))]
    pub fn pin(&self, name: &str, fd: BorrowedFd<'_>) -> Result<()> {
        self.pin_entry(&self.entry(Operation::Pin, name)?, fd)
    }

    pub(crate) fn pin_entry(&self, entry: &Entry, fd: BorrowedFd<'_>) -> Result<()> {
        let pinned = match self.pin_once(entry, fd) {
            Err(Failed::Making(Errno::ENOENT)) => {
                self.create()?;
                self.pin_once(entry, fd)
            }
            other => other,
        };
        pinned.map_err(|failed| {
            let (operation, errno) = failed.parts(Operation::Pin);
            diagnose::pin(operation, errno, &entry.path)
        })
    }

    fn pin_once(&self, entry: &Entry, fd: BorrowedFd<'_>) -> Result<(), Failed> {
        let Some(attributes) = self.access.of_pins() else { return Ok(sys::obj_pin(fd, &entry.c_path)?) };
        let dir = directory::open(CWD, &self.path, OFlags::PATH)?.ok_or(Errno::ENOENT)?;
        staging::pin(dir.as_fd(), entry.path.file_name().unwrap_or_default(), fd, &attributes)
    }

    /// A new descriptor of whatever is pinned as `name`: a map, a program or a link. One system call.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound) where nothing is, [`Denied`](ErrorKind::Denied) where the pin's mode forbids it.
    #[doc(alias("BPF_OBJ_GET", "ObjGet"))]
    pub fn open_fd(&self, name: &str) -> Result<OwnedFd> {
        self.entry(Operation::Open, name)?.open(MapFlags::empty())
    }

    /// Removes the name, and tells whether it was there. What was pinned lives on while anybody else holds it.
    ///
    /// # Errors
    ///
    /// [`Denied`](ErrorKind::Denied) where the directory can't be written, [`Invalid`](ErrorKind::Invalid) for a
    /// directory of that name.
    #[doc(alias("UnpinMapIfExists", "unlink"))]
    pub fn unpin(&self, name: &str) -> Result<bool> {
        let entry = self.entry(Operation::Unpin, name)?;
        // Through a descriptor that was checked: a symbolic link may have led out to where files are precious.
        let Some(dir) = self.opened(Operation::Unpin, OFlags::PATH)? else { return Ok(false) };
        match rustix::fs::unlinkat(&dir, name, AtFlags::empty()).map_err(Errno::from) {
            Ok(()) => Ok(true),
            Err(Errno::ENOENT) => Ok(false),
            Err(errno) => Err(diagnose::pin(Operation::Unpin, errno, &entry.path)),
        }
    }

    /// The names of all pins here, sorted, whatever kind of object they are; without directories. Empty where the
    /// directory doesn't exist.
    ///
    /// # Errors
    ///
    /// [`Denied`](ErrorKind::Denied) where the directory can't be read.
    pub fn list(&self) -> Result<Vec<OsString>> {
        let Some(dir) = self.opened(Operation::ListPins, OFlags::RDONLY)? else { return Ok(Vec::new()) };
        let entries = directory::entries(dir).map_err(|errno| diagnose::pin(Operation::ListPins, errno, &self.path))?;
        let pins = entries.into_iter().filter(|(_, file_type)| *file_type != FileType::Directory);
        Ok(pins.map(|(name, _)| name).collect())
    }

    /// All that is pinned here and in the directories below.
    ///
    /// Directory by directory in the order of names. Each pin is opened for reading, to find out what it is, and closed
    /// again: two system calls, three for a link, and a look into `/proc`. Nothing where the directory doesn't exist.
    #[doc(alias("BPF_OBJ_GET", "WalkDir", "readdir"))]
    pub fn walk(&self) -> Walk {
        Walk::from(self)
    }

    /// The place of a name here, after a check of the name.
    pub(crate) fn entry(&self, operation: Operation, name: &str) -> Result<Entry> {
        let path = self.path.join(name);
        if let Err(cause) = check_name(name) {
            return Err(invalid(operation, cause, &path));
        }
        Entry::at(path)
    }

    /// Creates what is missing of the directory, unless that would be outside of the BPF file system.
    fn create(&self) -> Result<()> {
        if let Some(attributes) = self.access.of_directories() {
            return self.create_with(&attributes).map_err(|failed| {
                let (operation, errno) = failed.parts(Operation::OpenDirectory);
                diagnose::pin(operation, errno, &self.path)
            });
        }
        if !sys::lies_on_bpffs(&self.path) {
            return Err(diagnose::pin(Operation::OpenDirectory, Errno::EXDEV, &self.path));
        }
        let created = DirBuilder::new().recursive(true).mode(0o755).create(&self.path);
        created.map_err(|error| {
            let errno = Errno::from_raw(error.raw_os_error().unwrap_or(0));
            diagnose::pin(Operation::OpenDirectory, errno, &self.path)
        })
    }

    /// The same, directory by directory from the root, each with that mode and owner before it can be seen.
    fn create_with(&self, attributes: &Attributes) -> Result<(), Failed> {
        let root = self.bpffs.path();
        let mut dir = directory::open(CWD, root, OFlags::PATH)?.ok_or(Errno::ENOENT)?;
        for name in self.path.strip_prefix(root).unwrap_or(Path::new("")) {
            let name = Path::new(name);
            let mut next = directory::open(&dir, name, OFlags::PATH)?;
            if next.is_none() {
                match staging::make_directory(dir.as_fd(), name.as_os_str(), attributes) {
                    // Somebody else was faster.
                    Err(Failed::Making(Errno::EEXIST)) => {}
                    made => made?,
                }
                next = directory::open(&dir, name, OFlags::PATH)?;
            }
            dir = next.ok_or(Errno::ENOENT)?;
        }
        Ok(())
    }

    /// The directory itself, certainly in a BPF file system; `None` where it doesn't exist.
    fn opened(&self, operation: Operation, access: OFlags) -> Result<Option<OwnedFd>> {
        directory::open(CWD, &self.path, access).map_err(|errno| diagnose::pin(operation, errno, &self.path))
    }
}

/// The place of a pin, whether there is one or not.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) path: PathBuf,
    c_path: CString,
}

impl Entry {
    /// Of any path.
    pub(crate) fn at(path: PathBuf) -> Result<Entry> {
        match CString::new(path.as_os_str().as_bytes()) {
            Ok(c_path) => Ok(Entry { path, c_path }),
            Err(_) => Err(invalid(Operation::Open, "the path has a NUL in it", &path)),
        }
    }

    /// A new descriptor of what is pinned there. `flags` may make it read-only or write-only.
    pub(crate) fn open(&self, flags: MapFlags) -> Result<OwnedFd> {
        sys::obj_get(&self.c_path, flags).map_err(|errno| diagnose::pin(Operation::Open, errno, &self.path))
    }
}

#[cold]
fn invalid(operation: Operation, cause: &'static str, path: &Path) -> Error {
    Error::new(ErrorKind::Invalid, operation, cause)
        .about(Subject::path(path))
        .with_remedy("use 1 to 255 bytes without dots and slashes")
}
