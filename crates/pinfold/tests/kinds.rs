//! The kinds of map that daemons have, each with what is its own.

use pinfold::{
    Array, ErrorKind, LpmKey, LpmTrie, LruHash, Map, MapFlags, MapSpec, MapType, PerCpu, PinDir, RawMap, RawMapSpec,
    host,
};

fn pins() -> PinDir {
    testkit::bpffs().pin_dir()
}

/// All keys, by next-key: single-threaded, so that it is exact.
fn keys(map: &Map<u32, u64, LruHash>) -> Vec<u32> {
    std::iter::successors(map.next_key(None).unwrap(), |key| map.next_key(Some(key)).unwrap()).collect()
}

#[test]
fn an_lru_is_never_full() {
    const SPEC: MapSpec<u32, u64, LruHash> = MapSpec::new("recent", 1024);
    let map = Map::create(&SPEC).unwrap();
    for key in 0..10_000 {
        map.insert(&key, &u64::from(key)).unwrap();
    }
    let kept = keys(&map);
    assert!(kept.len() <= 1024 && kept.len() > 512, "{}", kept.len());
    assert!(kept.contains(&9_999));
    assert_eq!(map.get(&9_999).unwrap(), Some(9_999));
}

/// The kernel rounds the capacity up, so that each CPU gets the same share; the spec agrees all the same.
#[test]
fn an_lru_with_a_list_per_cpu_agrees_with_its_spec() {
    const FLAGS: MapFlags = MapFlags::NO_COMMON_LRU;
    const SPEC: MapSpec<u32, u64, LruHash> = MapSpec::new("recent", 1001).with_flags(FLAGS);
    const PER_CPU: MapSpec<u32, PerCpu<u64>, LruHash> = MapSpec::new("recent_per_cpu", 1001).with_flags(FLAGS);
    let pins = pins();
    let cpus = u32::try_from(host::possible_cpus().unwrap().count()).unwrap();
    for new in [true, false] {
        let map = pins.open_or_create(&SPEC).unwrap();
        assert_eq!((map.is_new(), map.info().max_entries), (new, 1001_u32.next_multiple_of(cpus)));
        let per_cpu = pins.open_or_create(&PER_CPU).unwrap();
        assert_eq!((per_cpu.is_new(), per_cpu.info().map_type), (new, MapType::LruPerCpuHash));
    }
}

#[test]
fn a_per_cpu_lru_and_a_per_cpu_array() {
    const LRU: MapSpec<u32, PerCpu<[u8; 3]>, LruHash> = MapSpec::new("lru", 16);
    const ARRAY: MapSpec<u32, PerCpu<u32>, Array> = MapSpec::new("array", 4);
    let value = PerCpu::from_fn(|cpu| [u8::try_from(cpu).unwrap(); 3]).unwrap();
    let lru = Map::create(&LRU).unwrap();
    assert!(lru.insert_if_absent(&7, &value).unwrap());
    assert_eq!(lru.get(&7).unwrap(), Some(value));

    let array = Map::create(&ARRAY).unwrap();
    assert_eq!(array.get(&3).unwrap().unwrap().view().sum::<u32>(), 0);
    array.insert(&3, &PerCpu::from_fn(|cpu| 10 + u32::try_from(cpu).unwrap()).unwrap()).unwrap();
    let mut buf = array.buf();
    let view = array.get_into(&3, &mut buf).unwrap().unwrap();
    assert!(view.iter().copied().eq((10..).take(view.count())));
    assert!(array.get_into(&4, &mut buf).unwrap().is_none());
}

#[test]
fn values_sized_at_run_time() {
    const SPEC: MapSpec<u32, [u32]> = MapSpec::new("backends", 8);
    let pins = pins();
    let unsaid = pins.open_or_create(&SPEC).unwrap_err();
    assert_eq!((unsaid.kind(), unsaid.cause()), (ErrorKind::Invalid, "the length of its values isn't said"));

    let map = pins.open_or_create(&SPEC.with_value_len(3)).unwrap();
    map.insert(&1, &[10, 20, 30]).unwrap();
    let short = map.insert(&1, &[10, 20]).unwrap_err();
    assert_eq!(short.cause(), "the value has 8 bytes, and this map's has 12");

    // Whoever doesn't care about the length takes what is there.
    let found = pins.open(&SPEC).unwrap();
    assert_eq!(found.get(&1).unwrap().as_deref(), Some([10, 20, 30].as_slice()));
    let mut buf = found.buf();
    assert_eq!(found.get_into(&1, &mut buf).unwrap(), Some([10, 20, 30].as_slice()));
    assert!(found.contains(&1).unwrap() && !found.contains(&2).unwrap());
    assert_eq!(found.take(&1).unwrap().unwrap().value, [10, 20, 30]);

    let other = pins.open(&SPEC.with_value_len(4)).unwrap_err();
    assert_eq!(other.mismatches()[0].to_string(), "value_size is 12, wanted 16");
    let wide: MapSpec<u32, [u64]> = MapSpec::new("backends", 8);
    let odd = pins.open(&wide).unwrap_err();
    assert_eq!(odd.mismatches()[0].to_string(), "value_size is 12, wanted a multiple of 8");
    let huge = pins.open_or_create(&SPEC.with_name("huge").with_value_len(u32::MAX)).unwrap_err();
    assert_eq!(huge.kind(), ErrorKind::Invalid, "{huge}");
}

