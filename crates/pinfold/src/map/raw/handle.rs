//! The handle: what it knows of its map without asking.

use std::fmt;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::sync::Arc;

use super::Origin;
use crate::error::{Error, ErrorKind, Operation, Result};
use crate::map::key::KeyText;
use crate::map::{Access, FdInfo, MapInfo};
use crate::sys::MapFd;

/// An open map whose keys and values are bytes: for tools, and for whatever has no type of its own.
///
/// Cheap to clone, `Send + Sync`; every operation takes `&self`, because the kernel synchronises. The descriptor is
/// closed with the last clone.
///
/// A slice of a wrong length is refused without asking the kernel, in release builds too: the kernel would read or
/// write as many bytes as the *map* says.
#[derive(Clone)]
pub struct RawMap {
    pub(super) inner: Arc<Inner>,
    /// The name that a spec gives it.
    pub(super) name: Option<Arc<str>>,
    pub(super) key_text: KeyText,
}

pub(super) struct Inner {
    pub(super) fd: MapFd,
    pub(super) access: Access,
    pub(super) info: MapInfo,
    pub(super) origin: Origin,
}

impl RawMap {
    #[cfg(target_pointer_width = "64")]
    pub(in crate::map) fn fd(&self) -> &MapFd {
        &self.inner.fd
    }

    /// What the kernel said of the map when it was opened. Nothing of it changes.
    #[doc(alias("BPF_OBJ_GET_INFO_BY_FD", "GetMapInfo"))]
    pub fn info(&self) -> &MapInfo {
        &self.inner.info
    }

    /// What `/proc` says of the map and of this descriptor now: its memory, the owner of a program array. Reads one
    /// file, in four system calls.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](ErrorKind::Unsupported) where `/proc` isn't mounted.
    pub fn fd_info(&self) -> Result<FdInfo> {
        FdInfo::of_own(self.as_fd()).map_err(|error| error.about(self.subject()))
    }

    /// Whether it is frozen: user space can't write it any more, and never will again; programs still can. Reads one
    /// file, in four system calls.
    ///
    /// # Errors
    ///
    /// As for [`fd_info`](RawMap::fd_info).
    #[doc(alias = "BPF_MAP_FREEZE")]
    pub fn is_frozen(&self) -> Result<bool> {
        let unknown =
            || Error::new(ErrorKind::Unsupported, Operation::Inspect, "this kernel doesn't say what is frozen");
        self.fd_info()?.frozen.ok_or_else(|| unknown().about(self.subject()))
    }

    /// The kernel's id of the map.
    pub fn id(&self) -> u32 {
        self.inner.info.id
    }

    /// The name it was declared with, else the one inside the kernel, which may be cut.
    pub fn name(&self) -> &str {
        self.name.as_deref().or(self.inner.origin.name.as_deref()).unwrap_or(&self.inner.info.name)
    }

    /// The pin that it was opened from or created for. A map can have others.
    pub fn path(&self) -> Option<&Path> {
        self.inner.origin.pin.as_ref().map(|pin| pin.entry.path.as_path())
    }

    /// What this handle may be used for.
    pub fn access(&self) -> Access {
        self.inner.access
    }

    /// Whether the call that returned this handle created the map, rather than finding it.
    pub fn is_new(&self) -> bool {
        self.inner.origin.created
    }

    /// Bytes of a key.
    pub fn key_len(&self) -> usize {
        self.inner.fd.shape().key_len
    }

    /// Bytes of a whole value: for a per-CPU type, `round_up(value_size, 8)` times the possible CPUs.
    pub fn value_len(&self) -> usize {
        self.inner.fd.shape().value_len
    }
}

impl fmt::Debug for RawMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawMap")
            .field("name", &self.name())
            .field("path", &self.path())
            .field("info", self.info())
            .finish_non_exhaustive()
    }
}

impl AsFd for RawMap {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inner.fd.as_fd()
    }
}
