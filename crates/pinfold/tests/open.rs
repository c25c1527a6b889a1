//! Opening and creating by name: what agrees is reused, what differs is refused with every difference, and whoever
//! comes first creates.

use std::ffi::OsString;
use std::os::fd::AsFd as _;
use std::sync::Barrier;

use pinfold::{
    Array, ErrorKind, LpmKey, LpmTrie, Map, MapFlags, MapSpec, MapType, Operation, PerCpu, PinDir, RawMap, RawMapSpec,
};
use testkit::leaves_no_descriptor;

const SPEC: MapSpec<u32, u64> = MapSpec::new("flows", 16);

fn pins() -> PinDir {
    testkit::bpffs().pin_dir()
}

#[test]
fn created_once_then_reused() {
    leaves_no_descriptor(|| {
        let pins = pins();
        let first = pins.open_or_create(&SPEC).unwrap();
        let second = pins.open_or_create(&SPEC).unwrap();
        assert!(first.is_new() && !second.is_new());
        assert_eq!(first.id(), second.id());
        first.insert(&1, &11).unwrap();
        assert_eq!(second.get(&1).unwrap(), Some(11));
    });
}

/// Every kind comes back as what it was, also where the kernel adds or takes away flags of its own.
#[test]
fn all_kinds_agree_with_their_own_spec() {
    let pins = pins();
    let trie: MapSpec<LpmKey<[u8; 16]>, u32, LpmTrie> = MapSpec::new("trie", 8);
    let array: MapSpec<u32, [u8; 3], Array> = MapSpec::new("array", 8);
    let per_cpu: MapSpec<u64, PerCpu<[u8; 5]>> = MapSpec::new("per_cpu", 8);
    let per_cpu_array: MapSpec<u32, PerCpu<u16>, Array> = MapSpec::new("per_cpu_array", 8);
    let flags = MapFlags::NO_PREALLOC | MapFlags::RDONLY_PROG | MapFlags::ZERO_SEED;
    let flagged: MapSpec<u64, u64> = MapSpec::new("flagged", 8).with_flags(flags);
    for _ in ["created", "reused"] {
        assert_eq!(pins.open_or_create(&trie).unwrap().info().map_type, MapType::LpmTrie);
        assert_eq!(pins.open_or_create(&array).unwrap().info().map_type, MapType::Array);
        assert_eq!(pins.open_or_create(&per_cpu).unwrap().info().map_type, MapType::PerCpuHash);
        assert_eq!(pins.open_or_create(&per_cpu_array).unwrap().info().map_type, MapType::PerCpuArray);
        assert_eq!(pins.open_or_create(&flagged).unwrap().info().flags, flags);
    }
}

/// RDONLY and WRONLY belong to the descriptor, whether the map is created or found.
#[test]
fn flags_of_the_descriptor_are_heeded_and_not_compared() {
    let pins = pins();
    let read_only = SPEC.with_flags(MapFlags::RDONLY);
    for new in [true, false] {
        let map = pins.open_or_create(&read_only).unwrap();
        assert_eq!((map.is_new(), map.insert(&1, &1).unwrap_err().kind()), (new, ErrorKind::ReadOnly));
    }
    pins.open(&SPEC).unwrap().insert(&1, &1).unwrap();
    let write_only = pins.open(&SPEC.with_flags(MapFlags::WRONLY)).unwrap();
    write_only.insert(&1, &2).unwrap();
    assert_eq!(write_only.get(&1).unwrap_err().kind(), ErrorKind::Denied);
    let neither = pins.open(&SPEC.with_flags(MapFlags::RDONLY | MapFlags::WRONLY)).unwrap_err();
    assert_eq!((neither.kind(), neither.cause()), (ErrorKind::Invalid, "RDONLY and WRONLY exclude each other"));
}

#[test]
fn every_difference_is_named_and_nothing_is_touched() {
    leaves_no_descriptor(|| {
        let pins = pins();
        let old: MapSpec<u32, u64> = MapSpec::new("flows", 16);
        let map = pins.open_or_create(&old).unwrap();
        map.insert(&1, &11).unwrap();

        let new: MapSpec<LpmKey<[u8; 4]>, [u8; 3], LpmTrie> = MapSpec::new("flows", 17);
        for error in [pins.open(&new).unwrap_err(), pins.open_or_create(&new).unwrap_err()] {
            assert_eq!((error.kind(), error.operation()), (ErrorKind::Incompatible, Operation::Open));
            let named: Vec<String> = error.mismatches().iter().map(ToString::to_string).collect();
            assert_eq!(
                named,
                [
                    "type is hash, wanted lpm_trie",
                    "key_size is 4, wanted 8",
                    "value_size is 8, wanted 3",
                    "max_entries is 16, wanted 17",
                    "flags is none, wanted NO_PREALLOC",
                ]
            );
            assert_eq!((error.name(), error.id()), (Some("flows"), Some(map.id())));
        }
        assert_eq!(pins.open(&old).unwrap().get(&1).unwrap(), Some(11));
    });
}

#[test]
fn a_map_that_could_not_be_pinned_is_closed() {
    leaves_no_descriptor(|| {
        let bpffs = testkit::bpffs();
        // The directory can't be created: its name is taken by a pin.
        let pins = bpffs.dir("taken/below").unwrap();
        bpffs.dir("x").unwrap().pin("y", Map::create(&SPEC).unwrap().as_fd()).unwrap();
        std::fs::rename(bpffs.path().join("x/y"), bpffs.path().join("taken")).unwrap();
        let error = pins.open_or_create(&SPEC).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    });
}

