//! Two pinned maps under a real BPF program on real packets.
//!
//! A socket filter looks the source of every datagram up in `qs_deny`, a trie of prefixes, and drops it on a hit; the
//! rest is counted per flow and CPU in `qs_flows`. The maps stay when this process ends, so that a second run goes on
//! counting where the first one stopped.
//!
//! ```text
//! cargo run --example quickstart             # needs root
//! cargo run --example quickstart -- --reset  # removes the maps
//! ```

use std::io::{self, Write as _};
use std::iter::Sum;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::process::ExitCode;
use std::time::Duration;

use pinfold::insn::{self, Helper, Insn, Reg, SKF_NET_OFF, Size};
use pinfold::zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};
use pinfold::{Bpffs, ErrorKind, LpmKey, LpmTrie, Map, MapSpec, PerCpu, PinDir, Program, ProgramType};

/// Denied prefixes of source addresses, and how many datagrams each has caught.
const DENY: MapSpec<LpmKey<[u8; 4]>, u64, LpmTrie> = MapSpec::new("qs_deny", 256);
/// Traffic of each flow, one counter per CPU: no two CPUs ever write the same cache line.
const FLOWS: MapSpec<Flow, PerCpu<Traffic>> = MapSpec::new("qs_flows", 1024);

type Deny = Map<LpmKey<[u8; 4]>, u64, LpmTrie>;
type Flows = Map<Flow, PerCpu<Traffic>>;

#[derive(FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
struct Flow {
    source: [u8; 4],
    destination: [u8; 4],
}

#[derive(Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
struct Traffic {
    packets: u64,
    /// With the UDP header.
    bytes: u64,
}

impl<'a> Sum<&'a Traffic> for Traffic {
    fn sum<I: Iterator<Item = &'a Traffic>>(all: I) -> Traffic {
        all.fold(Traffic::default(), |sum, one| Traffic {
            packets: sum.packets + one.packets,
            bytes: sum.bytes + one.bytes,
        })
    }
}

