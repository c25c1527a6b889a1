//! Pins, ids, and which kind of object a descriptor stands for.

use std::ffi::CStr;
use std::fmt;
use std::os::fd::{AsRawFd as _, BorrowedFd, OwnedFd};

use super::attr::{GetId, Object};
use super::call::{Command, address, bpf, bpf_fd, fd_number};
use super::{Errno, MapFlags};

/// What a descriptor stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ObjectKind {
    Map,
    Program,
    Link,
    /// Another BPF object, such as BTF, or none.
    Other,
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ObjectKind::Map => "map",
            ObjectKind::Program => "program",
            ObjectKind::Link => "link",
            ObjectKind::Other => "something else",
        })
    }
}

/// `BPF_OBJ_PIN`: gives the object a name in a BPF file system.
pub(crate) fn obj_pin(fd: BorrowedFd<'_>, path: &CStr) -> Result<(), Errno> {
    let mut attr = Object { pathname: address(path.as_ptr()), bpf_fd: fd_number(fd), file_flags: 0 };
    // SAFETY: the kernel reads a string up to its NUL, which a CStr has.
    unsafe { bpf(Command::ObjPin, &mut attr, size_of::<Object>())? };
    Ok(())
}

/// `BPF_OBJ_GET`: a new descriptor of the object under this name, which may be of any kind. Of `flags` only those of the
/// descriptor count.
pub(crate) fn obj_get(path: &CStr, flags: MapFlags) -> Result<OwnedFd, Errno> {
    let file_flags = flags.intersection(MapFlags::OF_THE_DESCRIPTOR).bits();
    let mut attr = Object { pathname: address(path.as_ptr()), bpf_fd: 0, file_flags };
    // SAFETY: the kernel reads a string up to its NUL, which a CStr has; the command returns a new descriptor.
    unsafe { bpf_fd(Command::ObjGet, &mut attr, size_of::<Object>()) }
}

/// `BPF_MAP_GET_FD_BY_ID`: a new descriptor, with an open file of its own. Of `flags` only those of the descriptor count.
pub(crate) fn map_fd_by_id(id: u32, flags: MapFlags) -> Result<OwnedFd, Errno> {
    let open_flags = flags.intersection(MapFlags::OF_THE_DESCRIPTOR).bits();
    let mut attr = GetId { start_id: id, next_id: 0, open_flags };
    // SAFETY: the attributes of this command hold no address, and it returns a new descriptor.
    unsafe { bpf_fd(Command::MapGetFdById, &mut attr, size_of::<GetId>()) }
}

/// `BPF_MAP_GET_NEXT_ID`: the smallest id of a map above `id`, `None` after the last.
pub(crate) fn next_map_id(id: u32) -> Result<Option<u32>, Errno> {
    let mut attr = GetId { start_id: id, next_id: 0, open_flags: 0 };
    // SAFETY: the attributes of this command hold no address.
    match unsafe { bpf(Command::MapGetNextId, &mut attr, size_of::<GetId>()) } {
        Ok(_) => Ok(Some(attr.next_id)),
        Err(Errno::ENOENT) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// Asks `/proc` what a descriptor is, since info calls answer for every kind alike. `None` where `/proc` is missing.
pub(crate) fn object_kind(fd: BorrowedFd<'_>) -> Option<ObjectKind> {
    let target = std::fs::read_link(format!("/proc/thread-self/fd/{}", fd.as_raw_fd())).ok()?;
    Some(match target.to_str() {
        Some("anon_inode:bpf-map") => ObjectKind::Map,
        Some("anon_inode:bpf-prog") => ObjectKind::Program,
        Some("anon_inode:bpf-link" | "anon_inode:bpf_link") => ObjectKind::Link,
        _ => ObjectKind::Other,
    })
}
