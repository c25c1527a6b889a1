//! Operations on the map behind a descriptor.

use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use zerocopy::IntoBytes as _;

use super::Errno;
use super::attr::{Delete, Element, Freeze, Info, MapCreate, MapInfo, NextKey};
use super::call::{Command, address, address_mut, bpf, bpf_fd, fd_number};
use super::shape::{NEVER, Shape, ShapeError};

/// Why an operation on an entry failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallError {
    /// The kernel said no.
    Errno(Errno),
    /// The kernel wasn't asked: it would have read or written `needed` bytes where `given` were offered.
    WrongLength { part: &'static str, given: usize, needed: usize },
}

impl From<Errno> for CallError {
    fn from(errno: Errno) -> CallError {
        CallError::Errno(errno)
    }
}

/// What a lookup does to the entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LookupMode {
    /// `BPF_MAP_LOOKUP_ELEM`: leaves it.
    Keep,
    /// `BPF_MAP_LOOKUP_AND_DELETE_ELEM`: removes it, at once.
    Remove,
}

/// What an update does depending on whether the key is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub(crate) enum UpdateMode {
    /// `BPF_ANY`: insert or replace.
    Any = 0,
    /// `BPF_NOEXIST`: insert only.
    IfAbsent = 1,
    /// `BPF_EXIST`: replace only.
    IfPresent = 2,
}

/// A descriptor of a map together with the sizes that the kernel reported for it.
///
/// The pair can only be made from the descriptor, which is what makes its operations safe.
#[derive(Debug)]
pub(crate) struct MapFd {
    fd: OwnedFd,
    shape: Shape,
    max_entries: u32,
}

/// `BPF_MAP_CREATE`. The descriptor is closed on exec.
pub(crate) fn create_map(request: &MapCreate) -> Result<OwnedFd, Errno> {
    let mut attr = request.clone();
    let len = attr.sent_len();
    // SAFETY: the attributes of this command hold no address, `len` is at most their size, and the command returns a
    // new descriptor.
    unsafe { bpf_fd(Command::MapCreate, &mut attr, len) }
}

/// `BPF_OBJ_GET_INFO_BY_FD` for a map. Says nothing meaningful of a descriptor that isn't one.
pub(crate) fn map_info(fd: BorrowedFd<'_>) -> Result<MapInfo, Errno> {
    let mut info = MapInfo::default();
    let mut attr = Info {
        bpf_fd: fd_number(fd),
        info_len: size_of::<MapInfo>() as u32,
        info: address_mut(info.as_mut_bytes().as_mut_ptr()),
    };
    // SAFETY: the kernel writes at most `info_len` bytes to `info`, which is exactly as long and outlives the call.
    // Behind a program's or link's descriptor it would take what it finds there for more addresses to fill; all of it
    // is zero, and a length of zero makes it write nowhere else.
    unsafe { bpf(Command::ObjGetInfoByFd, &mut attr, size_of::<Info>())? };
    Ok(info)
}

impl MapFd {
    /// Takes a map's descriptor over, after asking the kernel for its sizes: one system call.
    pub(crate) fn adopt(fd: OwnedFd) -> Result<(MapFd, MapInfo), AdoptError> {
        let info = map_info(fd.as_fd()).map_err(AdoptError::Errno)?;
        let shape = Shape::of(&info).map_err(AdoptError::Shape)?;
        Ok((MapFd { fd, shape, max_entries: info.max_entries }, info))
    }

    pub(crate) fn shape(&self) -> &Shape {
        &self.shape
    }

    /// How many entries an array has.
    #[cfg_attr(not(target_pointer_width = "64"), expect(dead_code, reason = "only mappings ask"))]
    pub(super) fn max_entries(&self) -> u32 {
        self.max_entries
    }

