//! No call lets the kernel touch memory outside a buffer: all buffers here end at a page that nobody may touch.

use pinfold::{Array, ErrorKind, Hash, Map, MapSpec, MapType, PerCpu, RawMap, RawMapSpec, Value, WritableValue, host};
use testkit::GuardedBuf;

fn guarded(bytes: &[u8]) -> GuardedBuf {
    let mut buf = GuardedBuf::filled(bytes.len(), 0);
    buf.copy_from_slice(bytes);
    buf
}

/// Every operation of a hash with keys and values that end at a guard page, then with every length that is one off.
fn all_operations_at_the_edge(map: &RawMap) {
    let key = GuardedBuf::filled(map.key_len(), 1);
    let value = GuardedBuf::filled(map.value_len(), 2);
    let mut read = GuardedBuf::filled(map.value_len(), 0);
    let mut next = GuardedBuf::filled(map.key_len(), 0);

    map.insert(&key, &value).unwrap();
    assert!(map.get_into(&key, &mut read).unwrap());
    assert!(map.next_key(None, &mut next).unwrap());
    assert_eq!(next[..], key[..]);
    assert!(!map.next_key(Some(&key), &mut next).unwrap());
    assert!(!map.insert_if_absent(&key, &value).unwrap());
    assert!(map.replace_if_present(&key, &value).unwrap());

    let refused = |outcome: pinfold::Result<bool>| {
        let error = outcome.expect_err("a wrong length");
        assert_eq!((error.kind(), error.errno()), (ErrorKind::Invalid, None), "{error}");
    };
    for len in [map.key_len().wrapping_sub(1), map.key_len() + 1, 0].into_iter().filter(|len| *len < 1 << 20) {
        let key = GuardedBuf::filled(len, 1);
        let mut next = GuardedBuf::filled(len, 0);
        refused(map.get_into(&key, &mut read));
        refused(map.insert(&key, &value).map(|()| true));
        refused(map.insert_if_absent(&key, &value));
        refused(map.replace_if_present(&key, &value));
        refused(map.remove(&key));
        refused(map.next_key(Some(&key), &mut GuardedBuf::filled(map.key_len(), 0)));
        refused(map.next_key(None, &mut next));
    }
    for len in [map.value_len() - 1, map.value_len() + 1, 0] {
        let mut value = GuardedBuf::filled(len, 9);
        refused(map.get_into(&key, &mut value));
        refused(map.insert(&key, &value).map(|()| true));
        refused(map.insert_if_absent(&key, &value));
        refused(map.replace_if_present(&key, &value));
    }
    assert!(map.remove(&key).unwrap());
    take_at_the_edge(map, &key, &value);
}

/// Where this kernel can take from such a map at all.
fn take_at_the_edge(map: &RawMap, key: &[u8], value: &[u8]) {
    map.insert(key, value).unwrap();
    // As the kernel gives it: newer ones don't keep what was written between the values of two CPUs.
    let mut read = GuardedBuf::filled(map.value_len(), 0);
    assert!(map.get_into(key, &mut read).unwrap());
    let mut taken = GuardedBuf::filled(map.value_len(), 0);
    match map.take_into(key, &mut taken) {
        Ok(found) => assert!(found && taken[..] == read[..]),
        Err(error) => assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}"),
    }
    for len in [map.value_len() - 1, map.value_len() + 1, 0] {
        let error = map.take_into(key, &mut GuardedBuf::filled(len, 0)).unwrap_err();
        assert_eq!((error.kind(), error.errno()), (ErrorKind::Invalid, None), "{error}");
    }
}

fn hash_of<K: pinfold::Key, V: Value>() -> RawMap {
    let spec: MapSpec<K, V, Hash> = MapSpec::new("edge", 4);
    Map::create(&spec).unwrap().as_raw().clone()
}

#[test]
fn plain_values_of_odd_sizes() {
    all_operations_at_the_edge(&hash_of::<[u8; 1], [u8; 1]>());
    all_operations_at_the_edge(&hash_of::<[u8; 3], [u8; 3]>());
    all_operations_at_the_edge(&hash_of::<[u8; 4], [u8; 7]>());
    all_operations_at_the_edge(&hash_of::<[u8; 8], [u8; 8]>());
    all_operations_at_the_edge(&hash_of::<[u8; 9], [u8; 9]>());
    all_operations_at_the_edge(&hash_of::<[u8; 40], [u8; 4096]>());
}

