//! What a map shall look like: pure data, written down once, as a constant.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use super::key::{KeyText, displayed};
use super::raw_spec::ValueSize;
use super::{Hash, Key, Kind, RawMapSpec, Value};
use crate::sys::{MapFlags, MapType};

/// The description of a map with keys `K`, values `V` and kind `T`: name, sizes, capacity and flags.
///
/// A program declares its maps as constants, and that is the only place where their shape is written down. Creating and
/// opening never change a spec, and it says nothing about what to do when a pinned map differs: that is said by the
/// call that opens.
///
/// ```
/// use pinfold::{Array, LpmKey, LpmTrie, LruHash, MapSpec, PerCpu};
///
/// /// A hash of 64-bit counters.
/// const SEEN: MapSpec<[u8; 4], u64> = MapSpec::new("seen", 4096);
/// /// The same with a counter per CPU.
/// const SEEN_PER_CPU: MapSpec<[u8; 4], PerCpu<u64>> = MapSpec::new("seen_per_cpu", 4096);
/// /// The same that drops what wasn't used for long.
/// const RECENT: MapSpec<[u8; 4], u64, LruHash> = MapSpec::new("recent", 4096);
/// /// IPv4 prefixes, which errors shall print as people write them.
/// const DENY: MapSpec<LpmKey<[u8; 4]>, u32, LpmTrie> = MapSpec::new("deny", 1024).with_displayed_keys();
/// /// Settings.
/// const SETTINGS: MapSpec<u32, u64, Array> = MapSpec::new("settings", 16);
/// /// Backends of a service, as many as the map that is opened has room for.
/// const BACKENDS: MapSpec<u32, [u32]> = MapSpec::new("backends", 256);
///
/// // What is known at run time only:
/// let large = SEEN.with_max_entries(100_000);
/// assert_eq!(large.max_entries(), 100_000);
/// let wide = BACKENDS.with_value_len(64);
/// assert_eq!(wide.raw().value_size(), 256);
/// ```
pub struct MapSpec<K, V: ?Sized, T = Hash> {
    raw: RawMapSpec,
    key_text: KeyText,
    types: Types<K, V, T>,
}

/// Says which types, and owns none of them.
pub(super) type Types<K, V, T> = (PhantomData<fn() -> K>, PhantomData<fn(&V)>, PhantomData<fn() -> T>);

impl<K: Key, V: Value + ?Sized, T: Kind<K>> MapSpec<K, V, T> {
    /// Decided when a spec is made: that is at compile time for a constant.
    ///
    /// ```compile_fail,E0080
    /// use pinfold::{LpmKey, LpmTrie, MapSpec, PerCpu};
    /// const SPEC: MapSpec<LpmKey<[u8; 4]>, PerCpu<u64>, LpmTrie> = MapSpec::new("prefixes", 16);
    /// ```
    const MAP_TYPE: MapType = match (V::PER_CPU, T::PER_CPU_MAP_TYPE) {
        (false, _) => T::MAP_TYPE,
        (true, Some(map_type)) => map_type,
        (true, None) => panic!("the kernel has no per-CPU maps of this kind"),
    };

    /// Bytes of a value, or of its unit, after a check of all sizes and alignments.
    ///
    /// ```compile_fail,E0080
    /// use pinfold::zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};
    /// #[derive(FromBytes, IntoBytes, Immutable, KnownLayout)]
    /// #[repr(C, align(16))]
    /// struct Vector([u8; 16]);
    /// const SPEC: pinfold::MapSpec<u32, Vector> = pinfold::MapSpec::new("vectors", 16);
    /// ```
    const UNIT_SIZE: u32 = {
        assert!(size_of::<K>() > 0, "the key of this kind of map can't be empty");
        assert!(V::UNIT_SIZE > 0, "the value of a map can't be empty");
        assert!(size_of::<K>() <= u32::MAX as usize && V::UNIT_SIZE <= u32::MAX as usize, "larger than any map takes");
        assert!(align_of::<K>() <= 8 && V::ALIGN <= 8, "the kernel aligns keys and values to 8 bytes at most");
        V::UNIT_SIZE as u32
    };

    /// A map of at most `max_entries` entries, pinned as `name`: 1 to 255 bytes, no dot, no slash.
    ///
    /// Name and capacity are checked when a map is created or opened.
    pub const fn new(name: &'static str, max_entries: u32) -> MapSpec<K, V, T> {
        let key_size = size_of::<K>() as u32;
        let mut raw = RawMapSpec::with_sizes(name, Self::MAP_TYPE, key_size, Self::UNIT_SIZE, max_entries);
        if V::IS_SLICE {
            raw.value_size = ValueSize::MultipleOf(Self::UNIT_SIZE);
        }
        raw.flags = T::MANDATORY_FLAGS;
        MapSpec { raw, key_text: None, types: (PhantomData, PhantomData, PhantomData) }
    }

