//! The one place where bpf(2) is entered.

use std::os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd};

use super::Errno;

/// `enum bpf_cmd`, as far as it is used.
#[derive(Clone, Copy)]
#[repr(i32)]
pub(super) enum Command {
    MapCreate = 0,
    MapLookupElem = 1,
    MapUpdateElem = 2,
    MapDeleteElem = 3,
    MapGetNextKey = 4,
    ProgLoad = 5,
    ObjPin = 6,
    ObjGet = 7,
    ProgTestRun = 10,
    MapGetNextId = 12,
    MapGetFdById = 14,
    ObjGetInfoByFd = 15,
    MapLookupAndDeleteElem = 21,
    MapFreeze = 22,
}

/// Calls bpf(2) with the first `len` bytes of `attr`.
///
/// # Safety
///
/// Every address in `attr` that `command` makes the kernel read or write must be valid for as many bytes as the kernel
/// derives for it (from the map, or from a length in `attr`), and stay so until this returns. `len` must not exceed
/// the size of `A`.
#[inline]
pub(super) unsafe fn bpf<A>(command: Command, attr: &mut A, len: usize) -> Result<u32, Errno> {
    debug_assert!(len <= size_of::<A>());
    // SAFETY: SYS_bpf takes a number, an address valid for `len` bytes (the exclusive borrow of `attr` covers them),
    // and that length. What the addresses inside `attr` must satisfy is this function's own contract.
    let result = unsafe {
        libc::syscall(libc::SYS_bpf, command as libc::c_long, std::ptr::from_mut(attr), len as libc::c_ulong)
    };
    // A failure is -1; a descriptor or zero fits.
    u32::try_from(result).map_err(|_| Errno::last())
}

/// [`bpf`] for commands that return a new descriptor.
///
/// # Safety
///
/// As for [`bpf`], and `command` must be one that returns a descriptor which nobody owns yet.
pub(super) unsafe fn bpf_fd<A>(command: Command, attr: &mut A, len: usize) -> Result<OwnedFd, Errno> {
    // SAFETY: the caller vouches for the addresses in `attr`.
    let fd = unsafe { bpf(command, attr, len)? };
    // SAFETY: the kernel has just opened this descriptor (with O_CLOEXEC) for this call, so that nothing else owns it.
    // It is a non-negative int, since `bpf` made it from one.
    Ok(unsafe { OwnedFd::from_raw_fd(fd.cast_signed()) })
}

/// The form in which attribute structs hold descriptors.
#[inline]
pub(super) fn fd_number(fd: BorrowedFd<'_>) -> u32 {
    fd.as_raw_fd().cast_unsigned()
}

/// The form in which attribute structs hold addresses that the kernel only reads.
#[inline]
pub(super) fn address<T>(pointer: *const T) -> u64 {
    pointer.expose_provenance() as u64
}

/// The form in which attribute structs hold addresses that the kernel may write to.
#[inline]
pub(super) fn address_mut<T>(pointer: *mut T) -> u64 {
    pointer.expose_provenance() as u64
}