const DENIED: [([u8; 4], u32); 2] = [([127, 0, 8, 0], 24), ([127, 66, 0, 0], 16)];
const SENDERS: [[u8; 4]; 5] = [[127, 0, 0, 2], [127, 0, 0, 3], [127, 0, 8, 1], [127, 0, 9, 1], [127, 66, 1, 2]];
const DATAGRAMS_PER_SENDER: usize = 8;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => run(),
        ["--reset"] => reset(),
        _ => {
            eprintln!("usage: quickstart [--reset]");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read our output has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("quickstart: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> io::Result<()> {
    let pins = pin_dir()?;
    let deny = pins.open_or_create(&DENY).map_err(explained)?;
    let flows = pins.open_or_create(&FLOWS).map_err(explained)?;
    report(&deny)?;
    report(&flows)?;

    for (network, prefix_len) in DENIED {
        let prefix = LpmKey::v4(network, prefix_len)?;
        if deny.get(&prefix)?.is_none() {
            deny.insert(&prefix, &0)?;
        }
    }
    let program = Program::load(ProgramType::SocketFilter, "quickstart", &filter(&deny, &flows)).map_err(explained)?;
    send_datagrams(&program, &deny)?;
    print_flows(&flows)?;
    print_denied(&deny)?;
    Ok(())
}

/// Nothing is mounted behind anybody's back: this example asks for it, and says so.
fn pin_dir() -> io::Result<PinDir> {
    let bpffs = match Bpffs::find() {
        Err(error) if error.kind() == ErrorKind::NoBpffs => {
            let mounted = Bpffs::mount(Bpffs::DEFAULT_PATH).map_err(explained)?;
            writeln!(io::stdout(), "mounted a BPF file system at {}, where there was none", mounted.path().display())?;
            mounted
        }
        found => found?,
    };
    Ok(bpffs.pin_dir())
}

fn explained(error: pinfold::Error) -> io::Error {
    if error.kind() != ErrorKind::Denied {
        return error.into();
    }
    io::Error::new(
        io::ErrorKind::PermissionDenied,
        format!(
            "{error}\n\nThis example needs root; or CAP_BPF, to create maps and to load its program, with write access to \
             the BPF file system, and CAP_SYS_ADMIN as well where that isn't mounted yet."
        ),
    )
}

fn report<K, V, T>(map: &Map<K, V, T>) -> io::Result<()> {
    let verb = if map.is_new() { "created" } else { "reused" };
    let path = map.path().map(|path| path.display().to_string()).unwrap_or_default();
    writeln!(io::stdout(), "{verb} {path}: {}, id {}", map.info().map_type, map.id())
}

/// What runs in the kernel for every datagram; the context is a `struct __sk_buff`.
fn filter<'fd>(deny: &'fd Deny, flows: &'fd Flows) -> Vec<Insn<'fd>> {
    use Reg::{R0, R1, R2, R3, R4, R6, R10};
    const SKB_LEN: i16 = 0;
    // Offsets in an IPv4 header.
    const SOURCE: i32 = 12;
    const DESTINATION: i32 = 16;
    // Places on the stack, from the frame pointer.
    const PREFIX: i16 = -8;
    const FLOW: i16 = -16;
    const TRAFFIC: i16 = -32;

    let [deny0, deny1] = insn::load_map(R1, deny);
    let [flows0, flows1] = insn::load_map(R1, flows);
    vec![
        insn::mov_reg(R6, R1),
        insn::store_imm(R10, PREFIX, 32, Size::Word),
        insn::load_abs(SKF_NET_OFF + SOURCE, Size::Word),
        insn::host_to_be(R0, 32),
        insn::store_mem(R10, PREFIX + 4, R0, Size::Word),
        insn::store_mem(R10, FLOW, R0, Size::Word),
        insn::load_abs(SKF_NET_OFF + DESTINATION, Size::Word),
        insn::host_to_be(R0, 32),
        insn::store_mem(R10, FLOW + 4, R0, Size::Word),
        // A denied source: count it, and keep nothing of the datagram.
        deny0,
        deny1,
        insn::mov_reg(R2, R10),
        insn::add_imm(R2, i32::from(PREFIX)),
        insn::call(Helper::MAP_LOOKUP_ELEM),
        insn::jump_if_eq(R0, 0, 4),
        insn::mov_imm(R1, 1),
        insn::atomic_add(R0, 0, R1, Size::Double),
        insn::mov_imm(R0, 0),
        insn::exit(),
        // A known flow: count it, and keep all of the datagram.
        flows0,
        flows1,
        insn::mov_reg(R2, R10),
        insn::add_imm(R2, i32::from(FLOW)),
        insn::call(Helper::MAP_LOOKUP_ELEM),
        insn::jump_if_eq(R0, 0, 6),
        insn::mov_imm(R1, 1),
        insn::atomic_add(R0, 0, R1, Size::Double),
        insn::load_mem(R1, R6, SKB_LEN, Size::Word),
        insn::atomic_add(R0, 8, R1, Size::Double),
        insn::mov_imm(R0, -1),
        insn::exit(),
        // A new one.
        insn::store_imm(R10, TRAFFIC, 1, Size::Double),
        insn::load_mem(R1, R6, SKB_LEN, Size::Word),
        insn::store_mem(R10, TRAFFIC + 8, R1, Size::Double),
        flows0,
        flows1,
        insn::mov_reg(R2, R10),
        insn::add_imm(R2, i32::from(FLOW)),
        insn::mov_reg(R3, R10),
        insn::add_imm(R3, i32::from(TRAFFIC)),
        insn::mov_imm(R4, 0),
        insn::call(Helper::MAP_UPDATE_ELEM),
        insn::mov_imm(R0, -1),
        insn::exit(),
    ]
}

/// Real datagrams over loopback, from several addresses of 127.0.0.0/8 to one socket that has the filter.
fn send_datagrams(program: &Program, deny: &Deny) -> io::Result<()> {
    let receiver = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    program.attach_to_socket(&receiver)?;
    let mut expected = 0;
    for address in SENDERS {
        let sender = UdpSocket::bind(SocketAddr::from((address, 0)))?;
        for _ in 0..DATAGRAMS_PER_SENDER {
            sender.send_to(b"how many were we?", receiver.local_addr()?)?;
        }
        let denied = deny.get(&LpmKey::host(address))?.is_some();
        expected += if denied { 0 } else { DATAGRAMS_PER_SENDER };
    }

    receiver.set_read_timeout(Some(Duration::from_secs(2)))?;
    let arrived = (0..expected).take_while(|_| receiver.recv(&mut [0; 64]).is_ok()).count();
    receiver.set_nonblocking(true)?;
    let surplus = std::iter::repeat_with(|| receiver.recv(&mut [0; 64])).take_while(Result::is_ok).count();
    let sent = SENDERS.len() * DATAGRAMS_PER_SENDER;
    writeln!(io::stdout(), "\nsent {sent} datagrams from {} addresses, {} arrived", SENDERS.len(), arrived + surplus)?;
    Ok(())
}

fn print_flows(flows: &Flows) -> io::Result<()> {
    writeln!(io::stdout(), "\n{:<16}{:<16}{:>8}{:>8}", "SOURCE", "DESTINATION", "PACKETS", "BYTES")?;
    let mut buf = flows.buf();
    let mut next = flows.next_key(None)?;
    while let Some(flow) = next {
        if let Some(per_cpu) = flows.get_into(&flow, &mut buf)? {
            let Traffic { packets, bytes } = per_cpu.sum();
            let (source, destination) = (Ipv4Addr::from(flow.source), Ipv4Addr::from(flow.destination));
            writeln!(io::stdout(), "{:<16}{:<16}{packets:>8}{bytes:>8}", source.to_string(), destination.to_string())?;
        }
        next = flows.next_key(Some(&flow))?;
    }
    Ok(())
}

fn print_denied(deny: &Deny) -> io::Result<()> {
    writeln!(io::stdout(), "\n{:<32}{:>8}", "DENIED", "PACKETS")?;
    let mut next = deny.next_key(None)?;
    while let Some(prefix) = next {
        let packets = deny.get(&prefix)?.unwrap_or(0);
        writeln!(io::stdout(), "{:<32}{packets:>8}", prefix.to_string())?;
        next = deny.next_key(Some(&prefix))?;
    }
    Ok(())
}

fn reset() -> io::Result<()> {
    let pins = Bpffs::find()?.pin_dir();
    for name in [DENY.name(), FLOWS.name()] {
        let state = if pins.unpin(name)? { "removed" } else { "there was no" };
        writeln!(io::stdout(), "{state} {}", pins.path().join(name).display())?;
    }
    Ok(())
}
