//! What a map shall look like: pure data, written down once, as a constant.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use super::{Hash, Key, Kind, Value};
use crate::bpffs::check_name;
use crate::error::{Error, ErrorKind, Operation, Result, Subject};
use crate::sys::{MapFlags, MapType};

/// The description of a map with keys `K`, values `V` and kind `T`: name, sizes, capacity and flags.
///
/// A program declares its maps as constants, and that is the only place where their shape is written down. Creating and
/// opening never change a spec, and it says nothing about what to do when a pinned map differs: that is said by the
/// call that opens.
///
/// ```
/// use pinfold::{Array, LpmKey, LpmTrie, MapSpec, PerCpu};
///
/// /// A hash of 64-bit counters.
/// const SEEN: MapSpec<[u8; 4], u64> = MapSpec::new("seen", 4096);
/// /// The same with a counter per CPU.
/// const SEEN_PER_CPU: MapSpec<[u8; 4], PerCpu<u64>> = MapSpec::new("seen_per_cpu", 4096);
/// /// IPv4 prefixes.
/// const DENY: MapSpec<LpmKey<[u8; 4]>, u32, LpmTrie> = MapSpec::new("deny", 1024);
/// /// Settings.
/// const SETTINGS: MapSpec<u32, u64, Array> = MapSpec::new("settings", 16);
///
/// // A capacity that is known at run time only:
/// let large = SEEN.with_max_entries(100_000);
/// assert_eq!(large.max_entries(), 100_000);
/// ```
pub struct MapSpec<K, V, T = Hash> {
    raw: RawMapSpec,
    types: PhantomData<fn() -> (K, V, T)>,
}

/// The same description with sizes instead of types.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RawMapSpec {
    pub(crate) name: Cow<'static, str>,
    pub(crate) kernel_name: Option<Cow<'static, str>>,
    pub(crate) map_type: MapType,
    pub(crate) key_size: u32,
    pub(crate) value_size: u32,
    pub(crate) max_entries: u32,
    pub(crate) flags: MapFlags,
    /// Counts where the flags have `NUMA_NODE`.
    pub(crate) numa_node: u32,
}

impl<K: Key, V: Value, T: Kind<K>> MapSpec<K, V, T> {
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

    /// Bytes of a value, after a check of all sizes and alignments.
    ///
    /// ```compile_fail,E0080
    /// use pinfold::zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};
    /// #[derive(FromBytes, IntoBytes, Immutable, KnownLayout)]
    /// #[repr(C, align(16))]
    /// struct Vector([u8; 16]);
    /// const SPEC: pinfold::MapSpec<u32, Vector> = pinfold::MapSpec::new("vectors", 16);
    /// ```
    const VALUE_SIZE: u32 = {
        assert!(size_of::<K>() > 0, "the key of this kind of map can't be empty");
        assert!(V::SIZE > 0, "the value of a map can't be empty");
        assert!(size_of::<K>() <= u32::MAX as usize && V::SIZE <= u32::MAX as usize, "larger than any map takes");
        assert!(align_of::<K>() <= 8 && V::ALIGN <= 8, "the kernel aligns keys and values to 8 bytes at most");
        V::SIZE as u32
    };

    /// A map of at most `max_entries` entries, pinned as `name`: 1 to 255 bytes, no dot, no slash.
    ///
    /// Name and capacity are checked when a map is created or opened.
    pub const fn new(name: &'static str, max_entries: u32) -> MapSpec<K, V, T> {
        let raw = RawMapSpec {
            name: Cow::Borrowed(name),
            kernel_name: None,
            map_type: Self::MAP_TYPE,
            key_size: size_of::<K>() as u32,
            value_size: Self::VALUE_SIZE,
            max_entries,
            flags: T::MANDATORY_FLAGS,
            numa_node: 0,
        };
        MapSpec { raw, types: PhantomData }
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
    /// [`union`](MapFlags::union).
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
}

impl<K, V, T> MapSpec<K, V, T> {
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
}

impl RawMapSpec {
    /// A map of at most `max_entries` entries, pinned as `name`. Sizes and flags are checked by the kernel.
    pub fn new(
        name: impl Into<Cow<'static, str>>,
        map_type: MapType,
        key_size: u32,
        value_size: u32,
        max_entries: u32,
    ) -> RawMapSpec {
        let flags = MapFlags::empty();
        RawMapSpec {
            name: name.into(),
            kernel_name: None,
            map_type,
            key_size,
            value_size,
            max_entries,
            flags,
            numa_node: 0,
        }
    }

    /// The same with these flags.
    #[must_use]
    pub const fn with_flags(mut self, flags: MapFlags) -> RawMapSpec {
        self.flags = flags;
        self
    }

    /// The name under which it is pinned.
    pub const fn name(&self) -> &str {
        match &self.name {
            Cow::Borrowed(name) => name,
            Cow::Owned(name) => name.as_str(),
        }
    }

    /// The kernel's type of map.
    pub const fn map_type(&self) -> MapType {
        self.map_type
    }

    /// Bytes of a key.
    pub const fn key_size(&self) -> u32 {
        self.key_size
    }

    /// Bytes of a value; of one CPU's value for a per-CPU type.
    pub const fn value_size(&self) -> u32 {
        self.value_size
    }

    /// How many entries fit in.
    pub const fn max_entries(&self) -> u32 {
        self.max_entries
    }

    /// The creation flags.
    pub const fn flags(&self) -> MapFlags {
        self.flags
    }

    /// Refuses what no kernel would take, before it is asked for anything.
    pub(crate) fn check(&self, operation: Operation) -> Result<()> {
        let fault = match check_name(&self.name) {
            Err(cause) => Some((cause, "use 1 to 255 bytes without dots and slashes")),
            Ok(()) if self.max_entries == 0 => Some(("max_entries is 0", "say how many entries shall fit in")),
            Ok(()) => None,
        };
        match fault {
            None => Ok(()),
            Some((cause, remedy)) => Err(Error::new(ErrorKind::Invalid, operation, cause)
                .about(Subject::map(self.name()))
                .with_remedy(remedy)),
        }
    }
}

// Written out, because derived ones would ask the same of K, V and T.

impl<K, V, T> Clone for MapSpec<K, V, T> {
    fn clone(&self) -> MapSpec<K, V, T> {
        MapSpec { raw: self.raw.clone(), types: PhantomData }
    }
}

impl<K, V, T> PartialEq for MapSpec<K, V, T> {
    fn eq(&self, other: &MapSpec<K, V, T>) -> bool {
        self.raw == other.raw
    }
}

impl<K, V, T> Eq for MapSpec<K, V, T> {}

impl<K, V, T> std::hash::Hash for MapSpec<K, V, T> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.raw.hash(state);
    }
}

impl<K, V, T> fmt::Debug for MapSpec<K, V, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.raw, f)
    }
}
