//! Directories of pins: names, listing, removal, and everything that is no pin.

use std::ffi::OsString;
use std::os::fd::AsFd as _;
use std::os::unix::fs::PermissionsExt as _;

use pinfold::{Bpffs, ErrorKind, Map, MapSpec, Program, ProgramType, insn};
use testkit::leaves_no_descriptor;

const SPEC: MapSpec<u32, u64> = MapSpec::new("some", 4);

#[test]
fn a_name_is_made_found_and_removed() {
    leaves_no_descriptor(|| {
        let pins = testkit::bpffs().pin_dir();
        let map = Map::create(&SPEC).unwrap();
        assert!(pins.list().unwrap().is_empty(), "no directory, no pins");
        assert!(!pins.unpin("some").unwrap());

        pins.pin("some", map.as_fd()).unwrap();
        pins.pin("another name", map.as_fd()).unwrap();
        assert_eq!(pins.list().unwrap(), ["another name", "some"].map(OsString::from));
        let mode = std::fs::metadata(pins.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o755);

        let again = pins.pin("some", map.as_fd()).unwrap_err();
        assert_eq!(again.kind(), ErrorKind::Exists, "{again}");
        assert!(pins.unpin("some").unwrap());
        assert!(!pins.unpin("some").unwrap());
        assert_eq!(pins.list().unwrap(), ["another name"].map(OsString::from));
    });
}

#[test]
fn a_pinned_map_outlives_its_handle() {
    let pins = testkit::bpffs().dir("some/where").unwrap();
    let id = {
        let map = pins.open_or_create(&SPEC).unwrap();
        map.insert(&1, &2).unwrap();
        map.id()
    };
    let map = pins.open(&SPEC).unwrap();
    assert_eq!((map.id(), map.is_new(), map.get(&1).unwrap()), (id, false, Some(2)));
    assert_eq!(map.path(), Some(pins.path().join("some").as_path()));
}

#[test]
fn names_that_no_bpffs_takes_are_refused_everywhere() {
    let bpffs = testkit::bpffs();
    let pins = bpffs.pin_dir();
    let map = Map::create(&SPEC).unwrap();
    let long = "x".repeat(256);
    for name in ["", ".", "..", "a.b", "a/b", "../escape", "nul\0", &long] {
        let errors = [
            pins.pin(name, map.as_fd()).unwrap_err(),
            pins.open_fd(name).map(drop).unwrap_err(),
            pins.unpin(name).map(drop).unwrap_err(),
            pins.open(&SPEC.with_name(name.to_owned())).map(drop).unwrap_err(),
            pins.open_or_create(&SPEC.with_name(name.to_owned())).map(drop).unwrap_err(),
        ];
        for error in errors {
            assert_eq!((error.kind(), error.errno()), (ErrorKind::Invalid, None), "{name:?}: {error}");
            assert!(error.remedy().is_some(), "{error}");
        }
    }
    for relative in ["", "/", "a//b", "../b", "a/..", "a.d"] {
        assert_eq!(bpffs.dir(relative).unwrap_err().kind(), ErrorKind::Invalid, "{relative:?}");
    }
    assert!(!pins.path().exists(), "nothing was created on the way");
}

/// The longest name that is allowed, with everything in it that is.
#[test]
fn names_that_a_bpffs_takes_are_taken() {
    let pins = testkit::bpffs().pin_dir();
    for name in ["x".repeat(255).as_str(), "with space", "a:b", "\u{fc}ber", "-", "\n"] {
        let map = pins.open_or_create(&SPEC.with_name(name.to_owned())).unwrap();
        assert_eq!(map.name(), name);
        assert!(pins.unpin(name).unwrap(), "{name:?}");
    }
}

