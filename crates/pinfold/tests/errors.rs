//! Errors name the map, the operation, the key, the cause and the remedy: the whole text, for what users run into.

use std::os::fd::AsFd as _;

use pinfold::{Array, Bpffs, ErrorKind, LpmKey, LpmTrie, Map, MapFlags, MapSpec, Program, ProgramType, RawMap, insn};

const SPEC: MapSpec<[u8; 4], u64> = MapSpec::new("flows", 2);

/// The text with the parts that differ from run to run replaced.
fn text(error: &pinfold::Error) -> String {
    let mut text = error.to_string();
    if let Some(id) = error.id() {
        text = text.replace(&format!("id {id}"), "id ID");
    }
    match error.path().and_then(|path| path.parent()) {
        Some(directory) => text.replace(&directory.display().to_string(), "DIR"),
        None => text,
    }
}

#[test]
fn full() {
    let pins = testkit::bpffs().pin_dir();
    let map = pins.open_or_create(&SPEC).unwrap();
    map.insert(&[1; 4], &1).unwrap();
    map.insert(&[2; 4], &2).unwrap();
    let error = map.insert(&[10, 0, 0, 1], &3).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Full);
    assert_eq!(error.key(), Some([10, 0, 0, 1].as_slice()));
    assert_eq!(
        text(&error),
        "insert into map \"flows\" (id ID, pinned at DIR/flows), key 0x0a000001: the map is full: 2 of 2 entries \
         (E2BIG); remove entries, or create it with a larger max_entries"
    );
}

#[test]
fn a_full_trie() {
    let spec: MapSpec<LpmKey<[u8; 4]>, u64, LpmTrie> = MapSpec::new("deny", 1);
    let map = Map::create(&spec).unwrap();
    map.insert(&LpmKey::v4([10, 0, 0, 0], 8).unwrap(), &1).unwrap();
    let error = map.insert(&LpmKey::v4([10, 1, 0, 0], 16).unwrap(), &1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Full, "{error}");
}

