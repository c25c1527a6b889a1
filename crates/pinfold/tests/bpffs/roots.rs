//! Where a BPF file system is mounted, and what may be in the way.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use pinfold::{Bpffs, BpffsMount, ErrorKind, Operation};
use rustix::mount::{UnmountFlags, mount_bind, unmount};
use testkit::leaves_no_descriptor;

use super::{SPEC, mount_bpf, mount_tmpfs, with_a_run_of_its_own};

#[test]
fn the_default_path_comes_first() {
    with_a_run_of_its_own(|| {
        // One that is mounted elsewhere changes nothing: everybody who asks like this gets the same one.
        fs::create_dir("/sys/fs/elsewhere").unwrap();
        mount_bpf("/sys/fs/elsewhere");
        assert_eq!(Bpffs::find().unwrap().path(), Path::new("/sys/fs/elsewhere"));
        assert_eq!(Bpffs::find_or_mount().unwrap().path(), Path::new(Bpffs::DEFAULT_PATH));
        assert_eq!(Bpffs::find_or_mount().unwrap().stacked().unwrap(), 1);
        assert!(!Path::new("/run/pinfold").exists());
    });
}

#[test]
fn something_else_at_the_default_path_is_left_alone() {
    with_a_run_of_its_own(|| {
        leaves_no_descriptor(|| {
            mount_tmpfs("/sys/fs/bpf");
            fs::write("/sys/fs/bpf/file", "precious").unwrap();
            let bpffs = Bpffs::find_or_mount().unwrap();
            assert_eq!(bpffs.path(), Path::new(Bpffs::FALLBACK_PATH));
            let id = bpffs.root_dir().open_or_create(&SPEC).unwrap().id();
            let mode = |path| fs::metadata(path).unwrap().mode() & 0o7777;
            assert_eq!((mode("/run/pinfold"), mode("/run/pinfold/bpffs") & 0o777), (0o755, 0o700));

            // The second time it is taken, and others find it.
            for again in [Bpffs::find_or_mount().unwrap(), Bpffs::find().unwrap()] {
                assert_eq!(again.path(), bpffs.path());
                assert_eq!(again.root_dir().open(&SPEC).unwrap().id(), id);
            }
            assert_eq!(fs::read_to_string("/sys/fs/bpf/file").unwrap(), "precious");
            assert_eq!(Bpffs::mounts().unwrap().len(), 1);
        });
    });
}

/// A container's empty directory may be of the same device as the one above it.
#[test]
fn a_bind_mount_is_something_else_too() {
    with_a_run_of_its_own(|| {
        fs::create_dir("/sys/fs/empty").unwrap();
        testkit::bind_over("/sys/fs/empty", "/sys/fs/bpf");
        assert_eq!(Bpffs::find_or_mount().unwrap().path(), Path::new(Bpffs::FALLBACK_PATH));
    });
}

#[test]
fn a_custom_root_has_no_fallback() {
    with_a_run_of_its_own(|| {
        fs::create_dir("/sys/fs/mine").unwrap();
        mount_tmpfs("/sys/fs/mine");
        for path in ["/sys/fs/mine", "/sys/fs"] {
            let error = Bpffs::mount(path).unwrap_err();
            assert_eq!((error.kind(), error.operation()), (ErrorKind::NoBpffs, Operation::MountBpffs));
            assert_eq!(
                error.to_string(),
                format!(
                    "mount a BPF file system at {path}: a file system of type tmpfs is mounted there; use another \
                     directory, or unmount it"
                )
            );
        }
        assert!(Bpffs::mounts().unwrap().is_empty() && !Path::new("/run/pinfold").exists());
        // Not so where both places are taken.
        mount_tmpfs("/sys/fs/bpf");
        fs::create_dir_all(Bpffs::FALLBACK_PATH).unwrap();
        mount_tmpfs(Bpffs::FALLBACK_PATH);
        let error = Bpffs::find_or_mount().unwrap_err();
        assert_eq!(
            (error.kind(), error.path()),
            (ErrorKind::NoBpffs, Some(Path::new(Bpffs::FALLBACK_PATH))),
            "{error}"
        );
    });
}

#[test]
fn a_stack_is_refused() {
    with_a_run_of_its_own(|| {
        mount_bpf("/sys/fs/bpf");
        Bpffs::at("/sys/fs/bpf").unwrap().dir("sub").unwrap().open_or_create(&SPEC).unwrap();
        mount_bind("/sys/fs/bpf/sub", "/sys/fs/bpf").unwrap();
        assert_eq!(Bpffs::find_or_mount().unwrap().stacked().unwrap(), 1, "a sub-directory doesn't count");
        mount_bpf("/sys/fs/bpf");
        mount_bpf("/sys/fs/bpf");
        let error = Bpffs::find_or_mount().unwrap_err();
        assert_eq!(
            error.to_string(),
            "find a BPF file system at /sys/fs/bpf: 3 are mounted there on top of each other, and each hides the pins \
             of those below; unmount the upper ones: umount /sys/fs/bpf, 2 times; or take the uppermost with Bpffs::at"
        );
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert_eq!(Bpffs::at("/sys/fs/bpf").unwrap().stacked().unwrap(), 3);

        let roots: Vec<PathBuf> = Bpffs::mounts().unwrap().into_iter().map(|mount| mount.root).collect();
        assert_eq!(roots, ["/", "/sub", "/", "/"].map(PathBuf::from));
        for _ in 0..3 {
            unmount("/sys/fs/bpf", UnmountFlags::empty()).unwrap();
        }
        assert_eq!(Bpffs::find_or_mount().unwrap().stacked().unwrap(), 1);
    });
}

#[test]
fn mounts_of_the_same_point_that_are_hidden_do_not_stack() {
    testkit::without_bpffs(|| {
        mount_bpf("/sys/fs/bpf");
        mount_tmpfs("/sys/fs");
        fs::create_dir("/sys/fs/bpf").unwrap();
        let bpffs = Bpffs::find_or_mount().unwrap();
        let points: Vec<PathBuf> = Bpffs::mounts().unwrap().into_iter().map(|mount| mount.mount_point).collect();
        assert_eq!(points, ["/sys/fs/bpf", "/sys/fs/bpf"].map(PathBuf::from));
        assert_eq!(bpffs.stacked().unwrap(), 1);
    });
}

#[test]
fn mounts_are_told_as_they_are() {
    testkit::without_bpffs(|| {
        assert_eq!(Bpffs::mounts().unwrap(), []);
        let point = "/sys/fs/with space\\and 100%";
        fs::create_dir(point).unwrap();
        let bpffs = Bpffs::mount(point).unwrap();
        let mounts = Bpffs::mounts().unwrap();
        let [BpffsMount { id, mount_point, root, options, file_system_options, .. }] = mounts.as_slice() else {
            panic!("{mounts:?}")
        };
        assert!(*id > 0);
        assert_eq!((mount_point.as_path(), root.as_path()), (Path::new(point), Path::new("/")));
        assert_eq!(options, "rw,nosuid,nodev,noexec,relatime");
        assert!(file_system_options.split(',').any(|option| option == "mode=700"), "{file_system_options}");
        assert_eq!(bpffs.stacked().unwrap(), 1);
        assert_eq!(testkit::bpffs().stacked().unwrap(), 0, "mounted nowhere");
    });
}
