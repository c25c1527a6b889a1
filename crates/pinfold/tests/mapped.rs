//! What is read and written through an array's memory is what lookups, updates and programs read and write.
#![cfg(target_pointer_width = "64")]

use std::process::Command;
use std::sync::atomic::Ordering::Relaxed;

use pinfold::insn::{self, Helper, Reg, Size};
use pinfold::zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};
use pinfold::{
    Array, ErrorKind, Map, MapFlags, MapSpec, Mappable, MappedArray, Operation, Program, ProgramType, RawMap, ReadOnly,
    WritableValue,
};
use testkit::leaves_no_descriptor;

const COUNTERS: MapSpec<u32, u64, Array> = MapSpec::new("counters", 4).with_flags(MapFlags::MMAPABLE);

fn spec<V: pinfold::Value>(entries: u32) -> MapSpec<u32, V, Array> {
    MapSpec::new("mapped", entries).with_flags(MapFlags::MMAPABLE)
}

/// Other bytes for every byte of every element.
fn pattern<const N: usize>(index: u32, round: u8) -> [u8; N] {
    let start = u8::try_from(index).unwrap().wrapping_mul(31).wrapping_add(round);
    std::array::from_fn(|byte| start.wrapping_add(u8::try_from(byte % 251).unwrap()))
}

/// Every element through the memory and through lookups, in both directions, up to the last one and one beyond.
fn both_ways<const N: usize>()
where
    [u8; N]: Mappable + WritableValue + IntoBytes + PartialEq + std::fmt::Debug,
{
    const ENTRIES: u32 = 7;
    let map = Map::create(&spec::<[u8; N]>(ENTRIES)).unwrap();
    let (mapped, reader) = (map.mapped().unwrap(), map.mapped_read_only().unwrap());
    assert_eq!((mapped.len(), reader.len()), (ENTRIES, ENTRIES));
    for index in 0..ENTRIES {
        mapped.set(index, &pattern(index, 1)).unwrap();
    }
    for index in 0..ENTRIES {
        assert_eq!(map.get(&index).unwrap(), Some(pattern(index, 1)), "{N} bytes");
        map.insert(&index, &pattern(index, 2)).unwrap();
    }
    for index in 0..ENTRIES {
        assert_eq!(mapped.get(index).unwrap(), Some(pattern(index, 2)), "{N} bytes");
        assert_eq!(mapped.words(index).unwrap().len(), N.div_ceil(8));
    }
    assert!(reader.iter().map(Result::unwrap).eq((0..ENTRIES).map(|index| pattern(index, 2))), "{N} bytes");
    assert!(mapped.iter().rev().map(Result::unwrap).eq((0..ENTRIES).rev().map(|index| pattern(index, 2))));
    for beyond in [ENTRIES, ENTRIES + 1, u32::MAX] {
        assert_eq!((mapped.get(beyond).unwrap(), reader.get(beyond).unwrap()), (None, None));
        assert!(mapped.words(beyond).is_none());
        assert_eq!(mapped.set(beyond, &pattern(0, 3)).unwrap_err().kind(), ErrorKind::Invalid);
    }
    assert_eq!(map.get(&(ENTRIES - 1)).unwrap(), Some(pattern(ENTRIES - 1, 2)), "the last one is untouched");
}

#[test]
fn values_of_all_sizes() {
    both_ways::<1>();
    both_ways::<3>();
    both_ways::<4>();
    both_ways::<7>();
    both_ways::<8>();
    both_ways::<9>();
    both_ways::<16>();
    both_ways::<4096>();
}

#[derive(Clone, Copy, Debug, PartialEq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
struct Traffic {
    packets: u64,
    bytes: u64,
}

