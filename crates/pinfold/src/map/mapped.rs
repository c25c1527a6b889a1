//! An array whose memory is this process's too: values are read and written without system calls.

use std::fmt;
use std::os::fd::AsFd as _;
use std::sync::atomic::{AtomicI64, AtomicU64};

use zerocopy::{Immutable, IntoBytes, KnownLayout, TryFromBytes};

use super::{Array, Map, RawMap, Value, WritableValue};
use crate::error::{Error, Operation, Result};
use crate::host::diagnose::{self, MappingFailure};
use crate::sys::{Errno, LookupMode, Mapping, ReadOnly, ReadWrite, Slot, signed};

/// A value that can be read out of an array's memory: a plain [`Value`], not one per CPU.
///
/// ```compile_fail,E0277
/// use pinfold::{Array, Map, MapFlags, MapSpec, PerCpu};
/// const SPEC: MapSpec<u32, PerCpu<u64>, Array> = MapSpec::new("counters", 16);
/// let counters = Map::create(&SPEC)?.mapped()?;
/// # Ok::<(), pinfold::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be read out of the memory of a BPF map",
    note = "the kernel maps arrays of plain values only: read values per CPU with `get_into`"
)]
pub trait Mappable: Value<Owned = Self> + TryFromBytes + KnownLayout + Immutable {}

impl<T: TryFromBytes + KnownLayout + Immutable> Mappable for T {}

/// The values of an array, in memory that the kernel, its programs and this process share. 64-bit targets only.
///
/// Made by [`Map::mapped`], or by [`Map::mapped_read_only`] for reading only: then `A` is [`ReadOnly`], and there is no
/// way to write. No operation makes a system call or allocates. `Send + Sync`; it doesn't need the [`Map`] it was made
/// from, and keeps the map alive on its own. Unmapped when it is dropped.
///
/// # What others see
///
/// Everybody looks at the same memory at once, without locks:
///
/// - A value is read and written in words of eight bytes, each of them whole. **One of more than eight bytes isn't read
///   or written as a whole**: half of it may be from before and half from after somebody's write. [`Map::get`] is no
///   better: the kernel copies an array's value without a lock too.
/// - Every value starts at a word of its own. One of less than eight bytes shares its word only with its padding, which
///   [`set`](MappedArray::set) overwrites with zeros.
/// - `set` replaces whole words. What a program adds to a part of one meanwhile may be lost: add with
///   [`atomic`](MappedArray::atomic) or [`words`](MappedArray::words) instead.
/// - Nothing orders words among each other (all access is [`Relaxed`](std::sync::atomic::Ordering::Relaxed)). Where the
///   order of writes matters, use an ordering of your own with [`words`](MappedArray::words).
///
/// ```no_run
/// use std::sync::atomic::Ordering;
///
/// use pinfold::{Array, Map, MapFlags, MapSpec};
///
/// const PACKETS: MapSpec<u32, u64, Array> = MapSpec::new("packets", 256).with_flags(MapFlags::MMAPABLE);
///
/// let packets = Map::create(&PACKETS)?.mapped()?;
/// if let Some(counter) = packets.atomic(6) {
///     counter.fetch_add(1, Ordering::Relaxed); // while programs add to it as well
/// }
/// assert_eq!(packets.get(6)?, Some(1));
/// # Ok::<(), pinfold::Error>(())
/// ```
///
/// ```compile_fail,E0599
/// # use pinfold::{Array, Map, MapFlags, MapSpec};
/// # const PACKETS: MapSpec<u32, u64, Array> = MapSpec::new("packets", 256).with_flags(MapFlags::MMAPABLE);
/// Map::create(&PACKETS)?.mapped_read_only()?.set(6, &0)?;
/// # Ok::<(), pinfold::Error>(())
/// ```
pub struct MappedArray<V, A = ReadWrite> {
    memory: Mapping<V, A>,
    map: RawMap,
}

impl<V: Value> Map<u32, V, Array> {
    /// Maps the values into this process's memory, for reading and writing: from then on both do without system calls.
    ///
    /// One system call, whose cost grows with the array: the kernel enters all pages at once, so that no access faults
    /// later. Wants [`MapFlags::MMAPABLE`](crate::MapFlags::MMAPABLE), which is Linux 5.5. As long as it lives, nobody
    /// can freeze the map.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](crate::ErrorKind::Unsupported) for a map that was created without `MMAPABLE`, or whose values
    /// hold what only the kernel may write; [`ReadOnly`](crate::ErrorKind::ReadOnly) for a frozen map or one that
    /// programs can only read (`RDONLY_PROG`), both of which [`mapped_read_only`](Map::mapped_read_only) takes, and for
    /// a descriptor for reading only; [`Denied`](crate::ErrorKind::Denied) for a descriptor for writing only;
    /// [`Exhausted`](crate::ErrorKind::Exhausted) without room in the address space.
    #[doc(alias("mmap", "BPF_F_MMAPABLE", "Memory"))]
    pub fn mapped(&self) -> Result<MappedArray<V>>
    where
        V: Mappable,
    {
        MappedArray::of(self.as_raw(), Mapping::read_write(self.as_raw().fd()), true)
    }

