//! The example of the README, run as its reader would run it, in a mount namespace of its own.

use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use pinfold::Bpffs;

/// Cargo builds examples before it runs tests, next to them.
fn example() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let built = test.ancestors().nth(2).map(|directory| directory.join("examples/quickstart")).unwrap();
    assert!(built.exists(), "{} is missing: cargo test builds it unless told otherwise", built.display());
    built
}

fn quickstart(arguments: &[&str]) -> String {
    let output = Command::new(example()).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The numbers in the last columns of the line that starts with `label`.
fn figures(output: &str, label: &str) -> Vec<u64> {
    let line = output.lines().find(|line| line.starts_with(label)).unwrap_or_else(|| panic!("no {label} in {output}"));
    line.split_ascii_whitespace().filter_map(|column| column.parse().ok()).collect()
}

#[test]
fn a_second_run_goes_on_counting() {
    testkit::without_bpffs(|| {
        let first = quickstart(&[]);
        assert!(first.starts_with("mounted a BPF file system at /sys/fs/bpf"), "{first}");
        assert!(first.contains("created /sys/fs/bpf/tc/globals/qs_deny: lpm_trie"), "{first}");
        assert!(first.contains("created /sys/fs/bpf/tc/globals/qs_flows: percpu_hash"), "{first}");
        assert!(first.contains("sent 40 datagrams from 5 addresses, 24 arrived"), "{first}");
        assert_eq!(figures(&first, "127.0.0.2 "), [8, 200]);
        assert_eq!(figures(&first, "127.66.0.0/16"), [8]);

        let second = quickstart(&[]);
        assert!(second.starts_with("reused /sys/fs/bpf/tc/globals/qs_deny"), "{second}");
        assert!(second.contains("reused /sys/fs/bpf/tc/globals/qs_flows"), "{second}");
        assert_eq!(figures(&second, "127.0.0.2 "), [16, 400]);
        assert_eq!(figures(&second, "127.66.0.0/16"), [16]);
        assert!(!second.contains("127.0.8.1 "), "what was denied was not counted: {second}");

        assert_eq!(quickstart(&["--reset"]).matches("removed").count(), 2);
        assert!(!Path::new("/sys/fs/bpf/tc/globals/qs_flows").exists());
        let third = quickstart(&[]);
        assert_eq!(figures(&third, "127.0.0.2 "), [8, 200]);
    });
}

/// As `quickstart | head -1` does.
#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    testkit::without_bpffs(|| {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = Command::new(example()).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    });
}

/// A child that another test forked may still hold the copy open for writing, until it has started its own program.
fn as_nobody(program: &Path) -> std::io::Result<Output> {
    loop {
        match Command::new(program).uid(65534).gid(65534).output() {
            Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => std::thread::yield_now(),
            other => return other,
        }
    }
}

#[test]
fn without_privileges_it_says_which() {
    testkit::without_bpffs(|| {
        Bpffs::mount("/sys/fs/bpf").unwrap();
        // Where the user nobody can reach it, too.
        let directory = std::env::temp_dir().join(format!("pinfold-quickstart-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o755)).unwrap();
        let copy = directory.join("quickstart");
        std::fs::copy(example(), &copy).unwrap();
        let output = as_nobody(&copy);
        std::fs::remove_dir_all(&directory).unwrap();

        let output = output.unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && output.stdout.is_empty());
        assert!(text.contains("user 65534 has no access: the mode of /sys/fs/bpf is 1700, its owner 0"), "{text}");
        assert!(text.contains("This example needs root; or CAP_BPF"), "{text}");
    });
}