/// A program adds 1 to the `packets` and 64 to the `bytes` of element 3 of an array.
#[test]
fn a_program_that_counts() {
    let map = Map::create(&spec::<Traffic>(4)).unwrap();
    let mapped = map.mapped().unwrap();
    let [map0, map1] = insn::load_map(Reg::R1, &map);
    let instructions = [
        insn::store_imm(Reg::R10, -4, 3, Size::Word),
        map0,
        map1,
        insn::mov_reg(Reg::R2, Reg::R10),
        insn::add_imm(Reg::R2, -4),
        insn::call(Helper::MAP_LOOKUP_ELEM),
        insn::jump_if_eq(Reg::R0, 0, 4),
        insn::mov_imm(Reg::R1, 1),
        insn::atomic_add(Reg::R0, 0, Reg::R1, Size::Double),
        insn::mov_imm(Reg::R1, 64),
        insn::atomic_add(Reg::R0, 8, Reg::R1, Size::Double),
        insn::mov_imm(Reg::R0, 0),
        insn::exit(),
    ];
    let program = Program::load(ProgramType::SocketFilter, "count", &instructions).unwrap();
    for _ in 0..10 {
        program.run(&[0; 64]).unwrap();
    }
    assert_eq!(mapped.get(3).unwrap(), Some(Traffic { packets: 10, bytes: 640 }));
    assert_eq!(mapped.get(2).unwrap(), Some(Traffic { packets: 0, bytes: 0 }));

    // While this process adds to the same words.
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..1_000 {
                program.run(&[0; 64]).unwrap();
            }
        });
        let words = mapped.words(3).unwrap();
        for _ in 0..1_000 {
            words[1].fetch_add(36, Relaxed);
        }
    });
    assert_eq!(mapped.get(3).unwrap(), Some(Traffic { packets: 1_010, bytes: 1_010 * 64 + 36_000 }));
}

/// Two threads add up one number while a third looks it up: nothing is lost, and no lookup sees it go back.
#[test]
fn atomics_add_up() {
    const EACH: u64 = 200_000;
    let map = Map::create(&COUNTERS).unwrap();
    let mapped = map.mapped().unwrap();
    let counter = mapped.atomic(3).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| (0..EACH).for_each(|_| _ = counter.fetch_add(1, Relaxed)));
        }
        let mut seen = 0;
        while seen < 2 * EACH {
            let now = map.get(&3).unwrap().unwrap();
            assert!((seen..=2 * EACH).contains(&now), "{now} after {seen}");
            seen = now;
        }
    });
    assert_eq!(mapped.get(3).unwrap(), Some(2 * EACH));
    assert!(mapped.atomic(4).is_none());

    let signed = Map::create(&spec::<i64>(1)).unwrap();
    signed.mapped().unwrap().atomic(0).unwrap().fetch_sub(5, Relaxed);
    assert_eq!(signed.get(&0).unwrap(), Some(-5));
}

/// `set` writes whole words, and words are nobody else's.
#[test]
fn neighbours_stay() {
    let map = Map::create(&spec::<[u8; 3]>(3)).unwrap();
    let mapped = map.mapped().unwrap();
    mapped.words(1).unwrap()[0].store(u64::MAX, Relaxed);
    mapped.set(1, &[1, 2, 3]).unwrap();
    assert_eq!(mapped.words(1).unwrap()[0].load(Relaxed).to_ne_bytes(), [1, 2, 3, 0, 0, 0, 0, 0]);
    assert_eq!((map.get(&0).unwrap(), map.get(&2).unwrap()), (Some([0; 3]), Some([0; 3])));
}

/// Bytes that are no valid value are an error, as in a lookup, and don't end a walk.
#[test]
fn an_invalid_value() {
    let map = Map::create(&spec::<bool>(3)).unwrap();
    let mapped = map.mapped().unwrap();
    mapped.set(2, &true).unwrap();
    mapped.words(1).unwrap()[0].store(u64::MAX, Relaxed);
    assert_eq!(mapped.get(1).unwrap_err().to_string(), map.get(&1).unwrap_err().to_string());
    let all: Vec<Option<bool>> = mapped.iter().map(Result::ok).collect();
    assert_eq!(all, [Some(false), None, Some(true)]);
}

/// Many pages, all of which are there.
#[test]
fn a_large_array_to_its_last_page() {
    const ENTRIES: u32 = 100_003;
    let map = Map::create(&spec::<[u64; 2]>(ENTRIES)).unwrap();
    let mapped = map.mapped().unwrap();
    for index in 0..ENTRIES {
        mapped.set(index, &[u64::from(index), 1]).unwrap();
    }
    let sum: u64 = map.mapped_read_only().unwrap().iter().map(|value| value.unwrap()[0]).sum();
    assert_eq!(sum, u64::from(ENTRIES) * u64::from(ENTRIES - 1) / 2);
    assert_eq!(map.get(&(ENTRIES - 1)).unwrap(), Some([u64::from(ENTRIES - 1), 1]));
}

