//! Calls by which other libraries have let the kernel reach outside of a buffer, or handed out what wasn't theirs: here
//! each is refused before the kernel is asked, or doesn't compile.

use pinfold::{ErrorKind, Map, MapSpec, MapType, PerCpu, RawMap, RawMapSpec};
use testkit::GuardedBuf;

const PER_CPU: MapSpec<u32, PerCpu<u32>> = MapSpec::new("per_cpu", 4);

fn assert_refused<T: std::fmt::Debug>(outcome: pinfold::Result<T>) {
    let error = outcome.unwrap_err();
    assert_eq!((error.kind(), error.errno()), (ErrorKind::Invalid, None), "{error}");
}

/// Lookup-and-delete on a per-CPU map into a buffer of one CPU's size.
#[test]
fn taking_a_per_cpu_value_into_one_cpus_room() {
    let map = Map::create(&PER_CPU).unwrap();
    map.insert(&1, &PerCpu::from_fn(|_| 7).unwrap()).unwrap();
    for len in [4, 8, map.as_raw().value_len() - 1] {
        assert_refused(map.as_raw().take_into(&1_u32.to_ne_bytes(), &mut GuardedBuf::filled(len, 0)));
    }
    assert!(map.contains(&1).unwrap(), "and it is still there");
}

/// An update of a per-CPU map from one CPU's value: the kernel would read what lies behind it.
#[test]
fn writing_a_per_cpu_value_from_one_cpus_room() {
    let map = Map::create(&PER_CPU).unwrap();
    for len in [4, 8, map.as_raw().value_len() - 1] {
        assert_refused(map.as_raw().insert(&1_u32.to_ne_bytes(), &GuardedBuf::filled(len, 0)));
    }
    assert!(!map.contains(&1).unwrap());
}

/// A Bloom filter asked for a slice that is shorter than its values.
#[test]
fn asking_a_bloom_filter_with_too_little() {
    let bloom = RawMap::create(&RawMapSpec::new("bloom", MapType::BloomFilter, 0, 64, 16)).unwrap();
    for len in [0, 2, 63, 65] {
        assert_refused(bloom.insert(&[], &GuardedBuf::filled(len, 0)));
    }
    let error = bloom.get_into(&[], &mut GuardedBuf::filled(2, 0)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "a lookup would read, whatever its length: {error}");
}

/// The name in what the kernel says of a map is a `String` of its own, and not a slice that outlives it: see the test
/// `name_outlives_info` among those that don't compile.
#[test]
fn a_name_is_owned() {
    let name: String = Map::create(&PER_CPU).unwrap().info().name.clone();
    assert_eq!(name, "per_cpu");
}

/// Sizes that overflow when they are multiplied: a per-CPU value of all CPUs is longer than 32 bits can say.
#[test]
fn sizes_that_overflow() {
    let spec = RawMapSpec::new("wide", MapType::PerCpuHash, 4, u32::MAX, 4);
    assert_eq!(RawMap::create(&spec).unwrap_err().kind(), ErrorKind::Invalid);
}
