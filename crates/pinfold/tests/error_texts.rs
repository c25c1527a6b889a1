//! The whole text of every kind of failure that a user can cause, as `error_texts.txt` has it.
//!
//! `UPDATE_TEXTS=1 cargo test --test error_texts` writes the file anew.

use std::fmt::Write as _;
use std::os::fd::AsFd as _;

use pinfold::{
    Access, Array, Bpffs, Error, LpmKey, LpmTrie, Map, MapFlags, MapSpec, PerCpu, Program, ProgramType, RawMap, insn,
};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/error_texts.txt");
const FLOWS: MapSpec<[u8; 4], u64> = MapSpec::new("flows", 2);
const DENY: MapSpec<LpmKey<[u8; 4]>, u64, LpmTrie> = MapSpec::new("deny", 1).with_displayed_keys();
const SETTINGS: MapSpec<u32, u64, Array> = MapSpec::new("settings", 4);

/// The texts so far, each with what was done.
#[derive(Default)]
struct Texts(String);

impl Texts {
    fn add<T: std::fmt::Debug>(&mut self, what: &str, outcome: pinfold::Result<T>) {
        let error = outcome.expect_err(what);
        writeln!(self.0, "{what}\n    {:?}: {}", error.kind(), stable(&error)).unwrap();
    }
}

/// The text without the numbers that differ from run to run.
fn stable(error: &Error) -> String {
    // What the verifier suggests differs from kernel to kernel.
    let mut text = error.to_string().replace("; Initialize R3 on every path before this instruction.", "");
    if let Some(id) = error.id() {
        text = text.replace(&format!("id {id}"), "id ID");
    }
    let detached = text.split("/proc/thread-self/fd/").nth(1).and_then(|rest| rest.split('/').next());
    match detached.map(str::to_owned) {
        Some(number) => text.replace(&format!("/proc/thread-self/fd/{number}"), "/sys/fs/bpf"),
        None => text,
    }
}

#[test]
fn texts_of_every_failure() {
    let mut texts = Texts::default();
    entries(&mut texts);
    creation(&mut texts);
    pins(&mut texts);
    privileges(&mut texts);
    programs(&mut texts);
    if std::env::var_os("UPDATE_TEXTS").is_some() {
        std::fs::write(FILE, &texts.0).unwrap();
    }
    let expected = std::fs::read_to_string(FILE).unwrap();
    for (line, (found, expected)) in texts.0.lines().zip(expected.lines()).enumerate() {
        assert_eq!(found, expected, "line {} of {FILE}", line + 1);
    }
    assert_eq!(texts.0.lines().count(), expected.lines().count());
}

fn entries(texts: &mut Texts) {
    let pins = testkit::bpffs().pin_dir();
    let flows = pins.open_or_create(&FLOWS).unwrap();
    flows.insert(&[1; 4], &1).unwrap();
    flows.insert(&[2; 4], &1).unwrap();
    texts.add("insert into a full hash", flows.insert(&[127, 0, 0, 2], &1));
    texts.add("insert a value of a wrong length", flows.as_raw().insert(&[1; 4], b"short"));
    texts.add("get with a key of a wrong length", flows.as_raw().get(b"long key"));
    let interfered = flows.update_with(&[2; 4], |old| {
        if old.is_some() {
            assert!(flows.remove(&[2; 4]).unwrap());
        } else {
            flows.insert(&[2; 4], &1).unwrap();
        }
        1
    });
    texts.add("update_with while others insert and remove", interfered);

    let deny = Map::create(&DENY).unwrap();
    deny.insert(&LpmKey::v4([10, 0, 0, 0], 8).unwrap(), &1).unwrap();
    texts
        .add("insert into a full trie, with displayed keys", deny.insert(&LpmKey::v4([192, 0, 2, 0], 24).unwrap(), &1));
    texts.add("a prefix that is too long", LpmKey::v4([10, 0, 0, 0], 33));

    let settings = Map::create(&SETTINGS).unwrap();
    texts.add("insert beyond the end of an array", settings.insert(&4, &1));
    texts.add("remove from an array", settings.as_raw().remove(&[0; 4]));

    let bools: MapSpec<[u8; 4], [bool; 8]> = MapSpec::new("flows", 2);
    flows.insert(&[1; 4], &2).unwrap();
    texts.add("get a value that is no valid bool", pins.open(&bools).unwrap().get(&[1; 4]));

    let reader = pins.open_as(&FLOWS, Access::ReadOnly).unwrap();
    texts.add("insert through a read-only handle", reader.insert(&[1; 4], &1));
    let writer = pins.open_as(&FLOWS, Access::WriteOnly).unwrap();
    texts.add("get through a write-only handle", writer.get(&[1; 4]));
    flows.freeze().unwrap();
    texts.add("insert into a frozen map", flows.insert(&[1; 4], &1));

    pins.unpin("flows").unwrap();
    pins.open_or_create(&FLOWS).unwrap();
    let reopened = testkit::without_capabilities(|| flows.reopen_independent());
    texts.add("reopen by the pin of another map", reopened);
}

