//! Processes that open or create one name at once: all end with the same map, and none sees an error.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};

use pinfold::{Bpffs, MapSpec};

const SPEC: MapSpec<u32, u64> = MapSpec::new("race", 16);
const ROUNDS: u32 = 1_000;
/// Tells a process of this very test that it is one of the racers, and where.
const WHERE: &str = "PINFOLD_TEST_RACE_IN";
/// What the racers' own lines start with: the test harness prints others.
const MARK: &str = "raced ";

#[test]
fn two_processes_at_once() {
    race(2);
}

#[test]
fn eight_processes_at_once() {
    race(8);
}

/// Does nothing unless it was started by [`race`]: opens or creates a map for each line on its standard input.
#[test]
fn racer() {
    let Ok(path) = std::env::var(WHERE) else { return };
    let pins = Bpffs::at(path).unwrap().pin_dir();
    for (round, line) in (0..ROUNDS).zip(std::io::stdin().lines()) {
        line.unwrap();
        let map = pins.open_or_create(&SPEC.with_name(format!("race{round}"))).unwrap();
        map.insert(&std::process::id(), &1).unwrap();
        println!("{MARK}{} {}", map.id(), map.is_new());
    }
}

fn race(count: usize) {
    let bpffs = testkit::bpffs();
    // The detached file system as others see it.
    let number = bpffs.path().file_name().unwrap().to_str().unwrap();
    let path = format!("/proc/{}/fd/{number}", std::process::id());
    let mut racers: Vec<Racer> = (0..count).map(|_| Racer::start(&path)).collect();
    for round in 0..ROUNDS {
        racers.iter_mut().for_each(Racer::go);
        let results: Vec<(u32, bool)> = racers.iter_mut().map(Racer::result).collect();
        let id = results[0].0;
        assert!(results.iter().all(|(other, _)| *other == id), "round {round}: {results:?}");
        assert_eq!(results.iter().filter(|(_, created)| *created).count(), 1, "round {round}: {results:?}");
    }
    for mut racer in racers {
        assert!(racer.child.wait().unwrap().success());
    }
    assert_eq!(bpffs.pin_dir().list().unwrap().len(), ROUNDS as usize);
}

struct Racer {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Racer {
    fn start(path: &str) -> Racer {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "racer", "--nocapture"])
            .env(WHERE, path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Racer { child, lines }
    }

    fn go(&mut self) {
        self.child.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
    }

    /// The id of the map that this racer ended with, and whether it created it.
    fn result(&mut self) -> (u32, bool) {
        let line = self.lines.by_ref().map(Result::unwrap).find(|line| line.contains(MARK));
        let line = line.expect("a racer failed: see its message above");
        let (id, created) = line.split_once(MARK).unwrap().1.split_once(' ').unwrap();
        (id.parse().unwrap(), created.parse().unwrap())
    }
}
