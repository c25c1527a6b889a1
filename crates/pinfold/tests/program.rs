//! What a program in the kernel writes is what a typed map reads, and the other way round.

use std::os::fd::AsFd;

use pinfold::insn::{self, Helper, Insn, Reg, Size};
use pinfold::zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};
use pinfold::{Array, ErrorKind, LpmKey, LpmTrie, Map, MapSpec, PerCpu, Program, ProgramType};

/// `return map[key at the frame pointer - 8] + offset` as 32 bits, or -1; adds 1 to it in passing.
fn read_and_count(map: &impl AsFd, key: [i32; 2], offset: i16) -> Vec<Insn<'_>> {
    let [map0, map1] = insn::load_map(Reg::R1, map);
    vec![
        insn::store_imm(Reg::R10, -8, key[0], Size::Word),
        insn::store_imm(Reg::R10, -4, key[1], Size::Word),
        map0,
        map1,
        insn::mov_reg(Reg::R2, Reg::R10),
        insn::add_imm(Reg::R2, -8),
        insn::call(Helper::MAP_LOOKUP_ELEM),
        insn::jump_if_eq(Reg::R0, 0, 5),
        insn::mov_reg(Reg::R6, Reg::R0),
        insn::load_mem(Reg::R0, Reg::R6, offset, Size::Word),
        insn::mov_imm(Reg::R1, 1),
        insn::atomic_add(Reg::R6, offset, Reg::R1, Size::Word),
        insn::exit(),
        insn::mov_imm(Reg::R0, -1),
        insn::exit(),
    ]
}

fn run(instructions: &[Insn<'_>]) -> u32 {
    Program::load(ProgramType::SocketFilter, "test", instructions).unwrap().run(&[0; 64]).unwrap()
}

#[derive(Debug, Default, PartialEq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
struct Pair {
    first: u32,
    second: u32,
}

#[test]
fn structs_in_a_hash() {
    let spec: MapSpec<Pair, Pair> = MapSpec::new("pairs", 4);
    let map = Map::create(&spec).unwrap();
    map.insert(&Pair { first: 7, second: 8 }, &Pair { first: 70, second: 80 }).unwrap();
    assert_eq!(run(&read_and_count(&map, [7, 8], 4)), 80);
    assert_eq!(run(&read_and_count(&map, [8, 7], 4)), u32::MAX);
    assert_eq!(map.get(&Pair { first: 7, second: 8 }).unwrap(), Some(Pair { first: 70, second: 81 }));
}

#[test]
fn an_index_of_an_array() {
    let spec: MapSpec<u32, u32, Array> = MapSpec::new("settings", 4);
    let map = Map::create(&spec).unwrap();
    map.insert(&3, &33).unwrap();
    assert_eq!(run(&read_and_count(&map, [3, 0], 0)), 33);
    assert_eq!(map.get(&3).unwrap(), Some(34));
}

/// The program runs on one CPU, whichever: exactly that CPU's slot goes up.
#[test]
fn one_slot_of_a_per_cpu_hash() {
    let spec: MapSpec<u32, PerCpu<Pair>> = MapSpec::new("per_cpu", 4);
    let map = Map::create(&spec).unwrap();
    map.insert(&5, &PerCpu::from_fn(|cpu| Pair { first: 100 + u32::try_from(cpu).unwrap(), second: 0 }).unwrap())
        .unwrap();
    let seen = run(&read_and_count(&map, [5, 0], 0));
    let counted: Vec<u32> = map.get(&5).unwrap().unwrap().iter().map(|pair| pair.first).collect();
    for (first, cpu) in counted.into_iter().zip(100..) {
        assert_eq!(first, if cpu == seen { cpu + 1 } else { cpu });
    }
}

/// Byte order and prefix length are those that a program uses: 10.1.2.3 as bytes, 32 as a number.
#[test]
fn the_longest_prefix_in_a_trie() {
    let spec: MapSpec<LpmKey<[u8; 4]>, u32, LpmTrie> = MapSpec::new("prefixes", 4);
    let map = Map::create(&spec).unwrap();
    map.insert(&LpmKey::v4([10, 0, 0, 0], 8).unwrap(), &8).unwrap();
    map.insert(&LpmKey::v4([10, 1, 0, 0], 16).unwrap(), &16).unwrap();
    let lookup = |address: [u8; 4]| run(&read_and_count(&map, [32, i32::from_ne_bytes(address)], 0));
    assert_eq!(lookup([10, 1, 2, 3]), 16);
    assert_eq!(lookup([10, 2, 2, 3]), 8);
    assert_eq!(lookup([11, 1, 2, 3]), u32::MAX);
    assert_eq!(map.get(&LpmKey::host([10, 1, 2, 3])).unwrap(), Some(17));
    // Only this very prefix goes.
    assert!(!map.remove(&LpmKey::host([10, 1, 2, 3])).unwrap());
    assert!(map.remove(&LpmKey::v4([10, 1, 255, 255], 16).unwrap()).unwrap());
    assert_eq!(map.get(&LpmKey::host([10, 1, 2, 3])).unwrap(), Some(9));
}

/// Prefixes that another program wrote with bits behind their length come out as what they mean.
#[test]
fn keys_of_a_trie_are_canonical() {
    let spec: MapSpec<LpmKey<[u8; 4]>, u32, LpmTrie> = MapSpec::new("prefixes", 4);
    let map = Map::create(&spec).unwrap();
    let mut sloppy = 8_u32.to_ne_bytes().to_vec();
    sloppy.extend([10, 1, 2, 3]);
    map.as_raw().insert(&sloppy, &1_u32.to_ne_bytes()).unwrap();
    assert_eq!(map.next_key(None).unwrap(), Some(LpmKey::v4([10, 0, 0, 0], 8).unwrap()));
}

/// The condition of a conditional write counts, or the write is refused: it is never ignored.
#[test]
fn conditions_on_a_trie() {
    let spec: MapSpec<LpmKey<[u8; 4]>, u32, LpmTrie> = MapSpec::new("prefixes", 4);
    let map = Map::create(&spec).unwrap();
    let prefix = LpmKey::v4([10, 0, 0, 0], 8).unwrap();
    map.insert(&prefix, &1).unwrap();
    match map.insert_if_absent(&prefix, &2) {
        Ok(inserted) => {
            assert!(!inserted);
            assert!(map.replace_if_present(&prefix, &1).unwrap());
            assert!(!map.replace_if_present(&LpmKey::host([10, 0, 0, 0]), &3).unwrap());
        }
        Err(error) => assert_eq!(error.kind(), ErrorKind::Unsupported),
    }
    assert_eq!(map.get(&LpmKey::host([10, 0, 0, 0])).unwrap(), Some(1));
}

#[test]
fn a_packet_too_short_to_run_on() {
    let program = Program::load(ProgramType::SocketFilter, "test", &[insn::mov_imm(Reg::R0, 0), insn::exit()]).unwrap();
    assert_eq!(program.run(&[0; 13]).unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(program.attach_to_socket(std::io::stdin()).unwrap_err().kind(), ErrorKind::Invalid);
}