#[test]
fn it_outlives_the_map_it_was_made_from() {
    fn goes_anywhere<T: Send + Sync + 'static>(value: T) -> T {
        value
    }
    leaves_no_descriptor(|| {
        let map = Map::create(&COUNTERS).unwrap();
        let id = map.id();
        let (mapped, reader) = (goes_anywhere(map.mapped().unwrap()), goes_anywhere(map.mapped_read_only().unwrap()));
        drop(map);
        mapped.set(1, &7).unwrap();
        assert_eq!(reader.get(1).unwrap(), Some(7));
        assert_eq!(RawMap::from_id(id).unwrap().get(&1_u32.to_ne_bytes()).unwrap(), Some(7_u64.to_ne_bytes().to_vec()));
    });
}

/// Runs a test of this file again in a process of its own, and tells whether this is that process: mappings belong to
/// all threads.
fn alone(test: &str) -> bool {
    const MARK: &str = "PINFOLD_TEST_ALONE";
    if std::env::var_os(MARK).is_some() {
        return true;
    }
    let this = std::env::current_exe().unwrap();
    let output = Command::new(this).args([test, "--exact"]).env(MARK, "1").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"), "no test {test}");
    false
}

#[test]
fn nothing_stays_mapped() {
    fn mappings() -> usize {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        maps.lines().filter(|line| line.ends_with("bpf-map")).count()
    }
    if !alone("nothing_stays_mapped") {
        return;
    }
    let map = Map::create(&COUNTERS).unwrap();
    let (mapped, reader) = (map.mapped().unwrap(), map.mapped_read_only().unwrap());
    drop(map);
    assert_eq!(mappings(), 2);
    drop(mapped);
    assert_eq!(mappings(), 1);
    drop(reader);
    assert_eq!(mappings(), 0);
    // A length that is no multiple of a page.
    for _ in 0..1_000 {
        let map = Map::create(&spec::<[u8; 9]>(300)).unwrap();
        map.mapped().unwrap().set(299, &[1; 9]).unwrap();
    }
    assert_eq!(mappings(), 0);
}

/// The error for a mapping that has to fail, without its id.
fn refused<V, A>(outcome: pinfold::Result<MappedArray<V, A>>) -> (ErrorKind, String) {
    let error = outcome.expect_err("refused");
    assert_eq!(error.operation(), Operation::MapMemory);
    (error.kind(), error.to_string().replace(&format!("id {}", error.id().unwrap()), "id ID"))
}

#[test]
fn a_map_that_was_not_made_for_it() {
    let pins = testkit::bpffs().pin_dir();
    let map = pins.open_or_create(&COUNTERS.with_flags(MapFlags::empty())).unwrap();
    let directory = map.path().unwrap().parent().unwrap().display().to_string();
    let expected = "map the memory of map \"counters\" (id ID, pinned at DIR/counters): the map wasn't created to be \
                    mapped (EINVAL); create it with MapFlags::MMAPABLE (Linux 5.5)";
    let (kind, text) = refused(map.mapped());
    assert_eq!((kind, text.replace(&directory, "DIR").as_str()), (ErrorKind::Unsupported, expected));
    let (kind, text) = refused(map.mapped_read_only());
    assert_eq!((kind, text.replace(&directory, "DIR").as_str()), (ErrorKind::Unsupported, expected));
}

/// Nobody freezes a map that somebody has mapped for writing; one that is frozen is mapped for reading only.
#[test]
fn frozen() {
    let map = Map::create(&COUNTERS).unwrap();
    let mapped = map.mapped().unwrap();
    let busy = map.freeze().unwrap_err();
    assert_eq!(
        (busy.kind(), busy.cause()),
        (ErrorKind::Busy, "somebody has mapped it for writing, or it is frozen already")
    );
    mapped.set(0, &9).unwrap();
    drop(mapped);

    let before: MappedArray<u64, ReadOnly> = map.mapped_read_only().unwrap();
    map.freeze().unwrap();
    assert_eq!((before.get(0).unwrap(), map.mapped_read_only().unwrap().get(0).unwrap()), (Some(9), Some(9)));
    assert_eq!(
        refused(map.mapped()),
        (
            ErrorKind::ReadOnly,
            "map the memory of map \"counters\" (id ID): the map is frozen: nobody can write it from user space any \
             more (EPERM); map it with mapped_read_only"
                .to_owned()
        )
    );
}

