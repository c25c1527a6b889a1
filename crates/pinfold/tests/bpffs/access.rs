//! Modes and owners of directories and pins.

use std::collections::BTreeSet;
use std::fs;
use std::os::fd::AsFd as _;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use pinfold::{ErrorKind, Map, MapFlags, Operation, PinnedObject};
use testkit::leaves_no_descriptor;

use super::SPEC;

const NOBODY: u32 = 65534;

/// Mode, user and group.
fn access(path: &Path) -> (u32, u32, u32) {
    let metadata = fs::metadata(path).unwrap();
    (metadata.mode() & 0o7777, metadata.uid(), metadata.gid())
}

#[test]
fn nothing_said_is_as_the_kernel_makes_it() {
    let pins = testkit::bpffs().dir("a/b").unwrap();
    pins.open_or_create(&SPEC).unwrap();
    assert_eq!(access(pins.path()), (0o755, 0, 0));
    assert_eq!(access(&pins.path().join("some")), (0o600, 0, 0));
}

#[test]
fn modes_and_owners_are_exact() {
    leaves_no_descriptor(|| {
        let bpffs = testkit::bpffs();
        let outer = bpffs.dir("there").unwrap();
        outer.open_or_create(&SPEC).unwrap();
        let pins = bpffs.dir("there/a/b").unwrap().with_dir_mode(0o2775).with_pin_mode(0o666);
        let pins = pins.with_owner(Some(NOBODY), Some(7));
        pins.open_or_create(&SPEC).unwrap();
        assert_eq!(access(outer.path()), (0o755, 0, 0), "what is there stays as it is");
        assert_eq!(access(&outer.path().join("a")), (0o2775, NOBODY, 7));
        assert_eq!(access(pins.path()), (0o2775, NOBODY, 7));
        assert_eq!(access(&pins.path().join("some")), (0o666, NOBODY, 7));
        let id = pins.open_or_create(&SPEC).unwrap().id();
        assert_eq!(pins.open(&SPEC).unwrap().id(), id);

        // Each by itself.
        let pins = bpffs.dir("x").unwrap().with_owner(None, Some(7));
        pins.open_or_create(&SPEC).unwrap();
        assert_eq!((access(pins.path()), access(&pins.path().join("some"))), ((0o755, 0, 7), (0o600, 0, 7)));
        let pins = bpffs.dir("y").unwrap().with_dir_mode(0o500);
        pins.open_or_create(&SPEC).unwrap();
        assert_eq!((access(pins.path()), access(&pins.path().join("some"))), ((0o500, 0, 0), (0o600, 0, 0)));

        let error = pins.clone().with_pin_mode(0o400).pin("some", Map::create(&SPEC).unwrap().as_fd()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Exists, "{error}");
        assert_eq!(access(&pins.path().join("some")), (0o600, 0, 0));
        assert_eq!(fs::read_dir(pins.path()).unwrap().count(), 1, "and nothing else is left");
    });
}

#[test]
fn readers_need_nothing_but_the_mode() {
    let pins = testkit::bpffs().dir("public").unwrap().with_dir_mode(0o755).with_pin_mode(0o444);
    let map = pins.open_or_create(&SPEC).unwrap();
    map.insert(&1, &2).unwrap();
    testkit::as_nobody(|| {
        let read_only = pins.open(&SPEC.with_flags(MapFlags::RDONLY)).unwrap();
        assert_eq!(read_only.get(&1).unwrap(), Some(2));
        assert_eq!(read_only.insert(&1, &3).unwrap_err().kind(), ErrorKind::ReadOnly);
        assert_eq!(pins.open(&SPEC).unwrap_err().kind(), ErrorKind::Denied);
        let [pinned] = pins.walk().collect::<Vec<_>>().try_into().unwrap();
        assert!(matches!(pinned.what, PinnedObject::Map), "{pinned:?}");
    });
}

