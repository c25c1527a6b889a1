//! What is known of maps beyond their sizes: descriptors of this process and of others, and who holds what.

use std::fs::File;
use std::os::fd::{AsFd, AsRawFd as _, RawFd};
use std::process::{Child, Command};

use pinfold::{
    Access, Error, ErrorKind, FdInfo, Map, MapFlags, MapSpec, MapType, Operation, Program, ProgramType, RawMap,
    RawMapSpec, holders, insn,
};
use testkit::{as_nobody, leaves_no_descriptor};

const SPEC: MapSpec<u32, u64> = MapSpec::new("flows", 16);
/// Above every descriptor that a test opens, and below every limit.
const NOT_OPEN: RawFd = 1000;
/// Above every limit: `pid_max` is 2^22 at most.
const NOBODYS_PID: u32 = 1 << 23;

/// A process that has a descriptor as its standard input, and does nothing with it until it is dropped.
struct Sleeper(Child);

impl Sleeper {
    fn with(fd: impl AsFd) -> Sleeper {
        let stdin = fd.as_fd().try_clone_to_owned().unwrap();
        Sleeper(Command::new("sleep").arg("600").stdin(stdin).spawn().unwrap())
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn program() -> Program {
    let nothing = [insn::mov_imm(insn::Reg::R0, 0), insn::exit()];
    Program::load(ProgramType::SocketFilter, "nothing", &nothing).unwrap()
}

#[test]
fn fdinfo_agrees_with_the_maps_own_information() {
    leaves_no_descriptor(|| {
        let trie = RawMapSpec::new("trie", MapType::LpmTrie, 8, 5, 9).with_flags(MapFlags::NO_PREALLOC);
        let array = RawMapSpec::new("array", MapType::PerCpuArray, 4, 3, 7);
        for map in [Map::create(&SPEC).unwrap().as_raw().clone()]
            .into_iter()
            .chain([&trie, &array].map(|spec| RawMap::create(spec).unwrap()))
        {
            let (said, info) = (map.fd_info().unwrap(), map.info());
            assert_eq!((said.map_type, said.map_id), (Some(info.map_type), Some(info.id)));
            assert_eq!((said.key_size, said.value_size), (Some(info.key_size), Some(info.value_size)));
            assert_eq!((said.max_entries, said.map_flags), (Some(info.max_entries), Some(info.flags)));
            assert_eq!(said.map_extra.unwrap_or(0), info.map_extra);
            assert_eq!((said.access, said.frozen), (Some(Access::ReadWrite), Some(false)));
            assert_eq!((said.owner_prog_type, said.owner_jited), (None, None));
            assert!(!map.is_frozen().unwrap());
            let other: Vec<&str> = said.other().map(|(name, _)| name).collect();
            assert_eq!(other, ["pos", "flags", "mnt_id", "ino"], "all the rest is understood");
        }
    });
}

#[test]
fn memory_is_counted_in_bytes() {
    let spec = RawMapSpec::new("large", MapType::Array, 4, 4096, 4096);
    let memory = RawMap::create(&spec).unwrap().fd_info().unwrap().memlock.unwrap();
    assert!((16 << 20..17 << 20).contains(&memory), "{memory}");
}

#[test]
fn what_a_descriptor_allows() {
    for (flags, access) in [(MapFlags::RDONLY, Access::ReadOnly), (MapFlags::WRONLY, Access::WriteOnly)] {
        let map = Map::create(&SPEC.with_flags(flags)).unwrap();
        assert_eq!(map.fd_info().unwrap().access, Some(access));
        let sleeper = Sleeper::with(&map);
        let duplicate = RawMap::from_process(sleeper.pid(), 0).unwrap();
        assert_eq!(duplicate.fd_info().unwrap().access, Some(access), "a duplicate allows the same");
    }
}

/// The first program that is put in decides which ones a program array takes.
#[test]
fn the_owner_of_a_program_array() {
    let map = RawMap::create(&RawMapSpec::new("calls", MapType::ProgArray, 4, 4, 8)).unwrap();
    assert_eq!(map.fd_info().unwrap().owner_prog_type, None);
    let program = program();
    map.insert(&[0; 4], &program.as_fd().as_raw_fd().to_ne_bytes()).unwrap();
    let info = map.fd_info().unwrap();
    assert_eq!(info.owner_prog_type, Some(ProgramType::SocketFilter));
    assert!(info.owner_jited.is_some());
}

#[test]
fn a_descriptor_of_another_process() {
    let map = Map::create(&SPEC).unwrap();
    let sleeper = Sleeper::with(&map);
    assert_eq!(FdInfo::of(sleeper.pid(), 0).unwrap().map_id, Some(map.id()));
    leaves_no_descriptor(|| {
        let duplicate = RawMap::from_process(sleeper.pid(), 0).unwrap();
        assert_eq!((duplicate.id(), duplicate.name(), duplicate.is_new()), (map.id(), "flows", false));
        duplicate.typed(&SPEC).unwrap().insert(&1, &11).unwrap();
        assert!(rustix::io::fcntl_getfd(&duplicate).unwrap().contains(rustix::io::FdFlags::CLOEXEC));
    });
    assert_eq!(map.get(&1).unwrap(), Some(11), "it is the same map");
    let own = RawMap::from_process(std::process::id(), map.as_fd().as_raw_fd()).unwrap();
    assert_eq!(own.id(), map.id());
}

/// `result` failed so; the object is named by its path in `/proc`.
#[track_caller]
fn assert_refused<T: std::fmt::Debug>(result: Result<T, Error>, kind: ErrorKind, cause: &str) {
    let error = result.unwrap_err();
    assert_eq!((error.kind(), error.cause()), (kind, cause));
    assert!(error.path().is_some_and(|path| path.starts_with("/proc")), "{error}");
}

#[test]
fn what_is_not_a_map() {
    leaves_no_descriptor(|| {
        let null = File::open("/dev/null").unwrap();
        assert_refused(FdInfo::of_fd(&null), ErrorKind::Incompatible, "it isn't a map");
        assert_refused(FdInfo::of_fd(program()), ErrorKind::Incompatible, "it is a program, not a map");
        assert_refused(FdInfo::of_fd(testkit::link()), ErrorKind::Incompatible, "it is a link, not a map");
        let sleeper = Sleeper::with(&null);
        assert_refused(FdInfo::of(sleeper.pid(), 0), ErrorKind::Incompatible, "it isn't a map");
        assert_refused(RawMap::from_process(sleeper.pid(), 0), ErrorKind::Incompatible, "it isn't a map");
        let sleeper = Sleeper::with(program());
        assert_refused(RawMap::from_process(sleeper.pid(), 0), ErrorKind::Incompatible, "it is a program, not a map");
    });
}

#[test]
fn what_is_not_there() {
    let sleeper = Sleeper::with(File::open("/dev/null").unwrap());
    let pid = sleeper.pid();
    let closed = format!("process {pid} has no descriptor of that number open");
    for fd in [NOT_OPEN, -1, RawFd::MAX, RawFd::MIN] {
        assert_refused(FdInfo::of(pid, fd), ErrorKind::NotFound, &closed);
        assert_refused(RawMap::from_process(pid, fd), ErrorKind::NotFound, &closed);
    }
    drop(sleeper);
    for pid in [pid, NOBODYS_PID, 0, u32::MAX] {
        let nobody = format!("this process sees no process {pid}");
        assert_refused(FdInfo::of(pid, 0), ErrorKind::NotFound, &nobody);
        assert_refused(RawMap::from_process(pid, 0), ErrorKind::NotFound, &nobody);
    }
    let thread = std::thread::scope(|scope| {
        let result = scope.spawn(|| {
            let thread = rustix::thread::gettid().as_raw_pid().cast_unsigned();
            (thread, RawMap::from_process(thread, 0))
        });
        result.join().unwrap()
    });
    let cause = format!("{} is the number of a thread, not of a process", thread.0);
    assert_refused(thread.1, ErrorKind::NotFound, &cause);
}

#[test]
fn processes_of_others() {
    let map = Map::create(&SPEC).unwrap();
    let sleeper = Sleeper::with(&map);
    let pid = sleeper.pid();
    let cause = format!("user 65534 may not trace process {pid} without CAP_SYS_PTRACE");
    let (info, duplicate, held) =
        as_nobody(|| (FdInfo::of(pid, 0), RawMap::from_process(pid, 0), holders(map.id()).unwrap()));
    assert!(info.as_ref().unwrap_err().remedy().unwrap().contains("AmbientCapabilities=CAP_SYS_PTRACE"));
    assert_eq!(
        duplicate.as_ref().unwrap_err().to_string(),
        format!(
            "open /proc/{pid}/fd/0: {cause} (EPERM); run it as root, or grant the capability: \
             AmbientCapabilities=CAP_SYS_PTRACE in its systemd unit, or setcap cap_sys_ptrace+ep on its executable"
        )
    );
    assert_refused(info, ErrorKind::Denied, &cause);
    assert_refused(duplicate, ErrorKind::Denied, &cause);
    assert!(held.found.iter().all(|holder| holder.pid != pid), "{held:?}");
    let by_root = holders(map.id()).unwrap();
    assert!(held.unreadable > by_root.unreadable, "{} and {} are left out", held.unreadable, by_root.unreadable);
}

#[test]
fn holders_are_found_wherever_they_are() {
    let map = Map::create(&SPEC).unwrap();
    let again = RawMap::from_id(map.id()).unwrap();
    let sleeper = Sleeper::with(&map);
    let held = holders(map.id()).unwrap();
    for fd in [map.as_fd().as_raw_fd(), again.as_fd().as_raw_fd()] {
        assert!(held.found.iter().any(|holder| holder.pid == std::process::id() && holder.fd == fd), "{held:?}");
    }
    let found = held.found.iter().find(|holder| holder.pid == sleeper.pid()).unwrap();
    assert_eq!((found.fd, found.comm.as_str()), (0, "sleep"));
    assert_eq!(RawMap::from_process(found.pid, found.fd).unwrap().id(), map.id());

    let other = Map::create(&SPEC).unwrap();
    assert!(holders(other.id()).unwrap().found.iter().all(|holder| holder.pid != sleeper.pid()));
    assert_eq!(holders(u32::MAX).unwrap().found, []);
}

/// While processes come and go, the rest is still found.
#[test]
fn vanishing_processes_are_passed_over() {
    let map = Map::create(&SPEC).unwrap();
    let sleeper = Sleeper::with(&map);
    std::thread::scope(|scope| {
        let churn = scope.spawn(|| (0..200).for_each(|_| drop(Sleeper::with(&map))));
        while !churn.is_finished() {
            let held = holders(map.id()).unwrap();
            assert!(held.found.iter().any(|holder| holder.pid == sleeper.pid()));
        }
    });
}

#[test]
fn without_proc() {
    let map = Map::create(&SPEC).unwrap();
    let (held, info, of) = testkit::without_bpffs(|| {
        // An empty directory in its place.
        testkit::bind_over("/sys/fs/bpf", "/proc");
        (holders(map.id()), map.fd_info(), FdInfo::of(1, 0))
    });
    let held = held.unwrap_err();
    assert_eq!((held.kind(), held.operation()), (ErrorKind::Unsupported, Operation::ListHolders));
    assert_eq!(
        held.to_string(),
        format!(
            "list the holders of map (id {}): no proc file system is mounted on /proc; mount one: mount -t proc proc \
             /proc",
            map.id()
        )
    );
    let info = info.unwrap_err();
    assert_eq!(
        (info.kind(), info.name(), info.operation()),
        (ErrorKind::Unsupported, Some("flows"), Operation::Inspect)
    );
    assert_refused(of, ErrorKind::Unsupported, "no proc file system is mounted on /proc");
}