/// Bytes, of which any number is a multiple of one.
#[test]
fn bytes_of_any_length() {
    const BYTES: MapSpec<u32, [u8]> = MapSpec::new("bytes", 8);
    let pins = pins();
    assert_eq!(pins.open_or_create(&BYTES).unwrap_err().cause(), "the length of its values isn't said");
    pins.open_or_create(&BYTES.with_value_len(5)).unwrap().insert(&1, b"abcde").unwrap();
    assert_eq!(pins.open(&BYTES).unwrap().get(&1).unwrap().as_deref(), Some(b"abcde".as_slice()));
    assert_eq!(pins.open_or_create(&BYTES).unwrap().get(&2).unwrap(), None);
    let none = pins.open(&BYTES.with_value_len(0)).unwrap_err();
    assert_eq!(none.mismatches()[0].to_string(), "value_size is 5, wanted 0");
}

/// The kernel changes what it is asked for in its own way for some types: each is found to be what it was created as.
#[test]
fn every_type_agrees_with_its_own_spec() {
    use MapType::{
        CpuMap, DevMap, DevMapHash, PerfEventArray, ProgArray, Queue, SockHash, SockMap, Stack, StackTrace, XskMap,
    };
    let pins = pins();
    for (map_type, key_size, value_size) in [
        (DevMap, 4, 4),
        (DevMapHash, 4, 4),
        (CpuMap, 4, 4),
        (XskMap, 4, 4),
        (SockMap, 4, 8),
        (SockHash, 4, 8),
        (ProgArray, 4, 4),
        (PerfEventArray, 4, 4),
        (StackTrace, 4, 8),
        (Queue, 0, 4),
        (Stack, 0, 4),
    ] {
        let spec = RawMapSpec::new(map_type.name(), map_type, key_size, value_size, 1);
        for new in [true, false] {
            assert_eq!(pins.open_or_create_raw(&spec).unwrap().is_new(), new, "{map_type}");
        }
    }
}

#[test]
fn elements_of_odd_sizes() {
    const SPEC: MapSpec<u32, [[u8; 3]]> = MapSpec::new("odd", 8);
    let map = Map::create(&SPEC.with_value_len(5)).unwrap();
    let value = [*b"abc", *b"def", *b"ghi", *b"jkl", *b"mno"];
    map.insert(&1, &value).unwrap();
    assert_eq!(map.get(&1).unwrap().as_deref(), Some(value.as_slice()));
}

#[test]
fn an_extra_is_set_and_compared() {
    let pins = pins();
    let spec = RawMapSpec::new("bloom", MapType::BloomFilter, 0, 4, 16).with_map_extra(3);
    let bloom = pins.open_or_create_raw(&spec).unwrap();
    assert_eq!(bloom.info().map_extra, 3);
    assert!(!pins.open_or_create_raw(&spec).unwrap().is_new());
    let error = pins.open_or_create_raw(&spec.with_map_extra(4)).unwrap_err();
    assert_eq!(error.mismatches()[0].to_string(), "map_extra is 3, wanted 4");
}

#[test]
fn flags_of_creation() {
    let array: MapSpec<u32, u64, Array> =
        MapSpec::new("array", 4).with_flags(MapFlags::MMAPABLE | MapFlags::WRONLY_PROG);
    assert_eq!(Map::create(&array).unwrap().info().flags, MapFlags::MMAPABLE | MapFlags::WRONLY_PROG);
    let trie: MapSpec<LpmKey<[u8; 4]>, u32, LpmTrie> = MapSpec::new("trie", 4).with_flags(MapFlags::RDONLY_PROG);
    assert_eq!(Map::create(&trie).unwrap().info().flags, MapFlags::NO_PREALLOC | MapFlags::RDONLY_PROG);
    // A fixed order, for tests: two such maps of the same keys are walked alike.
    let seeded: MapSpec<u32, u64> = MapSpec::new("seeded", 64).with_flags(MapFlags::ZERO_SEED);
    let order = || {
        let map = Map::create(&seeded).unwrap();
        (0..50).for_each(|key| map.insert(&key, &0).unwrap());
        std::iter::successors(map.next_key(None).unwrap(), |key| map.next_key(Some(key)).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(order(), order());
}

#[test]
fn a_queue_by_its_bytes() {
    let queue = RawMap::create(&RawMapSpec::new("queue", MapType::Queue, 0, 5, 2)).unwrap();
    queue.insert(&[], b"first").unwrap();
    queue.insert(&[], b"other").unwrap();
    assert_eq!(queue.insert(&[], b"third").unwrap_err().kind(), ErrorKind::Full);
    let mut value = [0; 5];
    assert!(queue.take_into(&[], &mut value).unwrap() && value == *b"first");
    assert!(queue.get_into(&[], &mut value).unwrap() && value == *b"other");
    assert_eq!(queue.next_key(None, &mut []).unwrap_err().kind(), ErrorKind::Unsupported);
}
