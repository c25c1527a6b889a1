//! Random sequences of operations on the kernel's own maps, beside models of a few lines that can't be wrong.
//!
//! Written from the public documentation alone: whoever knows how a call is made tests what it does, and overlooks what
//! it was never meant to do. The key spaces are tiny, so that most operations meet an entry, a full map or both.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::iter::Sum;
use std::ops::Range;
use std::sync::Barrier;

use pinfold::Operation::{self, Get, Insert, InsertIfAbsent, NextKey, Remove, ReplaceIfPresent};
use pinfold::host::possible_cpus;
use pinfold::{
    Array, Error, ErrorKind, Key, Keyed, Kind, LpmKey, LpmTrie, Map, MapFlags, MapSpec, MapType, PerCpu, RawMap,
    RawMapSpec, Value,
};
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;
use testkit::GuardedBuf;

const CALLS: &[Operation] = &[Get, Insert, InsertIfAbsent, ReplaceIfPresent, Remove, NextKey];

fn calls<K: Debug>(of: &'static [Operation], key: impl Strategy<Value = K>) -> impl Strategy<Value = Calls<K>> {
    vec((select(of), key, any::<u32>()), 0..100)
}

type Calls<K> = Vec<(Operation, K, u32)>;

/// How a kind of map finds the value of a key.
type Lookup<K> = fn(&BTreeMap<K, u32>, K) -> Option<u32>;

/// Does the same to the map and to a model, and compares all answers. Returns the model.
fn run<K: Key + Ord + Copy + Debug, T: Kind<K> + Keyed>(
    map: &Map<K, u32, T>,
    lookup: Lookup<K>,
    calls: &Calls<K>,
) -> Result<BTreeMap<K, u32>, TestCaseError> {
    let (mut model, mut buf) = (BTreeMap::new(), map.buf());
    for &(call, key, value) in calls {
        let present = model.contains_key(&key);
        let room = present || model.len() < map.info().max_entries as usize;
        match call {
            Get => {
                let expected = lookup(&model, key);
                prop_assert_eq!(map.get(&key)?, expected);
                prop_assert_eq!(map.get_into(&key, &mut buf)?.copied(), expected);
            }
            Insert => {
                let inserted = map.insert(&key, &value).map_err(kind);
                prop_assert_eq!(inserted, room.then(|| _ = model.insert(key, value)).ok_or(ErrorKind::Full));
            }
            InsertIfAbsent => {
                let inserted = map.insert_if_absent(&key, &value).map_err(kind);
                prop_assert_eq!(inserted, room.then_some(!present).ok_or(ErrorKind::Full));
                inserted.is_ok().then(|| model.entry(key).or_insert(value));
            }
            ReplaceIfPresent => {
                prop_assert_eq!(map.replace_if_present(&key, &value)?, present);
                model.entry(key).and_modify(|old| *old = value);
            }
            Remove => prop_assert_eq!(map.remove(&key)?, model.remove(&key).is_some()),
            NextKey => prop_assert_eq!(contents(map)?, model.clone().into_iter().collect::<Vec<_>>()),
            other => unreachable!("{other}: not among the calls"),
        }
    }
    Ok(model)
}

/// A list rather than a map, so that a key which comes twice shows.
fn contents<K: Key + Ord, V: Value<Owned = V> + Ord, T: Kind<K>>(map: &Map<K, V, T>) -> pinfold::Result<Vec<(K, V)>> {
    let mut entries = Vec::new();
    while let Some(key) = map.next_key(entries.last().map(|(key, _)| key))? {
        let value = map.get(&key)?.expect("a key of the walk is there");
        entries.push((key, value));
        assert!(entries.len() <= map.info().max_entries as usize, "the walk goes in circles");
    }
    entries.sort();
    Ok(entries)
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn kind(error: Error) -> ErrorKind {
    error.kind()
}

fn exact<K: Ord + Copy>(model: &BTreeMap<K, u32>, key: K) -> Option<u32> {
    model.get(&key).copied()
}

/// The definition of a longest prefix match, word for word.
fn longest_prefix(model: &BTreeMap<LpmKey<[u8; 4]>, u32>, key: LpmKey<[u8; 4]>) -> Option<u32> {
    let covers = |prefix: &LpmKey<_>| {
        prefix.prefix_len() <= key.prefix_len() && masked(*key.address(), prefix.prefix_len()) == *prefix.address()
    };
    let covering = model.iter().filter(|(prefix, _)| covers(prefix));
    covering.max_by_key(|(prefix, _)| prefix.prefix_len()).map(|(_, value)| *value)
}

fn masked(address: [u8; 4], prefix_len: u32) -> [u8; 4] {
    let mask = u32::MAX.checked_shl(32 - prefix_len).unwrap_or(0);
    (u32::from_be_bytes(address) & mask).to_be_bytes()
}

fn hash_key(numbers: Range<u8>) -> impl Strategy<Value = [u8; 3]> {
    numbers.prop_map(|number| [number, 0, !number])
}

/// Few addresses, which differ at both ends, and often the lengths at which something changes.
fn address_and_prefix_len() -> impl Strategy<Value = ([u8; 4], u32)> {
    let address = any::<(u8, u8)>().prop_map(|(first, last)| [first & 0x81, 10, 0, last & 0x81]);
    (address, prop_oneof![3 => select(&[0, 1, 7, 8, 9, 24, 31, 32][..]), 1 => 0..=32_u32])
}

fn lpm_key() -> impl Strategy<Value = LpmKey<[u8; 4]>> {
    address_and_prefix_len().prop_map(|(address, prefix_len)| LpmKey::new(address, prefix_len).expect("at most 32"))
}

type Odd = [u8; 5];

/// What `sum` can add odd values up to.
#[derive(Debug, PartialEq)]
struct Total(u64);

impl<'a> Sum<&'a Odd> for Total {
    fn sum<I: Iterator<Item = &'a Odd>>(values: I) -> Total {
        Total(values.flatten().copied().map(u64::from).sum())
    }
}

