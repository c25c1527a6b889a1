//! Operations beyond reading and writing: what they promise when others interfere, too.

use pinfold::{Array, ErrorKind, LpmKey, LpmTrie, LruHash, Map, MapSpec, Operation, PerCpu};

const SPEC: MapSpec<u32, u64> = MapSpec::new("map", 64);

#[test]
fn what_is_taken_is_gone() {
    let map = Map::create(&SPEC).unwrap();
    map.insert(&1, &11).unwrap();
    assert_eq!(map.take(&1).unwrap().unwrap().value, 11);
    assert_eq!(map.take(&1).unwrap(), None);
    assert!(!map.contains(&1).unwrap());

    let per_cpu: MapSpec<u32, PerCpu<[u8; 3]>> = MapSpec::new("per_cpu", 64);
    let map = Map::create(&per_cpu).unwrap();
    let value = PerCpu::from_fn(|_| *b"abc").unwrap();
    map.insert(&1, &value).unwrap();
    assert_eq!(map.take(&1).unwrap().unwrap().value, value);
    assert!(map.take(&1).unwrap().is_none());
}

/// Every value that was put in comes out exactly once, whoever takes it, where the kernel can take at all.
#[test]
fn two_never_take_the_same() {
    const ROUNDS: u64 = 20_000;
    let map = Map::create(&SPEC).unwrap();
    map.insert(&0, &0).unwrap();
    if !map.take(&0).unwrap().unwrap().atomic {
        println!("SKIPPED: this kernel can't take from a hash in one step, and two steps don't promise this");
        return;
    }
    let taken = std::thread::scope(|scope| {
        let taker = || {
            let mut sum = 0;
            loop {
                for key in 0..4 {
                    match map.take(&key).unwrap() {
                        Some(taken) if taken.value == u64::MAX => return sum,
                        Some(taken) => sum += taken.value,
                        None => {}
                    }
                }
            }
        };
        let takers = [scope.spawn(taker), scope.spawn(taker)];
        for value in 1..=ROUNDS {
            while !map.insert_if_absent(&u32::try_from(value % 4).unwrap(), &value).unwrap() {}
        }
        // The last values out before the word to stop.
        while map.next_key(None).unwrap().is_some() {}
        takers
            .map(|taker| {
                while !map.insert_if_absent(&0, &u64::MAX).unwrap() {}
                taker
            })
            .map(|taker| taker.join().unwrap())
    });
    assert_eq!(taken.into_iter().sum::<u64>(), ROUNDS * (ROUNDS + 1) / 2);
}

#[test]
fn a_value_is_changed_or_made() {
    let map = Map::create(&SPEC).unwrap();
    for _ in 0..3 {
        map.update_with(&1, |old| old.map_or(100, |old| old + 1)).unwrap();
    }
    assert_eq!(map.get(&1).unwrap(), Some(102));

    let array: MapSpec<u32, u64, Array> = MapSpec::new("array", 2);
    let array = Map::create(&array).unwrap();
    array.update_with(&1, |old| old.unwrap() + 5).unwrap();
    assert_eq!(array.get(&1).unwrap(), Some(5));
    assert_eq!(array.update_with(&2, |_| 1).unwrap_err().kind(), ErrorKind::Invalid);
}

/// A full LRU map drops entries to make room for the new value of one that it has, perhaps that very one.
#[test]
fn a_counter_in_a_full_lru_map_never_starts_over() {
    let spec: MapSpec<u32, u64, LruHash> = MapSpec::new("lru", 1);
    let map = Map::create(&spec).unwrap();
    for count in 1..=1_000 {
        map.update_with(&1, |old| old.unwrap_or(0) + 1).unwrap();
        assert_eq!(map.get(&1).unwrap(), Some(count));
    }
}

/// What isn't valid is taken all the same, and the error says so.
#[test]
fn an_invalid_value_is_taken_as_well() {
    let pins = testkit::bpffs().pin_dir();
    let bytes: MapSpec<u32, u8> = MapSpec::new("switches", 2);
    let bools: MapSpec<u32, bool> = MapSpec::new("switches", 2);
    pins.open_or_create(&bytes).unwrap().insert(&1, &7).unwrap();
    let map = pins.open(&bools).unwrap();
    let error = map.take(&1).unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Invalid, Operation::Take), "{error}");
    assert!(!map.contains(&1).unwrap());
}

/// An insertion or a removal between the read and the write isn't overwritten: the change is made anew.
#[test]
fn a_change_sees_what_came_between() {
    let map = Map::create(&SPEC).unwrap();
    let mut seen = Vec::new();
    let interfered = map.update_with(&1, |old| {
        seen.push(old);
        match seen.len() {
            1 => map.insert(&1, &7).unwrap(),
            2 => assert!(map.remove(&1).unwrap()),
            _ => {}
        }
        50
    });
    interfered.unwrap();
    assert_eq!(seen, [None, Some(7), None]);
    assert_eq!(map.get(&1).unwrap(), Some(50));

    let never = map.update_with(&2, |old| {
        if old.is_some() {
            assert!(map.remove(&2).unwrap());
        } else {
            map.insert(&2, &0).unwrap();
        }
        1
    });
    assert_eq!(never.unwrap_err().kind(), ErrorKind::Busy);
}

#[test]
fn one_prefix_and_not_those_that_cover_it() {
    const TRIE: MapSpec<LpmKey<[u8; 4]>, u32, LpmTrie> = MapSpec::new("trie", 64);
    let map = Map::create(&TRIE).unwrap();
    let prefix = |len| LpmKey::v4([10, 1, 2, 3], len).unwrap();
    for len in [8, 16, 32] {
        map.insert(&prefix(len), &len).unwrap();
    }
    for len in 0..=32 {
        let exact = [8, 16, 32].contains(&len).then_some(len);
        assert_eq!(map.get_exact(&prefix(len)).unwrap(), exact);
        assert_eq!(map.get(&prefix(len)).unwrap(), [32, 16, 8].into_iter().find(|covering| *covering <= len));
    }
    assert_eq!(map.get_exact(&LpmKey::v4([11, 0, 0, 0], 8).unwrap()).unwrap(), None);
}
