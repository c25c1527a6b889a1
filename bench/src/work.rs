//! The work that all candidates do: which maps, how many entries, how many operations.

use std::time::{Duration, Instant};

use pinfold::{Array, LpmKey, LpmTrie, LruHash, Map, MapFlags, MapSpec, PerCpu};

use crate::raw::Bare;

/// Operations a candidate does in one round: 1 to 2 ms.
pub const OPERATIONS: usize = 8_000;
/// Entries of each map.
pub const ENTRIES: usize = 1_000;

/// Entries of the large array: far more than a cache holds.
pub const LARGE_ENTRIES: u32 = 1_000_000;

pub type Value = [u64; 2];
pub type Hash = Map<u64, Value>;
pub type PerCpuHash = Map<u64, PerCpu<Value>>;
pub type PerCpuIndexed = Map<u32, PerCpu<Value>, Array>;
pub type Indexed = Map<u32, Value, Array>;
#[cfg(feature = "peers")]
pub type Trie = Map<LpmKey<[u8; 4]>, Value, LpmTrie>;

const CAPACITY: u32 = 2_048;
pub const HASH: MapSpec<u64, Value> = MapSpec::new("bench_hash", CAPACITY);
pub const PER_CPU_HASH: MapSpec<u64, PerCpu<Value>> = MapSpec::new("bench_percpu", CAPACITY);
pub const PER_CPU_ARRAY: MapSpec<u32, PerCpu<Value>, Array> = MapSpec::new("bench_percpu_array", CAPACITY);
pub const LRU_HASH: MapSpec<u64, Value, LruHash> = MapSpec::new("bench_lru", CAPACITY);
pub const ARRAY: MapSpec<u32, Value, Array> = MapSpec::new("bench_array", CAPACITY);
pub const LARGE_ARRAY: MapSpec<u32, Value, Array> =
    MapSpec::new("bench_large", LARGE_ENTRIES).with_flags(MapFlags::MMAPABLE);
pub const TRIE: MapSpec<LpmKey<[u8; 4]>, Value, LpmTrie> = MapSpec::new("bench_lpm", CAPACITY);

/// Calls `operation` with the numbers of the keys in turn, and times it.
pub fn timed(mut operation: impl FnMut(usize)) -> Duration {
    let start = Instant::now();
    for index in 0..OPERATIONS {
        operation(index % ENTRIES);
    }
    start.elapsed()
}

/// All indexes of the large array in an order that looks random, and is the same in every run.
pub fn shuffled() -> Vec<u32> {
    let mut indexes: Vec<u32> = (0..LARGE_ENTRIES).collect();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for last in (1..indexes.len()).rev() {
        // xorshift64.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        indexes.swap(last, (state % (last as u64 + 1)) as usize);
    }
    indexes
}

/// Calls `operation` with other indexes of `order` each round, and times it. `start` says where the first round starts,
/// so that no candidate finds in the cache what another has just read.
pub fn scattered(order: &[u32], start: usize, mut operation: impl FnMut(u32)) -> impl FnMut() -> Duration {
    let mut rounds = order.chunks_exact(OPERATIONS).cycle().skip(start);
    move || {
        let indexes = rounds.next().unwrap_or_default();
        let begin = Instant::now();
        indexes.iter().for_each(|index| operation(*index));
        begin.elapsed()
    }
}

/// Removes all keys and puts them back, again and again; only the removals are timed.
pub fn refilling(hash: &Hash, keys: &[u64], mut remove: impl FnMut(&u64) -> bool) -> Duration {
    (0..OPERATIONS / keys.len())
        .map(|_| {
            keys.iter().for_each(|key| assert!(Bare::of(hash).update(key, &[*key, 1] as *const Value)));
            let start = Instant::now();
            keys.iter().for_each(|key| assert!(remove(key)));
            start.elapsed()
        })
        .sum()
}