    /// Copies the value into `value` and tells whether there was one.
    #[inline]
    pub(crate) fn lookup(&self, key: &[u8], value: &mut [u8], mode: LookupMode) -> Result<bool, CallError> {
        let len = value.len();
        // SAFETY: `value` is exclusively borrowed and valid for `len` bytes.
        unsafe { self.lookup_at(key, value.as_mut_ptr(), len, mode) }
    }

    /// [`lookup`](MapFd::lookup) into memory that needn't be initialised; hands it back as bytes that are.
    #[inline]
    pub(crate) fn lookup_uninit<'b>(
        &self,
        key: &[u8],
        value: &'b mut [MaybeUninit<u8>],
        mode: LookupMode,
    ) -> Result<Option<&'b [u8]>, CallError> {
        let len = value.len();
        // SAFETY: `value` is exclusively borrowed and valid for `len` bytes.
        let found = unsafe { self.lookup_at(key, value.as_mut_ptr().cast(), len, mode)? };
        if !found {
            return Ok(None);
        }
        // SAFETY: `lookup_at` found a value, so that all `len` bytes have been written.
        Ok(Some(unsafe { written(value) }))
    }

    /// Writes all of the `len` bytes at `value` where it returns `true`.
    ///
    /// # Safety
    ///
    /// `value` must be valid for writes of `len` bytes.
    #[inline]
    unsafe fn lookup_at(&self, key: &[u8], value: *mut u8, len: usize, mode: LookupMode) -> Result<bool, CallError> {
        let command = match mode {
            LookupMode::Keep => Command::MapLookupElem,
            LookupMode::Remove => Command::MapLookupAndDeleteElem,
        };
        self.check(key, len, self.shape.lookup_len)?;
        let mut attr = Element {
            map_fd: fd_number(self.fd.as_fd()),
            pad: 0,
            key: key_address(key),
            value: address_mut(value),
            flags: 0,
        };
        // SAFETY: the kernel reads a key and, on success, writes a value; `check` has compared the lengths of both
        // with what it uses for this map, and both are borrowed until the call is over. No type for which it would
        // read the value instead gets past `check`.
        match unsafe { bpf(command, &mut attr, size_of::<Element>()) } {
            Ok(_) => Ok(true),
            Err(Errno::ENOENT) => Ok(false),
            Err(errno) => Err(errno.into()),
        }
    }

    /// `BPF_MAP_UPDATE_ELEM`.
    #[inline]
    pub(crate) fn update(&self, key: &[u8], value: &[u8], mode: UpdateMode) -> Result<(), CallError> {
        self.check(key, value.len(), self.shape.value_len)?;
        let mut attr = Element {
            map_fd: fd_number(self.fd.as_fd()),
            pad: 0,
            key: key_address(key),
            value: address(value.as_ptr()),
            flags: mode as u64,
        };
        // SAFETY: the kernel reads a key and a value; `check` has compared the lengths of both with what it uses for
        // this map, and both are borrowed until the call is over.
        unsafe { bpf(Command::MapUpdateElem, &mut attr, size_of::<Element>())? };
        Ok(())
    }

    /// `BPF_MAP_DELETE_ELEM`: tells whether the key was there.
    #[inline]
    pub(crate) fn delete(&self, key: &[u8]) -> Result<bool, CallError> {
        self.check_key(key.len())?;
        let mut attr = Delete { map_fd: fd_number(self.fd.as_fd()), pad: 0, key: key_address(key) };
        // SAFETY: the kernel reads a key, whose length `check_key` has compared with what it uses for this map.
        match unsafe { bpf(Command::MapDeleteElem, &mut attr, size_of::<Delete>()) } {
            Ok(_) => Ok(true),
            Err(Errno::ENOENT) => Ok(false),
            Err(errno) => Err(errno.into()),
        }
    }

    /// `BPF_MAP_GET_NEXT_KEY`: copies the key after `after`, or the first, into `next`, and tells whether there is one.
    #[inline]
    pub(crate) fn next_key(&self, after: Option<&[u8]>, next: &mut [u8]) -> Result<bool, CallError> {
        let len = next.len();
        // SAFETY: `next` is exclusively borrowed and valid for `len` bytes.
        unsafe { self.next_key_at(after, next.as_mut_ptr(), len) }
    }

    /// [`next_key`](MapFd::next_key) into memory that needn't be initialised; hands it back as bytes that are.
    #[inline]
    pub(crate) fn next_key_uninit<'b>(
        &self,
        after: Option<&[u8]>,
        next: &'b mut [MaybeUninit<u8>],
    ) -> Result<Option<&'b [u8]>, CallError> {
        let len = next.len();
        // SAFETY: `next` is exclusively borrowed and valid for `len` bytes.
        let found = unsafe { self.next_key_at(after, next.as_mut_ptr().cast(), len)? };
        if !found {
            return Ok(None);
        }
        // SAFETY: `next_key_at` found a key, so that all `len` bytes have been written.
        Ok(Some(unsafe { written(next) }))
    }

    /// Writes all of the `len` bytes at `next` where it returns `true`.
    ///
    /// # Safety
    ///
    /// `next` must be valid for writes of `len` bytes.
    #[inline]
    unsafe fn next_key_at(&self, after: Option<&[u8]>, next: *mut u8, len: usize) -> Result<bool, CallError> {
        if let Some(after) = after {
            self.check_key(after.len())?;
        }
        self.check_key(len)?;
        let mut attr = NextKey {
            map_fd: fd_number(self.fd.as_fd()),
            pad: 0,
            key: after.map_or(0, key_address),
            next_key: address_mut(next),
        };
        // SAFETY: the kernel reads a key where the address isn't zero, and on success writes one; `check_key` has
        // compared both lengths with what it uses for this map, and both are borrowed until the call is over.
        match unsafe { bpf(Command::MapGetNextKey, &mut attr, size_of::<NextKey>()) } {
            Ok(_) => Ok(true),
            Err(Errno::ENOENT) => Ok(false),
            Err(errno) => Err(errno.into()),
        }
    }

    /// `BPF_MAP_FREEZE`: no writes from user space any more.
    pub(crate) fn freeze(&self) -> Result<(), Errno> {
        let mut attr = Freeze { map_fd: fd_number(self.fd.as_fd()) };
        // SAFETY: the attributes of this command hold no address.
        unsafe { bpf(Command::MapFreeze, &mut attr, size_of::<Freeze>())? };
        Ok(())
    }

    #[inline]
    fn check(&self, key: &[u8], given: usize, needed: usize) -> Result<(), CallError> {
        self.check_key(key.len())?;
        if given == needed { Ok(()) } else { Err(wrong("value", given, needed)) }
    }

    #[inline]
    fn check_key(&self, given: usize) -> Result<(), CallError> {
        if given == self.shape.key_len { Ok(()) } else { Err(wrong("key", given, self.shape.key_len)) }
    }
}

impl AsFd for MapFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Why a descriptor couldn't be taken over as a map's.
#[derive(Debug)]
pub(crate) enum AdoptError {
    Errno(Errno),
    Shape(ShapeError),
}

#[cold]
fn wrong(part: &'static str, given: usize, needed: usize) -> CallError {
    match needed {
        NEVER => CallError::Errno(Errno::ENOTSUPP),
        _ => CallError::WrongLength { part, given, needed },
    }
}

/// # Safety
///
/// All of `bytes` must have been written.
#[inline]
pub(super) unsafe fn written(bytes: &[MaybeUninit<u8>]) -> &[u8] {
    // SAFETY: MaybeUninit<u8> has the layout of u8, and the caller vouches for the contents.
    unsafe { &*(std::ptr::from_ref(bytes) as *const [u8]) }
}

/// Types without keys want a null pointer (`___bpf_copy_key()` in `kernel/bpf/syscall.c`).
#[inline]
fn key_address(key: &[u8]) -> u64 {
    if key.is_empty() { 0 } else { address(key.as_ptr()) }
}