    /// Maps the values into this process's memory, for reading only. Costs what [`mapped`](Map::mapped) does, and
    /// doesn't keep anybody from freezing the map.
    ///
    /// # Errors
    ///
    /// As for [`mapped`](Map::mapped), but never [`ReadOnly`](crate::ErrorKind::ReadOnly): a descriptor for reading
    /// only is [`Unsupported`](crate::ErrorKind::Unsupported), because the kernel maps no map through one (seen on
    /// Linux 6.18).
    #[doc(alias("mmap", "BPF_F_MMAPABLE", "Memory"))]
    pub fn mapped_read_only(&self) -> Result<MappedArray<V, ReadOnly>>
    where
        V: Mappable,
    {
        MappedArray::of(self.as_raw(), Mapping::read_only(self.as_raw().fd()), false)
    }
}

impl<V, A> MappedArray<V, A> {
    fn of(map: &RawMap, memory: Result<Mapping<V, A>, Errno>, writes: bool) -> Result<MappedArray<V, A>> {
        match memory {
            Ok(memory) => Ok(MappedArray { memory, map: map.clone() }),
            Err(errno) => {
                let failure = MappingFailure { errno, fd: map.fd().as_fd(), flags: map.info().flags, writes };
                Err(diagnose::mapping(&failure).about(map.subject()))
            }
        }
    }

    /// How many values there are: `max_entries`, at least 1.
    #[expect(clippy::len_without_is_empty, reason = "no array is empty")]
    #[inline]
    pub fn len(&self) -> u32 {
        self.memory.entries()
    }
}

impl<V: Mappable, A> MappedArray<V, A> {
    /// A copy of the value at `index`, `None` beyond the end. No system call, no allocation.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) where the bytes are no valid `V`; never for a `V` that is `FromBytes`.
    #[inline]
    pub fn get(&self, index: u32) -> Result<Option<V>> {
        match self.memory.read(index, &mut Slot::new()) {
            Some(bytes) => match V::try_read_from_bytes(bytes) {
                Ok(value) => Ok(Some(value)),
                Err(_) => Err(self.map.invalid_value::<V>(index.as_bytes(), LookupMode::Keep)),
            },
            None => Ok(None),
        }
    }

    /// Copies of all values in the order of their indexes, each made when it is asked for. No system call, no
    /// allocation.
    ///
    /// Yields an error, and goes on, where [`get`](MappedArray::get) would.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Result<V>> + ExactSizeIterator + '_ {
        (0..self.len()).map(|index| match self.get(index) {
            Ok(Some(value)) => Ok(value),
            Ok(None) => unreachable!("the index is below the length, which never changes"),
            Err(error) => Err(error),
        })
    }
}

impl<V: Mappable> MappedArray<V, ReadWrite> {
    /// Replaces the value at `index`. No system call, no allocation.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) beyond the end.
    #[doc(alias = "insert")]
    #[inline]
    pub fn set(&self, index: u32, value: &V) -> Result<()>
    where
        V: WritableValue + IntoBytes,
    {
        if self.memory.write(index, value) { Ok(()) } else { Err(self.beyond_the_end(index)) }
    }

    /// The words of the value at `index`, `None` beyond the end: its bytes, eight at a time, in the byte order of this
    /// machine. For counters that are parts of a value, and for orderings stronger than relaxed.
    #[inline]
    pub fn words(&self, index: u32) -> Option<&[AtomicU64]> {
        self.memory.words(index)
    }

    #[cold]
    fn beyond_the_end(&self, index: u32) -> Error {
        let error = diagnose::beyond_the_end(Operation::Insert, self.len());
        self.map.explained(error, Some(index.as_bytes()))
    }
}

impl MappedArray<u64, ReadWrite> {
    /// The number at `index`, `None` beyond the end: to be added to while programs do the same. Theirs have to be
    /// atomic as well (`__sync_fetch_and_add`) not to lose ours.
    #[inline]
    pub fn atomic(&self, index: u32) -> Option<&AtomicU64> {
        self.words(index)?.first()
    }
}

impl MappedArray<i64, ReadWrite> {
    /// The number at `index`, `None` beyond the end: to be added to while programs do the same. Theirs have to be
    /// atomic as well (`__sync_fetch_and_add`) not to lose ours.
    #[inline]
    pub fn atomic(&self, index: u32) -> Option<&AtomicI64> {
        self.words(index)?.first().map(signed)
    }
}

impl<V, A> fmt::Debug for MappedArray<V, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MappedArray").field("map", &self.map).finish_non_exhaustive()
    }
}