/// A mapping wants a descriptor for both ways, even one for reading only.
#[test]
fn descriptors_for_one_way_only() {
    let with = |flags: MapFlags| Map::create(&COUNTERS.with_flags(flags.union(MapFlags::MMAPABLE))).unwrap();
    let map = with(MapFlags::RDONLY);
    assert_eq!(
        refused(map.mapped()),
        (
            ErrorKind::ReadOnly,
            "map the memory of map \"counters\" (id ID): it was opened for reading only (EACCES); open it for writing \
             too"
            .to_owned()
        )
    );
    assert_eq!(
        refused(map.mapped_read_only()),
        (
            ErrorKind::Unsupported,
            "map the memory of map \"counters\" (id ID): it was opened for reading only, and the kernel maps no map \
             through such a descriptor (EINVAL); open it for writing too, or read it with get"
                .to_owned()
        )
    );
    // The kernel lets nobody write what they may not read.
    let map = with(MapFlags::WRONLY);
    let text = "map the memory of map \"counters\" (id ID): it was opened for writing only (EACCES); open it for \
                reading too";
    assert_eq!(refused(map.mapped()), (ErrorKind::Denied, text.to_owned()));
    assert_eq!(refused(map.mapped_read_only()), (ErrorKind::Denied, text.to_owned()));
}

/// What programs may do matters in one case only: what they can't write can't be mapped for writing.
#[test]
fn programs_of_one_way_only() {
    let with = |flags: MapFlags| Map::create(&COUNTERS.with_flags(flags.union(MapFlags::MMAPABLE))).unwrap();
    let map = with(MapFlags::RDONLY_PROG);
    map.insert(&1, &5).unwrap();
    assert_eq!(map.mapped_read_only().unwrap().get(1).unwrap(), Some(5));
    assert_eq!(
        refused(map.mapped()),
        (
            ErrorKind::ReadOnly,
            "map the memory of map \"counters\" (id ID): the kernel maps a map that programs can only read \
             (RDONLY_PROG) for reading only (EACCES); map it with mapped_read_only, and write it with insert"
                .to_owned()
        )
    );
    let map = with(MapFlags::WRONLY_PROG);
    map.mapped().unwrap().set(1, &6).unwrap();
    assert_eq!(map.mapped_read_only().unwrap().get(1).unwrap(), Some(6));
}

#[test]
fn one_beyond_the_end() {
    let mapped = Map::create(&COUNTERS).unwrap().mapped().unwrap();
    let error = mapped.set(4, &1).unwrap_err();
    assert_eq!((error.kind(), error.errno()), (ErrorKind::Invalid, None));
    assert_eq!(
        error.to_string().replace(&format!("id {}", error.id().unwrap()), "id ID"),
        "insert into map \"counters\" (id ID), key 4: the index is beyond the end: there are 4 entries, the \
         first is 0; create the map with a larger max_entries"
    );
}

/// Limits that a process can have on its memory.
#[test]
fn no_room() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    if !alone("no_room") {
        return;
    }
    let map = Map::create(&spec::<[u64; 512]>(4096)).unwrap();
    let limit = |bytes| Rlimit { current: Some(bytes), maximum: None };
    setrlimit(Resource::Memlock, Rlimit { current: Some(0), maximum: Some(0) }).unwrap();
    rustix::mm::mlockall(rustix::mm::MlockAllFlags::FUTURE).unwrap();
    let error = testkit::without_capabilities(|| map.mapped().unwrap_err());
    assert_eq!((error.kind(), error.errno()), (ErrorKind::Exhausted, Some(pinfold::Errno::EAGAIN)), "{error}");
    rustix::mm::munlockall().unwrap();
    setrlimit(Resource::As, limit(1 << 20)).unwrap();
    let error = map.mapped().unwrap_err();
    assert_eq!((error.kind(), error.errno()), (ErrorKind::Exhausted, Some(pinfold::Errno::ENOMEM)), "{error}");
}
