//! The memory of an array, mapped into this process and handed out as atomic words, never as plain bytes.
//!
//! Programs and other processes write to it at any time. A `&[u8]` would promise the compiler that nothing changes
//! underneath, so that there is none: every access is an atomic load or store of eight bytes.

use std::fmt;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::os::fd::AsFd as _;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use rustix::mm::{MapFlags, ProtFlags};
use zerocopy::{Immutable, IntoBytes};

use super::map::{MapFd, written};
use super::{Errno, MapType, Slot};

/// Memory that can be read and written.
#[derive(Clone, Copy, Debug)]
pub enum ReadWrite {}

/// Memory that can only be read.
#[derive(Clone, Copy, Debug)]
pub enum ReadOnly {}

/// Bytes of a word.
const WORD: usize = size_of::<AtomicU64>();

/// The elements of an array in this process's memory. Unmapped when it is dropped; the mapping keeps the map alive.
///
/// Can only be made from a map whose values the kernel says to be as long as a `V`.
pub(crate) struct Mapping<V, A> {
    start: NonNull<AtomicU64>,
    entries: u32,
    types: PhantomData<fn() -> (V, A)>,
}

// SAFETY: a mapping belongs to the process, not to a thread, and holds no `V`; all access to it is atomic.
unsafe impl<V, A> Send for Mapping<V, A> {}

// SAFETY: as above.
unsafe impl<V, A> Sync for Mapping<V, A> {}

impl<V> Mapping<V, ReadWrite> {
    /// For reading and writing.
    pub(crate) fn read_write(map: &MapFd) -> Result<Mapping<V, ReadWrite>, Errno> {
        Mapping::new(map, ProtFlags::READ | ProtFlags::WRITE)
    }

    /// Writes the value, word by word, and tells whether there is such an element. Padding up to the last word's end
    /// becomes zero.
    #[inline]
    pub(crate) fn write(&self, index: u32, value: &V) -> bool
    where
        V: IntoBytes + Immutable,
    {
        let Some(words) = self.element(index) else { return false };
        let (whole, rest) = value.as_bytes().as_chunks::<WORD>();
        for (word, bytes) in words.iter().zip(whole) {
            word.store(u64::from_ne_bytes(*bytes), Ordering::Relaxed);
        }
        if let (Some(word), false) = (words.last(), rest.is_empty()) {
            let mut bytes = [0; WORD];
            bytes.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            word.store(u64::from_ne_bytes(bytes), Ordering::Relaxed);
        }
        true
    }

    /// The words of an element. Only of memory that can be written, since safe code may write through them.
    #[inline]
    pub(crate) fn words(&self, index: u32) -> Option<&[AtomicU64]> {
        self.element(index)
    }
}

impl<V> Mapping<V, ReadOnly> {
    /// For reading.
    pub(crate) fn read_only(map: &MapFd) -> Result<Mapping<V, ReadOnly>, Errno> {
        Mapping::new(map, ProtFlags::READ)
    }
}

impl<V, A> Mapping<V, A> {
    /// Words from one element to the next: the kernel's `round_up(value_size, 8)`, in `array_map_alloc()` of
    /// `kernel/bpf/arraymap.c`.
    const STRIDE: usize = size_of::<V>().div_ceil(WORD);

    /// `access` must be what `A` says. ENOTSUPP for anything but an array, and EINVAL where its values aren't as long
    /// as a `V`, without asking the kernel.
    fn new(map: &MapFd, access: ProtFlags) -> Result<Mapping<V, A>, Errno> {
        // The memory of a ring buffer or an arena can be mapped as well, and is no sequence of elements.
        if map.shape().map_type != MapType::Array {
            return Err(Errno::ENOTSUPP);
        }
        if map.shape().value_len != size_of::<V>() {
            return Err(Errno::EINVAL);
        }
        let entries = map.max_entries();
        // What mmap itself says to a length beyond the address space. The kernel rounds it up to pages, here and when
        // it is unmapped, as it has rounded up the array.
        let len = Self::byte_len(entries).ok_or(Errno::ENOMEM)?;
        // SAFETY: a new mapping at an address of the kernel's choice touches nobody's memory, and no reference to it
        // but those of `all` is ever made.
        let start = unsafe { rustix::mm::mmap(std::ptr::null_mut(), len, access, MapFlags::SHARED, map.as_fd(), 0)? };
        // The kernel chooses no address below vm.mmap_min_addr, and never zero.
        match NonNull::new(start.cast()) {
            Some(start) => Ok(Mapping { start, entries, types: PhantomData }),
            None => Err(Errno::ENOMEM),
        }
    }

    /// Bytes of all elements, `None` where no slice could be as long.
    fn byte_len(entries: u32) -> Option<usize> {
        let words = Self::STRIDE.checked_mul(usize::try_from(entries).ok()?)?;
        words.checked_mul(WORD).filter(|len| isize::try_from(*len).is_ok())
    }

    /// How many elements there are.
    #[inline]
    pub(crate) fn entries(&self) -> u32 {
        self.entries
    }