/// Whoever looks at any instant sees nothing, or the mode and owner that were asked for.
#[test]
fn nobody_sees_it_otherwise() {
    let bpffs = testkit::bpffs();
    let map = Map::create(&SPEC).unwrap();
    let stop = AtomicBool::new(false);
    let seen = std::thread::scope(|scope| {
        let watch = || {
            let (dir, pin) = (bpffs.path().join("d"), bpffs.path().join("d/some"));
            let mut seen = BTreeSet::new();
            while !stop.load(Ordering::Relaxed) {
                for path in [&dir, &pin] {
                    seen.extend(fs::metadata(path).map(|it| (it.is_dir(), it.mode() & 0o7777, it.uid(), it.gid())));
                }
            }
            seen
        };
        let watcher = scope.spawn(watch);
        let pins = bpffs.dir("d").unwrap().with_dir_mode(0o550).with_pin_mode(0o440).with_owner(Some(7), Some(8));
        for _ in 0..2000 {
            pins.pin("some", map.as_fd()).unwrap();
            assert!(pins.unpin("some").unwrap());
            fs::remove_dir(pins.path()).unwrap();
        }
        stop.store(true, Ordering::Relaxed);
        watcher.join().unwrap()
    });
    let asked = [(false, 0o440, 7, 8), (true, 0o550, 7, 8)];
    assert!(seen.iter().all(|it| asked.contains(it)), "{seen:?}");
}

#[test]
fn what_may_not_be_given_away_is_not_made() {
    leaves_no_descriptor(|| {
        let bpffs = testkit::bpffs();
        let map = Map::create(&SPEC).unwrap();
        for pins in [bpffs.root_dir(), bpffs.dir("d").unwrap()] {
            let pins = pins.with_owner(Some(7), None);
            let error = testkit::without_capabilities(|| pins.pin("x", map.as_fd()).unwrap_err());
            assert_eq!((error.kind(), error.operation()), (ErrorKind::Denied, Operation::SetAccess), "{error}");
            assert_eq!(error.cause(), "this process may not give it that owner or mode");
            let left = fs::read_dir(bpffs.path()).unwrap().map(|entry| entry.unwrap().file_name());
            let left: Vec<_> = left.filter(|name| Path::new(name).extension().is_none()).collect();
            assert!(left.is_empty(), "{left:?}");
        }
    });
}

/// Without any capability: what one makes for oneself, and even what one can't write afterwards.
#[test]
fn everybody_may_narrow_what_is_theirs() {
    let bpffs = testkit::bpffs();
    let map = Map::create(&SPEC).unwrap();
    testkit::as_nobody(|| {
        let pins = bpffs.dir("mine/narrow").unwrap().with_dir_mode(0o700).with_pin_mode(0o400);
        pins.pin("some", map.as_fd()).unwrap();
        assert_eq!(access(&pins.path().join("some")), (0o400, NOBODY, NOBODY));
        let shut = bpffs.dir("shut").unwrap().with_dir_mode(0o555);
        assert_eq!(shut.pin("some", map.as_fd()).unwrap_err().kind(), ErrorKind::Denied);
        assert_eq!(access(shut.path()), (0o555, NOBODY, NOBODY));
    });
}

#[test]
fn modes_do_not_lead_out_of_the_bpffs() {
    let bpffs = testkit::bpffs();
    let outside = std::env::temp_dir().join(format!("pinfold-modes-{}", std::process::id()));
    fs::create_dir_all(&outside).unwrap();
    symlink(&outside, bpffs.path().join("link")).unwrap();
    let pins = bpffs.dir("link/a/b").unwrap().with_dir_mode(0o700).with_pin_mode(0o400);
    let error = pins.open_or_create(&SPEC).unwrap_err();
    let created = fs::read_dir(&outside).unwrap().count();
    fs::remove_dir_all(&outside).unwrap();
    assert_eq!((error.kind(), created), (ErrorKind::NoBpffs, 0), "{error}");
}

#[test]
fn one_of_many_that_create_at_once_wins() {
    for _ in 0..50 {
        let pins = testkit::bpffs().dir("a/b").unwrap().with_dir_mode(0o711).with_pin_mode(0o640);
        let ids = std::thread::scope(|scope| {
            let open = || pins.open_or_create(&SPEC).unwrap().id();
            let threads = [(); 4].map(|()| scope.spawn(open));
            threads.map(|thread| thread.join().unwrap())
        });
        assert!(ids.iter().all(|id| *id == ids[0]));
        assert_eq!(fs::read_dir(pins.path()).unwrap().count(), 1);
        assert_eq!((access(pins.path()), access(&pins.path().join("some"))), ((0o711, 0, 0), (0o640, 0, 0)));
    }
}
