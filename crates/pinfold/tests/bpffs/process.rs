//! What other processes see and hold.

use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use pinfold::{Bpffs, ErrorKind, PinnedObject};
use rustix::mount::mount_bind;
use testkit::leaves_no_descriptor;

use super::{SPEC, mount_bpf};

/// Another process, which ends with the test.
struct Sleeper(Child);

impl Sleeper {
    fn with_stdin(stdin: Stdio) -> Sleeper {
        Sleeper(Command::new("sleep").arg("600").stdin(stdin).spawn().unwrap())
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn what_a_process_sees() {
    let (sender, receiver) = std::sync::mpsc::channel();
    let (done, wait) = std::sync::mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            testkit::without_bpffs(move || {
                mount_bpf("/sys/fs/bpf");
                mount_bpf("/sys/fs/bpf");
                let id = Bpffs::at("/sys/fs/bpf").unwrap().pin_dir().open_or_create(&SPEC).unwrap().id();
                let sleeper = Sleeper::with_stdin(Stdio::null());
                sender.send((sleeper, id)).unwrap();
                // Not before the other thread is done: it drops its end.
                wait.recv().unwrap_err();
            });
        });
        let (sleeper, id) = receiver.recv().unwrap();
        leaves_no_descriptor(|| {
            let bpffs = Bpffs::of_process(sleeper.0.id()).unwrap();
            assert_eq!(bpffs.pin_dir().open(&SPEC).unwrap().id(), id);
            assert_eq!(bpffs.walk().filter(|pinned| matches!(pinned.what, PinnedObject::Map)).count(), 1);
            assert_eq!(bpffs.stacked().unwrap(), 2, "among that process's mounts");
            let error = testkit::as_nobody(|| Bpffs::of_process(sleeper.0.id()).unwrap_err());
            assert_eq!(
                (error.kind(), error.cause()),
                (ErrorKind::Denied, "this process may not look into that one"),
                "{error}"
            );
            // It stays when the process goes.
            let pid = sleeper.0.id();
            drop(sleeper);
            drop(done);
            assert_eq!(bpffs.pin_dir().open(&SPEC).unwrap().id(), id);
            let error = Bpffs::of_process(pid).unwrap_err();
            assert_eq!((error.kind(), error.cause()), (ErrorKind::NotFound, "there is no such process"), "{error}");
        });
    });
}

#[test]
fn a_process_that_sees_none() {
    testkit::without_bpffs(|| {
        let sleeper = Sleeper::with_stdin(Stdio::null());
        let pid = sleeper.0.id();
        let error = Bpffs::of_process(pid).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoBpffs, "{error}");
        assert_eq!(error.path(), Some(Path::new(&format!("/proc/{pid}/root/sys/fs/bpf"))));
    });
    for pid in [0, u32::MAX] {
        assert_eq!(Bpffs::of_process(pid).unwrap_err().kind(), ErrorKind::NotFound);
    }
}

/// A link in another process's root must not lead into ours.
#[test]
fn links_are_followed_as_the_process_would() {
    testkit::without_bpffs(|| {
        fs::create_dir("/sys/fs/ours").unwrap();
        mount_bpf("/sys/fs/ours");
        fs::create_dir_all("/sys/fs/jail/sys/fs").unwrap();
        symlink("/sys/fs/ours", "/sys/fs/jail/sys/fs/bpf").unwrap();
        // A shell that is static enough isn't at hand: the jail gets the host's directories.
        for directory in ["bin", "lib", "lib64", "usr"] {
            let inside = format!("/sys/fs/jail/{directory}");
            fs::create_dir(&inside).unwrap();
            if Path::new("/").join(directory).exists() {
                mount_bind(format!("/{directory}"), inside).unwrap();
            }
        }
        let mut jailed = Command::new("chroot");
        let jailed = jailed.args(["/sys/fs/jail", "/bin/sh", "-c", "echo in; exec sleep 600"]);
        let mut sleeper = Sleeper(jailed.stdout(Stdio::piped()).spawn().unwrap());
        let mut said = [0; 3];
        std::io::Read::read_exact(sleeper.0.stdout.as_mut().unwrap(), &mut said).unwrap();
        assert_eq!(Bpffs::of_process(sleeper.0.id()).unwrap_err().kind(), ErrorKind::NotFound);
    });
}

#[test]
fn a_detached_one_of_another_process() {
    leaves_no_descriptor(|| {
        let ours = testkit::bpffs();
        let id = ours.pin_dir().open_or_create(&SPEC).unwrap().id();
        let root = OwnedFd::from(fs::File::open(ours.path()).unwrap());
        let sleeper = Sleeper::with_stdin(Stdio::from(root));
        let theirs = Bpffs::at(format!("/proc/{}/fd/0", sleeper.0.id())).unwrap();
        drop(ours);
        assert_eq!(theirs.pin_dir().open(&SPEC).unwrap().id(), id);
        assert_eq!(theirs.stacked().unwrap(), 0);
    });
}