#[test]
fn beyond_the_end_of_an_array() {
    let spec: MapSpec<u32, u64, Array> = MapSpec::new("settings", 4);
    let map = Map::create(&spec).unwrap();
    let error = map.insert(&4, &1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert_eq!(
        text(&error),
        "insert into map \"settings\" (id ID), key 4: the index is beyond the end: there are 4 entries, the \
         first is 0 (E2BIG); create the map with a larger max_entries"
    );
    let error = map.as_raw().remove(&[0; 4]).unwrap_err();
    assert_eq!((error.kind(), error.cause()), (ErrorKind::Unsupported, "maps of type array can't do that"));
}

#[test]
fn read_only() {
    let map = Map::create(&SPEC.with_flags(MapFlags::RDONLY)).unwrap();
    let error = map.insert(&[1; 4], &1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ReadOnly);
    assert_eq!(
        text(&error),
        "insert into map \"flows\" (id ID), key 0x01010101: it was opened for reading only; open it for writing"
    );
    let map = Map::create(&SPEC.with_flags(MapFlags::WRONLY)).unwrap();
    let error = map.get(&[1; 4]).unwrap_err();
    assert_eq!((error.kind(), error.cause()), (ErrorKind::Denied, "it was opened for writing only"));
}

#[test]
fn an_invalid_value() {
    let bytes: MapSpec<u32, u8> = MapSpec::new("switches", 2);
    let bools: MapSpec<u32, bool> = MapSpec::new("switches", 2);
    let pins = testkit::bpffs().pin_dir();
    pins.open_or_create(&bytes).unwrap().insert(&1, &2).unwrap();
    let map = pins.open(&bools).unwrap();
    let error = map.get(&1).unwrap_err();
    assert_eq!((error.kind(), error.errno()), (ErrorKind::Invalid, None));
    assert_eq!(error.cause(), "the bytes of the value are no valid bool");
    map.insert(&1, &true).unwrap();
    assert_eq!(map.get(&1).unwrap(), Some(true));
}

#[test]
fn wrong_sizes() {
    let map = Map::create(&SPEC).unwrap();
    let error = map.as_raw().insert(b"four", b"short").unwrap_err();
    assert_eq!(
        text(&error),
        "insert into map \"flows\" (id ID), key 0x666f7572: the value has 5 bytes, and this map's has 8"
    );
}

#[test]
fn a_map_that_the_kernel_does_not_take() {
    let error = Map::create(&SPEC.with_flags(MapFlags::MMAPABLE)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert_eq!(
        text(&error),
        "create map \"flows\": the kernel takes no map of type hash with key_size 4, value_size 8, max_entries 2, flags \
         MMAPABLE (EINVAL); see which sizes and flags this type allows"
    );
}

#[test]
fn without_privileges() {
    let error = testkit::without_capabilities(|| Map::create(&SPEC).unwrap_err());
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert_eq!(
        text(&error),
        "create map \"flows\": this process lacks CAP_BPF (EPERM); run it as root, or grant the capability: \
         AmbientCapabilities=CAP_BPF in its systemd unit, or setcap cap_bpf+ep on its executable"
    );
    let filter = [insn::mov_imm(insn::Reg::R0, 0), insn::exit()];
    let error =
        testkit::without_capabilities(|| Program::load(ProgramType::SocketFilter, "none", &filter).unwrap_err());
    assert_eq!((error.kind(), error.cause()), (ErrorKind::Denied, "this process lacks CAP_BPF"));
    let error = testkit::without_capabilities(|| Bpffs::detached().unwrap_err());
    assert_eq!((error.kind(), error.cause()), (ErrorKind::Denied, "this process lacks CAP_SYS_ADMIN"));
    let id = Map::create(&SPEC).unwrap().id();
    let error = testkit::without_capabilities(|| RawMap::from_id(id).unwrap_err());
    assert_eq!((error.kind(), error.cause()), (ErrorKind::Denied, "this process lacks CAP_SYS_ADMIN"));
    let mut ids = testkit::without_capabilities(|| pinfold::ids().collect::<Vec<_>>());
    assert_eq!(ids.pop().unwrap().unwrap_err().kind(), ErrorKind::Denied);
    assert!(ids.is_empty(), "an error ends the list");
}

/// Entries of a map that one holds need no capability.
#[test]
fn holding_a_descriptor_is_enough() {
    let map = Map::create(&SPEC).unwrap();
    testkit::without_capabilities(|| {
        map.insert(&[1; 4], &1).unwrap();
        assert_eq!(map.get(&[1; 4]).unwrap(), Some(1));
    });
}

#[test]
fn the_verifiers_reason() {
    let uninitialised = [insn::mov_reg(insn::Reg::R0, insn::Reg::R3), insn::exit()];
    let error = Program::load(ProgramType::SocketFilter, "broken", &uninitialised).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(
        text(&error).starts_with("load program \"broken\": the verifier refused it: R3 !read_ok (EACCES)"),
        "{error}"
    );
}

#[test]
fn pins_and_directories() {
    let bpffs = testkit::bpffs();
    let pins = bpffs.pin_dir();
    assert_eq!(text(&pins.open(&SPEC).unwrap_err()), "open DIR/flows: nothing is pinned there (ENOENT)");
    assert_eq!(
        text(&pins.open(&SPEC.with_name("a.b")).unwrap_err()),
        "open DIR/a.b: the name has a dot in it, and BPF file systems reserve those; use 1 to 255 bytes without \
         dots and slashes"
    );
    let map = Map::create(&SPEC).unwrap();
    pins.pin("flows", map.as_fd()).unwrap();
    assert_eq!(
        text(&pins.pin("flows", map.as_fd()).unwrap_err()),
        "pin DIR/flows: the name is taken (EEXIST); open what is there, or unpin it"
    );
    let wider = SPEC.with_max_entries(3);
    assert_eq!(
        text(&pins.open(&wider).unwrap_err()),
        "open map \"flows\" (id ID, pinned at DIR/flows): the map differs from its spec: max_entries is 2, \
         wanted 3; change the spec, or unpin the map, which drops its entries, and create it anew"
    );
    assert_eq!(
        text(&Bpffs::at("/proc/1").unwrap_err()),
        "find a BPF file system at DIR/1: none is mounted there; mount one there: mount -t bpf bpf DIRECTORY"
    );
}

#[test]
fn conversion_keeps_the_text() {
    let error = Bpffs::at("/proc").unwrap_err();
    let text = error.to_string();
    assert_eq!(format!("{error:?}"), format!("NoBpffs: {text}"));
    let io = std::io::Error::from(error);
    assert_eq!((io.kind(), io.to_string()), (std::io::ErrorKind::NotFound, text));
}

/// Wherever an error comes from, its key prints the same.
#[test]
fn an_index_is_a_number() {
    let spec: MapSpec<u32, u64, Array> = MapSpec::new("settings", 4).with_flags(MapFlags::MMAPABLE);
    let map = Map::create(&spec).unwrap();
    let errors = [
        map.insert(&258, &1).unwrap_err(),
        map.update_with(&258, |_| 1).unwrap_err(),
        map.mapped().unwrap().set(258, &1).unwrap_err(),
    ];
    for error in errors {
        assert!(error.to_string().contains(", key 258: the index is beyond the end"), "{error}");
    }
}

#[test]
fn keys_as_people_write_them() {
    const DENY: MapSpec<LpmKey<[u8; 4]>, u64, LpmTrie> = MapSpec::new("deny", 1).with_displayed_keys();
    let pins = testkit::bpffs().pin_dir();
    pins.open_or_create(&DENY).unwrap().insert(&LpmKey::v4([10, 0, 0, 0], 8).unwrap(), &1).unwrap();
    for map in [pins.open(&DENY).unwrap(), pins.open_raw("deny").unwrap().typed(&DENY).unwrap()] {
        let error = map.insert(&LpmKey::v4([192, 0, 2, 0], 24).unwrap(), &1).unwrap_err();
        assert!(error.to_string().contains(", key 192.0.2.0/24: the map is full"), "{error}");
        assert_eq!(error.key(), Some([24, 0, 0, 0, 192, 0, 2, 0].as_slice()));
    }
}