#[test]
fn per_cpu_values_of_odd_sizes() {
    all_operations_at_the_edge(&hash_of::<[u8; 1], PerCpu<[u8; 1]>>());
    all_operations_at_the_edge(&hash_of::<[u8; 3], PerCpu<[u8; 7]>>());
    all_operations_at_the_edge(&hash_of::<[u8; 8], PerCpu<[u8; 8]>>());
    all_operations_at_the_edge(&hash_of::<[u8; 9], PerCpu<[u8; 9]>>());
    all_operations_at_the_edge(&hash_of::<[u8; 4], PerCpu<[u8; 4096]>>());
}

/// The length of a per-CPU value that this crate works out is the one that the kernel uses: a buffer of that length is
/// filled to its last byte, though the kernel is never told a length.
#[test]
fn the_kernel_fills_a_per_cpu_value_to_the_last_byte() {
    let spec: MapSpec<u32, PerCpu<[u8; 8]>> = MapSpec::new("whole", 1);
    let map = Map::create(&spec).unwrap();
    let cpus = host::possible_cpus().unwrap().count();
    assert_eq!(map.as_raw().value_len(), cpus * 8);
    let value = PerCpu::from_fn(|_| [0x5a; 8]).unwrap();
    assert_eq!(value.bytes().len(), cpus * 8);
    map.insert(&1, &value).unwrap();
    let mut read = GuardedBuf::filled(map.as_raw().value_len(), 0);
    assert!(map.as_raw().get_into(&1_u32.to_ne_bytes(), &mut read).unwrap());
    assert!(read.iter().all(|byte| *byte == 0x5a));
}

#[test]
fn typed_values_at_the_edge() {
    let spec: MapSpec<[u8; 5], [u8; 3]> = MapSpec::new("typed", 4);
    let map = Map::create(&spec).unwrap();
    let key = guarded(b"abcde");
    let value = guarded(b"xyz");
    let key: &[u8; 5] = key[..].try_into().unwrap();
    let value: &[u8; 3] = value[..].try_into().unwrap();
    map.insert(key, value).unwrap();
    assert_eq!(map.get(key).unwrap(), Some(*value));
    assert_eq!(map.next_key(None).unwrap().as_ref(), Some(key));
}

/// A lookup in a Bloom filter reads the value that it is given: taken for one that was found, it would be whatever lay
/// there before.
#[test]
fn a_bloom_filter_is_not_read() {
    let map = RawMap::create(&RawMapSpec::new("bloom", MapType::BloomFilter, 0, 4, 16)).unwrap();
    map.insert(&[], b"here").unwrap();
    for value in [b"here", b"none"] {
        let error = map.get_into(&[], &mut value.to_owned()).unwrap_err();
        assert_eq!((error.kind(), error.cause()), (ErrorKind::Unsupported, "maps of type bloom_filter can't do that"));
    }
}

/// Types without keys, and lookups that the kernel refuses: nothing is written, and the error says so.
#[test]
fn other_types_at_the_edge() {
    for (map_type, key_size, value_size) in
        [(MapType::Queue, 0, 5), (MapType::Stack, 0, 5), (MapType::SockMap, 4, 4), (MapType::ProgArray, 4, 4)]
    {
        let map = RawMap::create(&RawMapSpec::new("other", map_type, key_size, value_size, 4)).unwrap();
        let key = GuardedBuf::filled(map.key_len(), 0);
        let mut value = GuardedBuf::filled(map.value_len(), 7);
        match map.get_into(&key, &mut value) {
            Ok(found) => assert!(!found, "{map_type}"),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Unsupported, "{map_type}: {error}"),
        }
        assert!(value.iter().all(|byte| *byte == 7), "{map_type}");
    }
}

/// A buffer made for a map of one size is refused by a map of another, as everything is that comes from elsewhere.
#[test]
fn a_buffer_of_another_map_is_measured() {
    let small: MapSpec<u32, u64, Array> = MapSpec::new("small", 1);
    let map = Map::create(&small).unwrap();
    let raw = map.as_raw();
    for len in [0, 1, 7, 9, 4096] {
        let error = raw.get_into(&[0; 4], &mut GuardedBuf::filled(len, 0)).unwrap_err();
        assert!(error.cause().contains(&format!("has {len} bytes")), "{error}");
    }
}
