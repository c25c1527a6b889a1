//! Walking all that is pinned, whatever else is there.

use std::fs::{self, Permissions};
use std::os::fd::AsFd as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use pinfold::{Bpffs, Map, PinnedObject, Program, ProgramType, insn};
use testkit::leaves_no_descriptor;

use super::{SPEC, mount_tmpfs};

/// Paths below the root, with a word for each, in the order of the walk; without what the kernel itself puts there.
fn walked(bpffs: &Bpffs) -> Vec<(String, String)> {
    let word = |what: &PinnedObject| match what {
        PinnedObject::Unreadable(error) => format!("{:?}: {}", error.kind(), error.cause()),
        what => format!("{what:?}"),
    };
    let below = |path: &Path| path.strip_prefix(bpffs.path()).unwrap().display().to_string();
    let all = bpffs.walk().filter(|pinned| pinned.path.extension().is_none());
    all.map(|pinned| (below(&pinned.path), word(&pinned.what))).collect()
}

#[test]
fn everything_is_found_in_order() {
    leaves_no_descriptor(|| {
        let bpffs = testkit::bpffs();
        let (a, deep) = (bpffs.dir("a").unwrap(), bpffs.dir("a/b/c").unwrap());
        let map = Map::create(&SPEC).unwrap();
        let filter = [insn::mov_imm(insn::Reg::R0, 0), insn::exit()];
        let program = Program::load(ProgramType::SocketFilter, "nothing", &filter).unwrap();
        deep.pin("z", map.as_fd()).unwrap();
        deep.pin("program", program.as_fd()).unwrap();
        a.pin("link", testkit::link().as_fd()).unwrap();
        a.pin("aa", map.as_fd()).unwrap();
        bpffs.root_dir().pin("zz", map.as_fd()).unwrap();
        let root = bpffs.path();
        symlink("c/program", root.join("a/b/to a pin")).unwrap();
        symlink("nowhere", root.join("a/dangling")).unwrap();
        symlink("loop", root.join("a/loop")).unwrap();
        symlink(root.join("a"), root.join("a/b/round")).unwrap();
        symlink("/proc/version", root.join("out")).unwrap();
        symlink("/proc", root.join("outer directory")).unwrap();
        fs::create_dir(root.join("empty")).unwrap();

        let expected = [
            ("a/aa", "Map"),
            ("a/b/c/program", "Program"),
            ("a/b/c/z", "Map"),
            ("a/b/to a pin", "Program"),
            ("a/dangling", "Dangling"),
            ("a/link", "Link"),
            ("a/loop", "Dangling"),
            ("out", "NoBpffs: that is not in a BPF file system"),
            ("zz", "Map"),
        ];
        assert_eq!(walked(&bpffs), expected.map(|(path, what)| (path.to_owned(), what.to_owned())));
        assert_eq!(deep.walk().count(), 2);
        assert_eq!(bpffs.dir("missing").unwrap().walk().count(), 0);
        let mut walk = bpffs.dir("a/b/c").unwrap().walk();
        assert_eq!((walk.by_ref().count(), walk.next().is_none()), (2, true));
    });
}

/// The preloaded iterators are links where they are loaded, and can't be opened elsewhere.
#[test]
fn what_the_kernel_puts_there_breaks_nothing() {
    let bpffs = testkit::bpffs();
    bpffs.root_dir().open_or_create(&SPEC).unwrap();
    let in_directory = fs::read_dir(bpffs.path()).unwrap().count();
    let all: Vec<_> = bpffs.walk().collect();
    assert_eq!(all.len(), in_directory);
    for pinned in all {
        let expected = match pinned.path.extension() {
            Some(_) => matches!(pinned.what, PinnedObject::Link | PinnedObject::Other),
            None => matches!(pinned.what, PinnedObject::Map),
        };
        assert!(expected, "{pinned:?}");
    }
}

#[test]
fn what_cannot_be_read_does_not_end_the_walk() {
    leaves_no_descriptor(|| {
        let bpffs = testkit::bpffs();
        for directory in ["a", "b", "c"] {
            bpffs.dir(directory).unwrap().with_pin_mode(0o444).open_or_create(&SPEC).unwrap();
        }
        fs::set_permissions(bpffs.path().join("a/some"), Permissions::from_mode(0o600)).unwrap();
        fs::set_permissions(bpffs.path().join("b"), Permissions::from_mode(0o711)).unwrap();
        let root = bpffs.path().display().to_string();
        let found = testkit::as_nobody(|| walked(&bpffs));
        let found: Vec<_> = found.into_iter().map(|(path, what)| (path, what.replace(&root, "ROOT"))).collect();
        let expected = [
            ("a/some", "Denied: user 65534 has no access: the mode of ROOT/a/some is 0600, its owner 0"),
            ("b", "Denied: user 65534 has no access: the mode of ROOT/b is 0711, its owner 0"),
            ("c/some", "Map"),
        ];
        assert_eq!(found, expected.map(|(path, what)| (path.to_owned(), what.to_owned())));
    });
}

#[test]
fn other_file_systems_within_are_not_entered() {
    testkit::without_bpffs(|| {
        let bpffs = Bpffs::find_or_mount().unwrap();
        for directory in ["a", "b"] {
            fs::create_dir(bpffs.path().join(directory)).unwrap();
        }
        mount_tmpfs("/sys/fs/bpf/a");
        fs::write("/sys/fs/bpf/a/file", "").unwrap();
        bpffs.dir("b").unwrap().open_or_create(&SPEC).unwrap();
        let expected = [("a", "NoBpffs: that is not in a BPF file system"), ("b/some", "Map")];
        assert_eq!(walked(&bpffs), expected.map(|(path, what)| (path.to_owned(), what.to_owned())));
    });
}

#[test]
fn a_walk_ends_somewhere() {
    let bpffs = testkit::bpffs();
    let deep = vec!["d"; 70].join("/");
    bpffs.dir(&deep).unwrap().open_or_create(&SPEC).unwrap();
    let [(path, what)] = walked(&bpffs).try_into().unwrap();
    assert_eq!((path.len(), what.as_str()), (64 * 2 - 1, "Invalid: it is more than 64 directories deep"));
    assert_eq!(bpffs.dir("d/d/d/d/d/d/d").unwrap().walk().count(), 1);
}

/// Names come and go while somebody walks: what is found is what was there, and never an error.
#[test]
fn what_vanishes_meanwhile_is_left_out() {
    let bpffs = testkit::bpffs();
    let map = Map::create(&SPEC).unwrap();
    bpffs.dir("k/eep").unwrap().pin("always", map.as_fd()).unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                for directory in ["a", "k/d", "z"] {
                    let pins = bpffs.dir(directory).unwrap();
                    pins.pin("x", map.as_fd()).unwrap();
                    symlink("x", pins.path().join("y")).unwrap();
                    assert!(pins.unpin("x").unwrap() && pins.unpin("y").unwrap());
                    fs::remove_dir(pins.path()).unwrap();
                }
            }
        });
        let walk = || {
            for _ in 0..2000 {
                let all = walked(&bpffs);
                assert_eq!(all.iter().filter(|(path, what)| path == "k/eep/always" && what == "Map").count(), 1);
                assert!(all.iter().all(|(_, what)| what == "Map" || what == "Dangling"), "{all:?}");
            }
        };
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(walk));
        stop.store(true, Ordering::Relaxed);
        outcome.unwrap();
    });
}