#[test]
fn a_pin_of_a_program_is_not_a_map() {
    leaves_no_descriptor(|| {
        let pins = testkit::bpffs().pin_dir();
        let filter = [insn::mov_imm(insn::Reg::R0, 0), insn::exit()];
        let program = Program::load(ProgramType::SocketFilter, "nothing", &filter).unwrap();
        pins.pin("some", program.as_fd()).unwrap();
        for error in [pins.open(&SPEC).unwrap_err(), pins.open_or_create(&SPEC).unwrap_err()] {
            assert_eq!((error.kind(), error.cause()), (ErrorKind::Incompatible, "it is a program, not a map"));
            assert_eq!(error.path(), Some(pins.path().join("some").as_path()));
        }
        assert_eq!(pins.list().unwrap(), ["some"].map(OsString::from), "and it was left alone");
    });
}

#[test]
fn a_pin_of_a_link_is_not_a_map() {
    leaves_no_descriptor(|| {
        let pins = testkit::bpffs().pin_dir();
        pins.pin("some", testkit::link().as_fd()).unwrap();
        let error = pins.open_or_create(&SPEC).unwrap_err();
        assert_eq!((error.kind(), error.cause()), (ErrorKind::Incompatible, "it is a link, not a map"));
    });
}

#[test]
fn a_directory_is_not_a_pin() {
    let bpffs = testkit::bpffs();
    let pins = bpffs.dir("outer").unwrap();
    bpffs.dir("outer/some").unwrap().pin("x", Map::create(&SPEC).unwrap().as_fd()).unwrap();
    for error in [pins.open(&SPEC).map(drop).unwrap_err(), pins.unpin("some").map(drop).unwrap_err()] {
        assert_eq!((error.kind(), error.cause()), (ErrorKind::Invalid, "that is a directory, not a pin"), "{error}");
    }
    assert!(pins.list().unwrap().is_empty());
}

#[test]
fn nothing_pinned_there() {
    let pins = testkit::bpffs().pin_dir();
    let error = pins.open(&SPEC).unwrap_err();
    assert_eq!((error.kind(), error.cause()), (ErrorKind::NotFound, "nothing is pinned there"));
}

#[test]
fn a_directory_that_is_no_bpffs() {
    let directory = std::env::temp_dir();
    let error = Bpffs::at(&directory).unwrap_err();
    assert_eq!((error.kind(), error.path()), (ErrorKind::NoBpffs, Some(directory.as_path())));
    assert_eq!(error.remedy(), Some("mount one there: mount -t bpf bpf DIRECTORY"));
    let pin_like = Bpffs::at("/proc/version").unwrap_err();
    assert_eq!(pin_like.kind(), ErrorKind::NoBpffs);
    assert_eq!(Bpffs::mount("/proc/version").unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(Bpffs::at("/no/such/place").unwrap_err().kind(), ErrorKind::NotFound);
}

/// A symbolic link leads out of the file system, to a file that is precious.
#[test]
fn a_link_out_of_the_bpffs_is_not_followed_to_files() {
    let bpffs = testkit::bpffs();
    let outside = std::env::temp_dir().join(format!("pinfold-outside-{}", std::process::id()));
    std::fs::create_dir_all(&outside).unwrap();
    std::fs::write(outside.join("some"), "precious").unwrap();
    std::os::unix::fs::symlink(&outside, bpffs.path().join("link")).unwrap();

    let pins = bpffs.dir("link").unwrap();
    let map = Map::create(&SPEC).unwrap();
    let errors = [
        pins.unpin("some").map(drop).unwrap_err(),
        pins.list().map(drop).unwrap_err(),
        pins.open(&SPEC).map(drop).unwrap_err(),
        pins.pin("new", map.as_fd()).unwrap_err(),
        pins.open_or_create(&SPEC.with_name("new")).map(drop).unwrap_err(),
    ];
    let left = std::fs::read_to_string(outside.join("some"));
    std::fs::remove_dir_all(&outside).unwrap();
    assert_eq!(left.unwrap(), "precious");
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::NoBpffs, "{error}");
    }
}

