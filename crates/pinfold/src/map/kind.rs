//! The kinds of map that [`Map`](super::Map) serves: the bytes written are the bytes read.

use super::{Address, Key, LpmKey};
use crate::sys::{MapFlags, MapType};

/// A hash table, with values per CPU where the value is a [`PerCpu`](super::PerCpu).
#[doc(alias("BPF_MAP_TYPE_HASH", "BPF_MAP_TYPE_PERCPU_HASH", "PerCpuHash"))]
#[derive(Clone, Copy, Debug)]
pub enum Hash {}

/// A hash table that makes room for new entries by dropping those that programs used least recently; with values per CPU
/// where the value is a [`PerCpu`](super::PerCpu).
///
/// The kernel drops entries in groups, up to 128 at a time, and an update takes a free entry first even where the key
/// is there: **writing an existing key of a full map drops others** (seen up to Linux 6.18, and no more on 7.3). So read
/// and compare before writing what may be there already. With [`NO_COMMON_LRU`](MapFlags::NO_COMMON_LRU) each CPU has its share of the entries for itself.
#[doc(alias("BPF_MAP_TYPE_LRU_HASH", "BPF_MAP_TYPE_LRU_PERCPU_HASH", "LruPerCpuHash"))]
#[derive(Clone, Copy, Debug)]
pub enum LruHash {}

/// An array: every index below `max_entries` is there from the start, and stays.
#[doc(alias("BPF_MAP_TYPE_ARRAY"))]
#[derive(Clone, Copy, Debug)]
pub enum Array {}

/// A trie of prefixes: [`get`](super::Map::get) finds the longest one that covers a key.
#[doc(alias("BPF_MAP_TYPE_LPM_TRIE", "longest prefix match"))]
#[derive(Clone, Copy, Debug)]
pub enum LpmTrie {}

/// Sealed for pairs of kind and key, so that no other crate can add a pair with a key of its own.
mod sealed {
    use super::{Address, Array, Hash, Key, LpmKey, LpmTrie, LruHash};

    pub trait Pair<K> {}
    impl<K: Key> Pair<K> for Hash {}
    impl<K: Key> Pair<K> for LruHash {}
    impl Pair<u32> for Array {}
    impl<A: Address> Pair<LpmKey<A>> for LpmTrie {}

    pub trait Sealed {}
    impl Sealed for Array {}
    impl Sealed for Hash {}
    impl Sealed for LruHash {}
    impl Sealed for LpmTrie {}
}

/// A kind of map that can have keys of type `K`. [`Hash`](enum@Hash) and [`LruHash`] take any [`Key`], [`Array`] only `u32`, [`LpmTrie`] only
/// [`LpmKey`].
#[diagnostic::on_unimplemented(
    message = "a map of kind `{Self}` can't have keys of type `{K}`",
    note = "`Hash` and `LruHash` take any `Key`, `Array` an index of type `u32`, `LpmTrie` an `LpmKey<_>`"
)]
pub trait Kind<K>: sealed::Pair<K> {
    /// The kernel's type for plain values.
    #[doc(hidden)]
    const MAP_TYPE: MapType;
    /// The kernel's type for values per CPU, where there is one.
    #[doc(hidden)]
    const PER_CPU_MAP_TYPE: Option<MapType>;
    /// Flags without which the kernel refuses to create such a map.
    #[doc(hidden)]
    const MANDATORY_FLAGS: MapFlags = MapFlags::empty();

    /// The one form of all keys that the map takes for the same.
    #[doc(hidden)]
    fn canonical(key: K) -> K {
        key
    }
}

/// A kind whose entries come and go, unlike those of an array.
#[diagnostic::on_unimplemented(
    message = "the entries of a map of kind `{Self}` can't come and go",
    note = "an array has all its entries from the start: overwrite one with `insert` instead"
)]
pub trait Keyed: sealed::Sealed {}

impl<K: Key> Kind<K> for Hash {
    const MAP_TYPE: MapType = MapType::Hash;
    const PER_CPU_MAP_TYPE: Option<MapType> = Some(MapType::PerCpuHash);
}

impl<K: Key> Kind<K> for LruHash {
    const MAP_TYPE: MapType = MapType::LruHash;
    const PER_CPU_MAP_TYPE: Option<MapType> = Some(MapType::LruPerCpuHash);
}

impl Kind<u32> for Array {
    const MAP_TYPE: MapType = MapType::Array;
    const PER_CPU_MAP_TYPE: Option<MapType> = Some(MapType::PerCpuArray);
}

impl<A: Address> Kind<LpmKey<A>> for LpmTrie {
    const MAP_TYPE: MapType = {
        assert!(LpmKey::<A>::BITS > 0);
        MapType::LpmTrie
    };
    const PER_CPU_MAP_TYPE: Option<MapType> = None;
    const MANDATORY_FLAGS: MapFlags = MapFlags::NO_PREALLOC;

    fn canonical(key: LpmKey<A>) -> LpmKey<A> {
        key.canonical()
    }
}

/// A kind that finds the very key it is asked for, unlike a trie, which finds the longest prefix that covers it.
#[diagnostic::on_unimplemented(
    message = "a map of kind `{Self}` doesn't look up the very key it is given",
    note = "a trie finds the longest prefix that covers a key, so that this would be about another entry; see `get_exact`"
)]
pub trait Exact: sealed::Sealed {}

impl Keyed for Hash {}
impl Keyed for LruHash {}
impl Keyed for LpmTrie {}

impl Exact for Hash {}
impl Exact for LruHash {}
impl Exact for Array {}
