//! BPF file systems: roots and what is in their way, other processes' ones, modes and owners, and all that is pinned.

mod access;
mod process;
mod roots;
mod walk;

use std::process::Command;

use pinfold::MapSpec;
use rustix::mount::{MountFlags, mount};

const SPEC: MapSpec<u32, u64> = MapSpec::new("some", 4);

fn mount_bpf(path: &str) {
    mount("bpf", path, "bpf", MountFlags::empty(), None).unwrap();
}

fn mount_tmpfs(path: &str) {
    mount("none", path, "tmpfs", MountFlags::empty(), None).unwrap();
}

/// A directory of the test's own at the place of the fallback, so that the host's `/run` stays as it is.
fn with_a_run_of_its_own<R: Send>(test: impl FnOnce() -> R + Send) -> R {
    testkit::without_bpffs(|| {
        mount_tmpfs("/run");
        test()
    })
}

#[test]
fn local_names() {
    let names = [0, 42, u16::MAX].map(|id| pinfold::local_name("policy_", id));
    assert_eq!(names, ["policy_00000", "policy_00042", "policy_65535"]);
}

#[test]
fn commands_are_told_where_it_is() {
    let bpffs = testkit::bpffs();
    let output = Command::new("env").env_clear().envs(bpffs.environment()).output();
    let path = bpffs.path().display();
    let expected = format!("CILIUM_BPF_MNT={path}\nTC_BPF_MNT={path}\n");
    let mut lines: Vec<String> =
        String::from_utf8(output.unwrap().stdout).unwrap().lines().map(str::to_owned).collect();
    lines.sort();
    assert_eq!(lines.join("\n") + "\n", expected);
}