fn creation(texts: &mut Texts) {
    texts.add("create without capacity", Map::create(&FLOWS.with_max_entries(0)));
    texts.add("create with flags of another type", Map::create(&FLOWS.with_flags(MapFlags::MMAPABLE)));
    let wide: MapSpec<u32, PerCpu<[u8; 65536]>> = MapSpec::new("wide", 1);
    texts.add("create with a per-CPU value that is too large", Map::create(&wide));
    texts.add("create with too many entries", Map::create(&FLOWS.with_max_entries(u32::MAX)));
    let huge: MapSpec<u32, [u8; 1 << 20], Array> = MapSpec::new("huge", u32::MAX);
    texts.add("create something huge", Map::create(&huge));
    let slices: MapSpec<u32, [u32]> = MapSpec::new("backends", 8);
    texts.add("create values of any length", Map::create(&slices));
}

fn pins(texts: &mut Texts) {
    let bpffs = testkit::bpffs();
    let pins = bpffs.pin_dir();
    texts.add("open what isn't pinned", pins.open(&FLOWS));
    texts.add("open a name with a dot", pins.open(&FLOWS.with_name("a.b")));
    texts.add("open a name with a slash", pins.open(&FLOWS.with_name("a/b")));
    texts.add("a directory outside", bpffs.dir("../etc"));
    let flows = pins.open_or_create(&FLOWS).unwrap();
    texts.add("pin under a name that is taken", pins.pin("flows", flows.as_fd()));
    texts.add("pin what is no BPF object", pins.pin("null", std::fs::File::open("/dev/null").unwrap().as_fd()));
    let wider: MapSpec<u64, u32> = MapSpec::new("flows", 3).with_flags(MapFlags::NO_PREALLOC);
    texts.add("open with another spec", pins.open(&wider));
    let nothing = Program::load(ProgramType::SocketFilter, "nothing", &[insn::mov_imm(insn::Reg::R0, 0), insn::exit()]);
    pins.pin("program", nothing.unwrap().as_fd()).unwrap();
    texts.add("open a program", pins.open(&FLOWS.with_name("program")));
    bpffs.dir("tc/globals/directory").unwrap().pin("x", flows.as_fd()).unwrap();
    texts.add("open a directory", pins.open(&FLOWS.with_name("directory")));
    std::os::unix::fs::symlink("nowhere", pins.path().join("dangling")).unwrap();
    texts.add("open or create behind a link to nowhere", pins.open_or_create(&FLOWS.with_name("dangling")));
    texts.add("find a BPF file system where none is", Bpffs::at("/proc"));
    texts.add("open an id that nobody has", RawMap::from_id(u32::MAX));
    let null = std::fs::File::open("/dev/null").unwrap();
    texts.add("adopt what is no map", RawMap::from_fd(null.into()));
}

fn privileges(texts: &mut Texts) {
    let flows = Map::create(&FLOWS).unwrap();
    texts.add("create without capabilities", testkit::without_capabilities(|| Map::create(&FLOWS)));
    texts.add("open by id without capabilities", testkit::without_capabilities(|| RawMap::from_id(flows.id())));
    texts.add("mount without capabilities", testkit::without_capabilities(Bpffs::detached));
    let pins = testkit::bpffs().root_dir();
    pins.open_or_create(&FLOWS).unwrap();
    texts.add("open somebody else's pin", testkit::as_nobody(|| pins.open(&FLOWS)));
    texts.add("unpin somebody else's pin", testkit::as_nobody(|| pins.unpin("flows")));
}

fn programs(texts: &mut Texts) {
    let uninitialised = [insn::mov_reg(insn::Reg::R0, insn::Reg::R3), insn::exit()];
    texts.add("load what the verifier refuses", Program::load(ProgramType::SocketFilter, "broken", &uninitialised));
    let nothing = [insn::mov_imm(insn::Reg::R0, 0), insn::exit()];
    let program = Program::load(ProgramType::SocketFilter, "nothing", &nothing).unwrap();
    texts.add("attach to what is no socket", program.attach_to_socket(std::fs::File::open("/dev/null").unwrap()));
}
