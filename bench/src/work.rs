//! The work that all candidates do: which maps, how many entries, how many operations.

use std::time::{Duration, Instant};

use pinfold::{Array, LpmKey, LpmTrie, Map, MapSpec, PerCpu};

use crate::raw::Bare;

/// Operations a candidate does in one round: 1 to 2 ms.
pub const OPERATIONS: usize = 8_000;
/// Entries of each map.
pub const ENTRIES: usize = 1_000;

pub type Value = [u64; 2];
pub type Hash = Map<u64, Value>;
pub type PerCpuHash = Map<u64, PerCpu<Value>>;
pub type Indexed = Map<u32, Value, Array>;
pub type Trie = Map<LpmKey<[u8; 4]>, Value, LpmTrie>;

const CAPACITY: u32 = 2_048;
pub const HASH: MapSpec<u64, Value> = MapSpec::new("bench_hash", CAPACITY);
pub const PER_CPU_HASH: MapSpec<u64, PerCpu<Value>> = MapSpec::new("bench_percpu", CAPACITY);
pub const ARRAY: MapSpec<u32, Value, Array> = MapSpec::new("bench_array", CAPACITY);
pub const TRIE: MapSpec<LpmKey<[u8; 4]>, Value, LpmTrie> = MapSpec::new("bench_lpm", CAPACITY);

/// Calls `operation` with the numbers of the keys in turn, and times it.
pub fn timed(mut operation: impl FnMut(usize)) -> Duration {
    let start = Instant::now();
    for index in 0..OPERATIONS {
        operation(index % ENTRIES);
    }
    start.elapsed()
}

/// Removes all keys and puts them back, again and again; only the removals are timed.
pub fn refilling(hash: &Hash, keys: &[u64], mut remove: impl FnMut(&u64) -> bool) -> Duration {
    (0..OPERATIONS / keys.len())
        .map(|_| {
            keys.iter().for_each(|key| assert!(Bare::of(hash).update(key, &[*key, 1])));
            let start = Instant::now();
            keys.iter().for_each(|key| assert!(remove(key)));
            start.elapsed()
        })
        .sum()
}