    /// The same under another name.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<Cow<'static, str>>) -> MapSpec<K, V, T> {
        self.raw.name = name.into();
        self
    }

    /// The same with another name inside the kernel, where at most 15 bytes of `[A-Za-z0-9_.]` are kept. Without this
    /// it is made from the name. It is shown by tools and never compared.
    #[must_use]
    pub fn with_kernel_name(mut self, name: impl Into<Cow<'static, str>>) -> MapSpec<K, V, T> {
        self.raw.kernel_name = Some(name.into());
        self
    }

    /// The same with another capacity.
    #[must_use]
    pub const fn with_max_entries(mut self, max_entries: u32) -> MapSpec<K, V, T> {
        self.raw.max_entries = max_entries;
        self
    }

    /// The same with these flags, beside those that the kind needs. In a constant, several are joined by
    /// [`union`](MapFlags::union). Pre-allocation is the kernel's default; [`NO_PREALLOC`](MapFlags::NO_PREALLOC) is for
    /// hashes that stay far from full, and always set for tries.
    ///
    /// [`RDONLY`](MapFlags::RDONLY) and [`WRONLY`](MapFlags::WRONLY) are about the descriptor that is opened or created,
    /// and aren't compared with a pinned map.
    #[must_use]
    pub const fn with_flags(mut self, flags: MapFlags) -> MapSpec<K, V, T> {
        self.raw.flags = T::MANDATORY_FLAGS.union(flags);
        self
    }

    /// The same with its memory on this NUMA node, which is [`MapFlags::NUMA_NODE`].
    #[must_use]
    pub const fn with_numa_node(mut self, node: u32) -> MapSpec<K, V, T> {
        self.raw.flags = self.raw.flags.union(MapFlags::NUMA_NODE);
        self.raw.numa_node = node;
        self
    }

    /// The same with keys that errors print as text. Without this they print as hex.
    #[must_use]
    pub const fn with_displayed_keys(mut self) -> MapSpec<K, V, T>
    where
        K: fmt::Display,
    {
        self.key_text = Some(displayed::<K>);
        self
    }
}

impl<K: Key, E, T: Kind<K>> MapSpec<K, [E], T>
where
    [E]: Value,
{
    /// The same with values of `len` elements. Needed to create a map; a map that is opened may have values of any length
    /// where this isn't said.
    #[doc(alias = "CheckValueSize")]
    #[must_use]
    pub const fn with_value_len(mut self, len: u32) -> MapSpec<K, [E], T> {
        // What is too large for the kernel stays so.
        self.raw.value_size = ValueSize::Exactly(len.saturating_mul(Self::UNIT_SIZE));
        self
    }
}

impl<K, V: ?Sized, T> MapSpec<K, V, T> {
    /// The name under which it is pinned.
    pub const fn name(&self) -> &str {
        self.raw.name()
    }

    /// The kernel's type of map.
    pub const fn map_type(&self) -> MapType {
        self.raw.map_type
    }

    /// How many entries fit in.
    pub const fn max_entries(&self) -> u32 {
        self.raw.max_entries
    }

    /// The creation flags.
    pub const fn flags(&self) -> MapFlags {
        self.raw.flags
    }

    /// The same with sizes instead of types.
    pub const fn raw(&self) -> &RawMapSpec {
        &self.raw
    }

    pub(crate) const fn key_text(&self) -> KeyText {
        self.key_text
    }
}

// Written out, because derived ones would ask the same of K, V and T. How keys print isn't part of what a map is.

impl<K, V: ?Sized, T> Clone for MapSpec<K, V, T> {
    fn clone(&self) -> MapSpec<K, V, T> {
        MapSpec { raw: self.raw.clone(), key_text: self.key_text, types: self.types }
    }
}

impl<K, V: ?Sized, T> PartialEq for MapSpec<K, V, T> {
    fn eq(&self, other: &MapSpec<K, V, T>) -> bool {
        self.raw == other.raw
    }
}

impl<K, V: ?Sized, T> Eq for MapSpec<K, V, T> {}

impl<K, V: ?Sized, T> std::hash::Hash for MapSpec<K, V, T> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.raw.hash(state);
    }
}

impl<K, V: ?Sized, T> fmt::Debug for MapSpec<K, V, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.raw, f)
    }
}
