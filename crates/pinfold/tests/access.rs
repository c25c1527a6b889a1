//! Ways in, and what a handle that came by one may do.

use std::os::fd::AsFd as _;

use pinfold::{Access, ErrorKind, Map, MapFlags, MapSpec, RawMap};
use testkit::leaves_no_descriptor;

const SPEC: MapSpec<u32, u64> = MapSpec::new("map", 64).with_flags(MapFlags::NO_PREALLOC);

/// The number of a failed call shows whether the kernel was asked.
#[test]
fn what_is_not_allowed_is_refused_without_a_call() {
    let pins = testkit::bpffs().pin_dir();
    pins.open_or_create(&SPEC).unwrap().insert(&1, &11).unwrap();

    let reader = pins.open_as(&SPEC, Access::ReadOnly).unwrap();
    assert_eq!((reader.access(), reader.get(&1).unwrap()), (Access::ReadOnly, Some(11)));
    for error in [
        reader.insert(&1, &1).unwrap_err(),
        reader.insert_if_absent(&1, &1).unwrap_err(),
        reader.replace_if_present(&1, &1).unwrap_err(),
        reader.remove(&1).unwrap_err(),
        reader.take(&1).unwrap_err(),
        reader.update_with(&1, |_| 1).unwrap_err(),
        reader.freeze().unwrap_err(),
    ] {
        assert_eq!((error.kind(), error.errno()), (ErrorKind::ReadOnly, None), "{error}");
    }

    let writer = pins.open_as(&SPEC, Access::WriteOnly).unwrap();
    writer.insert(&2, &22).unwrap();
    assert!(writer.remove(&1).unwrap());
    for error in [
        writer.get(&2).map(drop).unwrap_err(),
        writer.contains(&2).map(drop).unwrap_err(),
        writer.take(&2).map(drop).unwrap_err(),
        writer.next_key(None).map(drop).unwrap_err(),
    ] {
        assert_eq!((error.kind(), error.errno()), (ErrorKind::Denied, None), "{error}");
    }
    assert_eq!(reader.get(&2).unwrap(), Some(22));
}

#[test]
fn every_way_in_knows_its_access() {
    let map = Map::create(&SPEC).unwrap();
    let reader = RawMap::from_id_as(map.id(), Access::ReadOnly).unwrap();
    assert_eq!(reader.access(), Access::ReadOnly);
    // A descriptor that somebody else has opened is asked.
    for access in [Access::ReadOnly, Access::WriteOnly, Access::ReadWrite] {
        let opened = RawMap::from_id_as(map.id(), access).unwrap();
        let adopted = RawMap::from_fd(opened.as_fd().try_clone_to_owned().unwrap()).unwrap();
        assert_eq!((adopted.access(), adopted.id()), (access, map.id()));
    }
    let error = reader.insert(&[0; 4], &[0; 8]).unwrap_err();
    assert_eq!((error.kind(), error.errno()), (ErrorKind::ReadOnly, None));
}

#[test]
fn by_the_path_of_a_pin() {
    let pins = testkit::bpffs().pin_dir();
    let map = pins.open_or_create(&SPEC).unwrap();
    let path = pins.path().join("map");
    let opened = RawMap::from_pin(&path).unwrap();
    assert_eq!((opened.id(), opened.path(), opened.name()), (map.id(), Some(path.as_path()), "map"));
    assert_eq!(RawMap::from_pin_as(&path, Access::ReadOnly).unwrap().access(), Access::ReadOnly);
    assert_eq!(opened.typed(&SPEC).unwrap().id(), map.id());
    for (path, kind) in [
        (pins.path().join("none"), ErrorKind::NotFound),
        (pins.path().to_path_buf(), ErrorKind::Invalid),
        ("/proc/version".into(), ErrorKind::NoBpffs),
        ("nul\0".into(), ErrorKind::Invalid),
    ] {
        assert_eq!(RawMap::from_pin(&path).unwrap_err().kind(), kind, "{}", path.display());
    }
}

#[test]
fn a_handle_with_a_file_of_its_own() {
    leaves_no_descriptor(|| {
        let pins = testkit::bpffs().pin_dir();
        let map = pins.open_or_create(&SPEC).unwrap();
        let own = map.reopen_independent().unwrap();
        assert_eq!((own.id(), own.path(), own.is_new()), (map.id(), map.path(), false));
        own.insert(&1, &11).unwrap();
        assert_eq!(map.get(&1).unwrap(), Some(11));

        let reader = pins.open_as(&SPEC, Access::ReadOnly).unwrap().reopen_independent().unwrap();
        assert_eq!(reader.access(), Access::ReadOnly);
    });
}

/// Without the right to go by id, by the pin; and if that is another map by now, not at all.
#[test]
fn a_file_of_its_own_for_the_least_privileged() {
    let pins = testkit::bpffs().pin_dir();
    let map = pins.open_or_create(&SPEC).unwrap();
    testkit::without_capabilities(|| assert_eq!(map.reopen_independent().unwrap().id(), map.id()));

    pins.unpin(SPEC.name()).unwrap();
    pins.open_or_create(&SPEC).unwrap();
    let error = testkit::without_capabilities(|| map.reopen_independent().unwrap_err());
    assert_eq!((error.kind(), error.cause()), (ErrorKind::Gone, "another map is pinned there by now"));
    pins.unpin(SPEC.name()).unwrap();
    let error = testkit::without_capabilities(|| map.reopen_independent().unwrap_err());
    assert_eq!((error.kind(), error.cause()), (ErrorKind::Gone, "nothing is pinned there any more"));
    let unpinned = Map::create(&SPEC).unwrap();
    let error = testkit::without_capabilities(|| unpinned.reopen_independent().unwrap_err());
    assert_eq!(error.kind(), ErrorKind::Denied);
}

#[test]
fn frozen_for_ever() {
    let map = Map::create(&SPEC).unwrap();
    map.insert(&1, &11).unwrap();
    assert!(!map.as_raw().is_frozen().unwrap());
    map.freeze().unwrap();
    assert!(map.as_raw().is_frozen().unwrap());
    let error = map.insert(&1, &12).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ReadOnly);
    assert_eq!(error.cause(), "the map is frozen: nobody can write it from user space any more");
    assert_eq!(map.get(&1).unwrap(), Some(11));
    // Linux says EBUSY up to 6.1 and EPERM from 6.12 on.
    let again = map.freeze().unwrap_err();
    assert!(matches!(again.kind(), ErrorKind::ReadOnly | ErrorKind::Busy), "{again}");
}