/// A directory that is missing behind such a link isn't created there.
#[test]
fn no_directory_is_created_outside() {
    let bpffs = testkit::bpffs();
    let outside = std::env::temp_dir().join(format!("pinfold-missing-{}", std::process::id()));
    std::fs::create_dir_all(&outside).unwrap();
    std::os::unix::fs::symlink(&outside, bpffs.path().join("link")).unwrap();
    let error = bpffs.dir("link/a/b").unwrap().open_or_create(&SPEC).unwrap_err();
    let created = outside.join("a").exists();
    std::fs::remove_dir_all(&outside).unwrap();
    assert_eq!((error.kind(), created), (ErrorKind::NoBpffs, false), "{error}");
}

#[test]
fn the_least_privileged_are_told_what_forbids_it() {
    let pins = testkit::bpffs().root_dir();
    let map = pins.open_or_create(&SPEC).unwrap();
    let shut = pins.bpffs().dir("shut").unwrap();
    shut.pin("x", map.as_fd()).unwrap();
    std::fs::set_permissions(shut.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
    let cause = |error: pinfold::Error| {
        assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
        error.cause().replace(&shut.path().display().to_string(), "SHUT")
    };
    testkit::as_nobody(|| {
        let sticky = cause(pins.unpin("some").unwrap_err());
        assert_eq!(sticky, "in a sticky directory only the owner of the pin or of the directory may do that");
        let unreadable = cause(shut.list().unwrap_err());
        assert_eq!(unreadable, "user 65534 has no access: the mode of SHUT is 0711, its owner 0");
        let unwritable = cause(shut.pin("y", map.as_fd()).unwrap_err());
        assert_eq!(unwritable, "user 65534 has no access: the mode of SHUT is 0711, its owner 0");
        let unopened = cause(shut.open_raw("x").unwrap_err());
        assert_eq!(unopened, "user 65534 has no access: the mode of SHUT/x is 0600, its owner 0");
    });
}

#[test]
fn mounted_only_when_asked() {
    testkit::without_bpffs(|| {
        let error = Bpffs::find().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoBpffs, "{error}");
        let bpffs = Bpffs::mount("/sys/fs/bpf").unwrap();
        assert_eq!(Bpffs::find().unwrap().path(), bpffs.path());
        assert_eq!(std::fs::metadata("/sys/fs/bpf").unwrap().permissions().mode() & 0o777, 0o700);
        bpffs.pin_dir().open_or_create(&SPEC).unwrap();
        // Asked once more, it takes what is there.
        assert_eq!(Bpffs::mount("/sys/fs/bpf").unwrap().pin_dir().list().unwrap(), ["some"].map(OsString::from));
        assert_eq!(Bpffs::find_or_mount().unwrap().pin_dir().list().unwrap(), ["some"].map(OsString::from));
    });
}

/// BPF file systems stack, and one on top would hide the pins of the one below.
#[test]
fn two_that_mount_at_once_mount_once() {
    testkit::without_bpffs(|| {
        for round in 0..50 {
            let point = format!("/sys/fs/race{round}");
            std::fs::create_dir(&point).unwrap();
            let ids = std::thread::scope(|scope| {
                let open = || Bpffs::mount(&point).unwrap().root_dir().open_or_create(&SPEC).unwrap().id();
                [scope.spawn(open), scope.spawn(open)].map(|thread| thread.join().unwrap())
            });
            assert_eq!(ids[0], ids[1]);
            let mounts = std::fs::read_to_string("/proc/thread-self/mountinfo").unwrap();
            assert_eq!(mounts.matches(&format!(" {point} ")).count(), 1);
        }
    });
}

#[test]
fn one_mounted_elsewhere_is_found() {
    testkit::without_bpffs(|| {
        std::fs::create_dir("/sys/fs/my own").unwrap();
        Bpffs::mount("/sys/fs/my own").unwrap();
        assert_eq!(Bpffs::find().unwrap().path(), std::path::Path::new("/sys/fs/my own"));
        assert_eq!(Bpffs::mount("/sys/fs/missing").unwrap_err().kind(), ErrorKind::NotFound);
    });
}