#[test]
fn what_no_kernel_takes_is_refused_before_it_is_asked() {
    let pins = pins();
    let empty = SPEC.with_max_entries(0);
    for error in [pins.open_or_create(&empty).unwrap_err(), pins.open(&empty).unwrap_err()] {
        assert_eq!((error.kind(), error.cause(), error.errno()), (ErrorKind::Invalid, "max_entries is 0", None));
    }
    assert_eq!(pins.list().unwrap(), [] as [OsString; 0]);
}

#[test]
fn sizes_whose_product_overflows() {
    leaves_no_descriptor(|| {
        let pins = pins();
        let huge: MapSpec<u32, [u8; 1 << 20], Array> = MapSpec::new("huge", u32::MAX);
        let error = pins.open_or_create(&huge).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Invalid | ErrorKind::Exhausted), "{error}");
        assert!(error.to_string().contains("max_entries 4294967295"), "{error}");
        let many: MapSpec<u32, u32> = MapSpec::new("many", u32::MAX);
        let error = pins.open_or_create(&many).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Invalid | ErrorKind::Exhausted), "{error}");
        let wide: MapSpec<u32, PerCpu<[u8; 65536]>> = MapSpec::new("wide", 1);
        let error = pins.open_or_create(&wide).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert_eq!(error.cause(), "a per-CPU value has 65536 bytes, and 32768 are allowed");
        assert!(pins.list().unwrap().is_empty(), "nothing is left behind");
    });
}

/// Many threads, each with descriptors of its own, as processes would have: all end with the same map.
#[test]
fn whoever_comes_first_creates_and_all_get_the_same() {
    const THREADS: usize = 4;
    const ROUNDS: usize = 200;
    let pins = pins();
    let barrier = Barrier::new(THREADS);
    let created: usize = std::thread::scope(|scope| {
        let race = || {
            let mut created = 0;
            for round in 0..ROUNDS {
                let spec = SPEC.with_name(format!("race{round}"));
                barrier.wait();
                let map = pins.open_or_create(&spec).unwrap();
                created += usize::from(map.is_new());
                map.insert(&std::process::id(), &1).unwrap();
                assert_eq!(pins.open(&spec).unwrap().id(), map.id());
            }
            created
        };
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(race)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(created, ROUNDS, "exactly one creates in each round");
}

/// A name that somebody keeps removing never shows as an error of the one who opens or creates it.
#[test]
fn a_name_that_keeps_vanishing() {
    let pins = pins();
    std::thread::scope(|scope| {
        let opener = scope.spawn(|| {
            for _ in 0..2_000 {
                pins.open_or_create(&SPEC).unwrap();
            }
        });
        while !opener.is_finished() {
            pins.unpin(SPEC.name()).unwrap();
        }
    });
}

#[test]
fn a_symbolic_link_to_nowhere() {
    let pins = testkit::bpffs().root_dir();
    std::os::unix::fs::symlink("nowhere", pins.path().join(SPEC.name())).unwrap();
    let error = pins.open_or_create(&SPEC).unwrap_err();
    assert_eq!((error.kind(), error.cause()), (ErrorKind::Invalid, "that is a symbolic link to nowhere"));
}

/// As a loader hands it over: by descriptor, without a name or a pin.
#[test]
fn a_descriptor_gets_its_types_back() {
    let map = Map::create(&SPEC).unwrap();
    map.insert(&1, &11).unwrap();
    let raw = RawMap::from_fd(map.as_fd().try_clone_to_owned().unwrap()).unwrap();
    assert_eq!(raw.typed(&SPEC).unwrap().get(&1).unwrap(), Some(11));
    // The kernel keeps 15 bytes of a name, and the spec all of it.
    let long = SPEC.with_name("a_name_that_the_kernel_cuts");
    assert_eq!(raw.typed(&long).unwrap().name(), "a_name_that_the_kernel_cuts");
    let error = raw.typed(&SPEC.with_max_entries(17)).unwrap_err();
    assert_eq!((error.kind(), error.mismatches().len()), (ErrorKind::Incompatible, 1));
}

#[test]
fn sizes_that_come_at_run_time() {
    let pins = pins();
    let spec = RawMapSpec::new("at_run_time", MapType::Hash, 3, 5, 7).with_flags(MapFlags::NO_PREALLOC);
    let map = pins.open_or_create_raw(&spec).unwrap();
    map.insert(b"key", b"value").unwrap();
    let found = pins.open_raw("at_run_time").unwrap();
    assert_eq!(found.get(b"key").unwrap().as_deref(), Some(b"value".as_slice()));
    assert_eq!((found.path(), found.name()), (map.path(), "at_run_time"));
}

#[test]
fn memory_on_a_numa_node() {
    let map = Map::create(&SPEC.with_numa_node(0)).unwrap();
    assert_eq!(map.info().flags, MapFlags::NUMA_NODE);
    let error = Map::create(&SPEC.with_numa_node(4096)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
}

#[test]
fn ids_lead_to_maps() {
    let map = Map::create(&SPEC).unwrap();
    assert!(pinfold::ids().map(Result::unwrap).any(|id| id == map.id()));
    let found = RawMap::from_id(map.id()).unwrap();
    assert_eq!(found.info(), map.info());
    assert_eq!((found.name(), found.path(), found.is_new()), ("flows", None, false));
    assert_eq!(RawMap::from_id(u32::MAX).unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn a_descriptor_of_something_else_is_refused() {
    leaves_no_descriptor(|| {
        let file = std::fs::File::open("/dev/null").unwrap();
        let error = RawMap::from_fd(file.into()).unwrap_err();
        assert_eq!((error.kind(), error.cause()), (ErrorKind::Incompatible, "it isn't a map"));
    });
}