/// What to insert, or `None` to remove.
fn of_all_cpus() -> impl Strategy<Value = Option<Vec<Odd>>> {
    weighted(0.8, vec(any::<Odd>(), possible_cpus().expect("sysfs").count()))
}

/// Hashes with keys and values of 1 to 40 bytes.
fn raw_spec() -> impl Strategy<Value = RawMapSpec> {
    let sizes = (1..=40_u32, 1..=40_u32);
    sizes.prop_map(|(key_size, value_size)| RawMapSpec::new("raw", MapType::Hash, key_size, value_size, 2))
}

/// Tries of some kernels can't do conditional writes, which are then refused.
fn trie_calls() -> &'static [Operation] {
    let map = Map::create(&MapSpec::<LpmKey<[u8; 4]>, u32, LpmTrie>::new("trie", 1)).expect("a trie");
    match map.insert_if_absent(&LpmKey::host([0; 4]), &1).map_err(kind) {
        Err(ErrorKind::Unsupported) => &[Get, Insert, Remove, NextKey],
        _ => CALLS,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn a_hash_answers_like_a_btree_map(
        max_entries in 1..5_u32,
        preallocated: bool,
        calls in calls(CALLS, hash_key(0..6)),
    ) {
        let flags = if preallocated { MapFlags::empty() } else { MapFlags::NO_PREALLOC };
        let map = Map::create(&MapSpec::<[u8; 3], u32>::new("hash", max_entries).with_flags(flags))?;
        let model = run(&map, exact, &calls)?;
        prop_assert_eq!(contents(&map)?, model.into_iter().collect::<Vec<_>>());
        prop_assert_eq!(map.next_key(Some(&[9; 3]))?, map.next_key(None)?, "starts over after a key that isn't there");
    }

    #[test]
    fn an_lpm_trie_finds_the_longest_prefix(max_entries in 1..20_u32, calls in calls(trie_calls(), lpm_key())) {
        let map = Map::create(&MapSpec::<LpmKey<[u8; 4]>, u32, LpmTrie>::new("trie", max_entries))?;
        let model = run(&map, longest_prefix, &calls)?;
        for (_, key, _) in calls {
            let host = LpmKey::host(*key.address());
            prop_assert_eq!(map.get(&key)?, longest_prefix(&model, key));
            prop_assert_eq!(map.get(&host)?, longest_prefix(&model, host));
        }
        prop_assert_eq!(contents(&map)?.len(), model.len());
    }

    #[test]
    fn prefixes_are_equal_exactly_if_their_leading_bits_are(
        (left, left_len) in address_and_prefix_len(),
        (right, right_len) in address_and_prefix_len(),
    ) {
        let (left_key, right_key) = (LpmKey::new(left, left_len)?, LpmKey::new(right, right_len)?);
        prop_assert_eq!((*left_key.address(), left_key.prefix_len()), (masked(left, left_len), left_len));
        let same = (masked(left, left_len), left_len) == (masked(right, right_len), right_len);
        prop_assert_eq!((left_key == right_key, left_key.cmp(&right_key).is_eq()), (same, same));
        prop_assert_eq!(LpmKey::new(left, 33 + right_len).map_err(kind), Err(ErrorKind::Invalid));
    }

    #[test]
    fn an_array_has_its_indexes_and_no_others(
        max_entries in 1..10_u32,
        calls in vec((prop_oneof![9 => 0..12_u32, 1 => Just(u32::MAX)], any::<Option<u64>>()), 0..60),
    ) {
        let map = Map::create(&MapSpec::<u32, u64, Array>::new("array", max_entries))?;
        let mut model = vec![0; max_entries as usize];
        for (index, insert) in calls {
            let slot = model.get_mut(index as usize);
            if let Some(value) = insert {
                let expected = slot.map(|slot| *slot = value).ok_or(ErrorKind::Invalid);
                prop_assert_eq!(map.insert(&index, &value).map_err(kind), expected);
            } else {
                prop_assert_eq!(map.get(&index)?, slot.copied());
            }
        }
        prop_assert_eq!(contents(&map)?, (0..).zip(model).collect::<Vec<_>>());
    }

    #[test]
    fn each_cpu_keeps_its_own_value(calls in vec((0..4_u16, of_all_cpus()), 0..40)) {
        let map = Map::create(&MapSpec::<u16, PerCpu<Odd>>::new("per_cpu", 4))?;
        let mut model = BTreeMap::new();
        let mut buf = map.buf();
        for (key, insert) in calls {
            if let Some(values) = insert {
                map.insert(&key, &PerCpu::from_fn(|cpu| values[cpu])?)?;
                model.insert(key, values);
            } else {
                prop_assert_eq!(map.remove(&key)?, model.remove(&key).is_some());
            }
            for key in 0..4 {
                let (owned, view) = (map.get(&key)?, map.get_into(&key, &mut buf)?);
                let owned: Option<Vec<_>> = owned.map(|values| values.iter().copied().collect());
                prop_assert_eq!(owned.as_ref(), model.get(&key));
                prop_assert_eq!(view.is_some(), owned.is_some());
                let Some((view, values)) = view.zip(owned) else { continue };
                prop_assert_eq!(&view.iter().copied().collect::<Vec<_>>(), &values);
                prop_assert_eq!(view.count(), values.len());
                prop_assert_eq!(view.sum::<Total>(), values.iter().sum());
                prop_assert_eq!(view.fold(0, |nth, value| nth + usize::from(*value == values[nth])), values.len());
            }
        }
    }

    #[test]
    fn a_slice_of_a_wrong_length_is_refused_and_changes_nothing(
        spec in raw_spec(),
        (wrong_key_len, wrong_value_len) in (0..=80_usize, 0..=80_usize),
    ) {
        let map = RawMap::create(&spec)?;
        let (key_len, value_len) = (map.key_len(), map.value_len());
        prop_assume!(wrong_key_len != key_len && wrong_value_len != value_len);
        // A page that nobody may touch follows each, so that a length which the kernel doesn't share shows.
        let (key, wrong_key) = (GuardedBuf::filled(key_len, 1), GuardedBuf::filled(wrong_key_len, 1));
        let (value, wrong_value) = (GuardedBuf::filled(value_len, 2), GuardedBuf::filled(wrong_value_len, 3));
        let [mut next, mut wrong_next, mut room, mut wrong_room] =
            [key_len, wrong_key_len, value_len, wrong_value_len].map(|len| GuardedBuf::filled(len, 4));
        map.insert(&key, &value)?;

        let refused = [
            map.get(&wrong_key).err(),
            map.get_into(&wrong_key, &mut room).err(),
            map.get_into(&key, &mut wrong_room).err(),
            map.insert(&wrong_key, &value).err(),
            map.insert(&key, &wrong_value).err(),
            map.insert_if_absent(&wrong_key, &value).err(),
            map.insert_if_absent(&key, &wrong_value).err(),
            map.replace_if_present(&wrong_key, &value).err(),
            map.replace_if_present(&key, &wrong_value).err(),
            map.remove(&wrong_key).err(),
            map.next_key(Some(&wrong_key), &mut next).err(),
            map.next_key(Some(&key), &mut wrong_next).err(),
            map.next_key(None, &mut wrong_next).err(),
        ];
        for (call, error) in refused.iter().enumerate() {
            let error = error.as_ref().ok_or_else(|| TestCaseError::fail(format!("call {call} succeeded")))?;
            // Without a number the kernel wasn't even asked.
            prop_assert_eq!((error.kind(), error.errno()), (ErrorKind::Invalid, None), "call {}: {}", call, error);
        }

        prop_assert!([&next, &wrong_next, &room, &wrong_room].iter().all(|buf| buf.iter().all(|byte| *byte == 4)));
        prop_assert!(map.get_into(&key, &mut room)? && *room == *value);
        prop_assert!(map.next_key(None, &mut next)? && *next == *key);
        prop_assert!(!map.next_key(Some(&key), &mut next)?, "there is one entry");
    }

    #[test]
    fn threads_with_keys_of_their_own_do_not_disturb_each_other(
        // No walks, which are exact only while nobody else writes.
        low in calls(&CALLS[..5], hash_key(0..6)),
        high in calls(&CALLS[..5], hash_key(6..12)),
    ) {
        // Room to spare: what a nearly full map does while entries come and go is the kernel's affair.
        let map = Map::create(&MapSpec::<[u8; 3], u32>::new("shared", 64))?;
        let start = Barrier::new(2);
        let together = |map: Map<_, _>, calls| {
            start.wait();
            run(&map, exact, calls)
        };
        let (low, high) = std::thread::scope(|scope| {
            let other = scope.spawn(|| together(map.clone(), &high));
            (together(map.clone(), &low), other.join().expect("the other thread"))
        });
        prop_assert_eq!(contents(&map)?, low?.into_iter().chain(high?).collect::<Vec<_>>());
    }
}
