//! All that is pinned in a BPF file system, whatever it is.

use std::ffi::{CString, OsString};
use std::iter::FusedIterator;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::vec;

use rustix::fs::{CWD, FileType, OFlags};

use super::{Bpffs, PinDir, directory, staging};
use crate::error::{Error, ErrorKind, Operation, Subject};
use crate::host::diagnose;
use crate::sys::{self, Errno, MapFlags, ObjectKind};

/// Directories within each other that a walk enters. Nobody pins that deep.
const DEPTH_MAX: usize = 64;

/// Something that a [`Walk`] found.
#[derive(Debug)]
#[non_exhaustive]
pub struct Pinned {
    /// Where.
    pub path: PathBuf,
    /// What.
    pub what: PinnedObject,
}

/// What is under a name in a BPF file system.
#[derive(Debug)]
#[non_exhaustive]
pub enum PinnedObject {
    /// A map.
    Map,
    /// A program.
    Program,
    /// A link.
    Link,
    /// Nothing of these, such as the kernel's own `maps.debug` where it is no link.
    Other,
    /// A symbolic link to nowhere.
    Dangling,
    /// A pin or a directory that this process couldn't open, or that isn't in the file system.
    Unreadable(Error),
}

/// All that is pinned in a directory and below it: see [`PinDir::walk`] and [`Bpffs::walk`].
///
/// Depth first, by names. A symbolic link counts as what it leads to, and one that leads to a directory not at all.
/// What can't be read is an item, and the walk goes on after it; what vanishes meanwhile is left out. No descriptor is
/// held between two items, but for that of a detached file system.
#[derive(Debug)]
pub struct Walk {
    /// Keeps the path of a detached file system valid.
    _bpffs: Bpffs,
    start: Option<PathBuf>,
    /// What is still to come of each directory on the way to where the walk is.
    levels: Vec<Level>,
}

#[derive(Debug)]
struct Level {
    path: PathBuf,
    entries: vec::IntoIter<(OsString, FileType)>,
}

impl Walk {
    pub(super) fn from(dir: &PinDir) -> Walk {
        Walk { _bpffs: dir.bpffs().clone(), start: Some(dir.path().to_path_buf()), levels: Vec::new() }
    }

    /// Goes on in that directory, or tells why not.
    fn enter(&mut self, path: PathBuf, flags: OFlags) -> Option<Pinned> {
        if self.levels.len() >= DEPTH_MAX {
            return Some(Pinned { what: PinnedObject::Unreadable(too_deep(&path)), path });
        }
        let opened = directory::open(CWD, &path, OFlags::RDONLY | flags);
        match opened.and_then(|dir| dir.map(directory::entries).transpose()) {
            Ok(entries) => {
                self.levels.extend(entries.map(|entries| Level { path, entries: entries.into_iter() }));
                None
            }
            // It was one a moment ago.
            Err(Errno::ENOTDIR) if flags.contains(OFlags::NOFOLLOW) => None,
            Err(errno) => Some(unreadable(Operation::ListPins, errno, path)),
        }
    }
}

impl Iterator for Walk {
    type Item = Pinned;

    fn next(&mut self) -> Option<Pinned> {
        let mut found = self.start.take().and_then(|start| self.enter(start, OFlags::empty()));
        while found.is_none() {
            let level = self.levels.last_mut()?;
            found = match level.entries.next() {
                None => {
                    self.levels.pop();
                    None
                }
                // What is on its way to its name isn't pinned yet.
                Some((name, FileType::Directory)) if name.as_bytes().starts_with(staging::PREFIX.as_bytes()) => None,
                Some((name, FileType::Directory)) => {
                    let path = level.path.join(name);
                    self.enter(path, OFlags::NOFOLLOW)
                }
                Some((name, FileType::Symlink)) => target(level.path.join(name)),
                Some((name, _)) => object(level.path.join(name)),
            };
        }
        found
    }
}

impl FusedIterator for Walk {}

/// What a symbolic link leads to.
fn target(path: PathBuf) -> Option<Pinned> {
    use rustix::io::Errno;
    match rustix::fs::stat(&path) {
        Ok(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::Directory => None,
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => {
            rustix::fs::lstat(&path).is_ok().then_some(Pinned { path, what: PinnedObject::Dangling })
        }
        // Whatever else is the matter, opening it will say.
        _ => object(path),
    }
}

/// What is pinned there, `None` where nothing is any more.
fn object(path: PathBuf) -> Option<Pinned> {
    let what = match open(&path) {
        Ok(fd) => match sys::object_kind(fd.as_fd()) {
            Some(ObjectKind::Map) => PinnedObject::Map,
            Some(ObjectKind::Program) => PinnedObject::Program,
            Some(ObjectKind::Link) => PinnedObject::Link,
            Some(ObjectKind::Other) | None => PinnedObject::Other,
        },
        // Only the kernel can make names with dots in them, and what they stand for isn't there in every kernel.
        Err(_) if is_reserved(&path) => PinnedObject::Other,
        Err(Errno::ENOENT) => return None,
        Err(errno) => return Some(unreadable(Operation::Open, errno, path)),
    };
    Some(Pinned { path, what })
}

/// For reading, because that is what a pin's mode most often allows; a link can't be opened like that, and answers
/// EINVAL.
fn open(path: &Path) -> Result<OwnedFd, Errno> {
    let c_path = CString::new(path.as_os_str().as_bytes()).map_err(|_| Errno::EINVAL)?;
    match sys::obj_get(&c_path, MapFlags::RDONLY) {
        Err(Errno::EINVAL) => sys::obj_get(&c_path, MapFlags::empty()),
        opened => opened,
    }
}

fn is_reserved(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_bytes().contains(&b'.'))
}

#[cold]
fn unreadable(operation: Operation, errno: Errno, path: PathBuf) -> Pinned {
    Pinned { what: PinnedObject::Unreadable(diagnose::pin(operation, errno, &path)), path }
}

#[cold]
fn too_deep(path: &Path) -> Error {
    let cause = format!("it is more than {DEPTH_MAX} directories deep");
    Error::new(ErrorKind::Invalid, Operation::ListPins, cause)
        .about(Subject::path(path))
        .with_remedy("walk from a directory further down")
}