    /// Copies an element into `value`, word by word, and hands it back as bytes; `None` beyond the end.
    #[inline]
    pub(crate) fn read<'b>(&self, index: u32, value: &'b mut Slot<V>) -> Option<&'b [u8]> {
        let words = self.element(index)?;
        let load = |word: &AtomicU64| word.load(Ordering::Relaxed).to_ne_bytes().map(MaybeUninit::new);
        let bytes = value.bytes();
        let (whole, rest) = bytes.as_chunks_mut::<WORD>();
        for (to, word) in whole.iter_mut().zip(words) {
            *to = load(word);
        }
        if let (Some(word), false) = (words.last(), rest.is_empty()) {
            rest.iter_mut().zip(load(word)).for_each(|(to, from)| *to = from);
        }
        // SAFETY: `words` has as many words as it takes to cover the `size_of::<V>()` bytes of `bytes`: one for each of
        // `whole`, and a last one for `rest`, which is shorter than a word. So all bytes have been written.
        Some(unsafe { written(bytes) })
    }

    #[inline]
    fn element(&self, index: u32) -> Option<&[AtomicU64]> {
        let first = (index as usize).checked_mul(Self::STRIDE)?;
        self.all().get(first..first.checked_add(Self::STRIDE)?)
    }

    /// Not for other rooms: where `A` is [`ReadOnly`], a store would be a fault.
    #[inline]
    fn all(&self) -> &[AtomicU64] {
        // `new` has found that this doesn't overflow.
        let len = self.entries as usize * Self::STRIDE;
        // SAFETY: `new` had `len` words mapped from `start` on, at the start of a page, readable, and zeroed by the
        // kernel when it made the array; it refuses to map more than an array has, and no array ever shrinks. They stay
        // mapped as long as `self`, which is borrowed, and are at most isize::MAX bytes. An AtomicU64 may change while
        // it is borrowed, takes any bytes, and is read with relaxed loads of eight bytes, which 64-bit targets do in
        // memory that can't be written too (see "Atomic accesses to read-only memory" in `std::sync::atomic`).
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), len) }
    }
}

impl<V, A> Drop for Mapping<V, A> {
    fn drop(&mut self) {
        let len = size_of_val(self.all());
        // SAFETY: this is the mapping made in `new`, whole, and nobody borrows from it any more.
        let _ = unsafe { rustix::mm::munmap(self.start.as_ptr().cast(), len) };
    }
}

impl<V, A> fmt::Debug for Mapping<V, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mapping").field("entries", &self.entries).finish_non_exhaustive()
    }
}

/// The same word as a signed number.
#[inline]
pub(crate) fn signed(word: &AtomicU64) -> &AtomicI64 {
    // SAFETY: the pointer is valid and aligned for eight bytes as long as `word` is borrowed, any bytes are valid for
    // both types, and all access through either is atomic.
    unsafe { AtomicI64::from_ptr(word.as_ptr().cast()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::{MapCreate, create_map};

    fn made(map_type: MapType, value_size: u32) -> MapFd {
        let request = MapCreate {
            map_type: map_type.raw(),
            key_size: if map_type == MapType::RingBuf { 0 } else { 4 },
            value_size,
            max_entries: if map_type == MapType::RingBuf { 4096 } else { 3 },
            map_flags: if map_type == MapType::Array { crate::sys::MapFlags::MMAPABLE.bits() } else { 0 },
            ..MapCreate::default()
        };
        MapFd::adopt(create_map(&request).unwrap()).unwrap().0
    }

    /// Whatever the rooms above believe: memory that isn't a sequence of such values is never mapped.
    #[test]
    fn only_arrays_of_such_values() {
        let ring = Mapping::<[u8; 0], ReadOnly>::read_only(&made(MapType::RingBuf, 0));
        assert_eq!(ring.err(), Some(Errno::ENOTSUPP));
        let array = made(MapType::Array, 12);
        assert_eq!(Mapping::<[u8; 11], ReadOnly>::read_only(&array).err(), Some(Errno::EINVAL));
        assert_eq!(Mapping::<[u8; 16], ReadWrite>::read_write(&array).err(), Some(Errno::EINVAL));
        let mapping = Mapping::<[u8; 12], ReadWrite>::read_write(&array).unwrap();
        assert_eq!((mapping.all().len(), mapping.words(2).unwrap().len()), (6, 2));
        assert!(mapping.words(3).is_none());
    }

    #[test]
    fn lengths_beyond_the_address_space() {
        assert_eq!(Mapping::<[u8; 9], ReadOnly>::byte_len(4), Some(64));
        assert_eq!(Mapping::<[u64; 1 << 28], ReadOnly>::byte_len(1 << 31), Some(1 << 62));
        assert_eq!(Mapping::<[u64; 1 << 29], ReadOnly>::byte_len(1 << 31), None);
        assert_eq!(Mapping::<[u64; 1 << 29], ReadOnly>::byte_len(u32::MAX), None);
    }
}
