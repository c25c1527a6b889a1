//! Opening and reading directories of a BPF file system, and of nothing else.

use std::ffi::OsString;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt as _;
use std::path::Path;

use rustix::fs::{Dir, FileType, Mode, OFlags};

use crate::sys::{self, Errno};

/// The directory, certainly in a BPF file system: EXDEV where it is in another. `None` where it doesn't exist.
pub(super) fn open(at: impl AsFd, path: &Path, flags: OFlags) -> Result<Option<OwnedFd>, Errno> {
    let flags = flags | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let dir = match rustix::fs::openat(at, path, flags, Mode::empty()) {
        Err(rustix::io::Errno::NOENT) => return Ok(None),
        opened => opened?,
    };
    if sys::is_bpffs(&rustix::fs::fstatfs(&dir)?) { Ok(Some(dir)) } else { Err(Errno::EXDEV) }
}

/// All that is in it, sorted by name.
pub(super) fn entries(dir: OwnedFd) -> Result<Vec<(OsString, FileType)>, Errno> {
    let mut entries = Vec::new();
    for entry in Dir::new(dir)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            entries.push((OsString::from_vec(name.to_vec()), entry.file_type()));
        }
    }
    entries.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    Ok(entries)
}
