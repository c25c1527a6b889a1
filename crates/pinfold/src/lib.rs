//! BPF maps that outlive a process: created, opened, pinned, read and written by Rust daemons.
//!
//! A program declares its maps as constants. Opening one never hands out a map that differs from its constant, and
//! errors say which map, which key, why, and what to do.
//!
//! ```no_run
//! use pinfold::{Bpffs, LpmKey, LpmTrie, MapSpec, PerCpu};
//!
//! const DENY: MapSpec<LpmKey<[u8; 4]>, u64, LpmTrie> = MapSpec::new("deny", 1024);
//! const PACKETS: MapSpec<[u8; 4], PerCpu<u64>> = MapSpec::new("packets", 65536);
//!
//! let pins = Bpffs::find()?.pin_dir();
//! let deny = pins.open_or_create(&DENY)?;
//! let packets = pins.open_or_create(&PACKETS)?;
//!
//! deny.insert(&LpmKey::v4([10, 0, 0, 0], 8)?, &0)?;
//! let mut buf = packets.buf();
//! if let Some(per_cpu) = packets.get_into(&[192, 0, 2, 1], &mut buf)? {
//!     println!("{} packets", per_cpu.sum::<u64>());
//! }
//! # Ok::<(), pinfold::Error>(())
//! ```
//!
//! # What to use for what
//!
//! | to | use |
//! |---|---|
//! | say what a map looks like | [`MapSpec`], a constant |
//! | find, check or mount a BPF file system | [`Bpffs`] |
//! | open, create, pin, unpin and list by name | [`PinDir`] |
//! | read and write entries of known types | [`Map`], of kind [`Hash`](enum@Hash), [`Array`] or [`LpmTrie`] |
//! | have a value for every CPU | [`PerCpu`] as the value type of a hash or an array |
//! | look up prefixes | [`LpmKey`] as the key type of an [`LpmTrie`] |
//! | handle maps whose sizes are known at run time only | [`RawMap`] |
//! | decide what to do about a failure | [`Error::kind`] |
//!
//! Keys and values are `#[repr(C)]` types that derive four traits of [`zerocopy`]: see [`Key`] and [`Value`].
//! A map's descriptor goes to any loader through [`AsFd`](std::os::fd::AsFd), and a loader's comes in through
//! [`RawMap::from_fd`] and [`RawMap::typed`].
//!
//! # What it doesn't do
//!
//! It doesn't load programs out of object files (aya and libbpf-rs do), raise `RLIMIT_MEMLOCK`, mount anything unless
//! asked, start threads, or keep global state but for two facts about the kernel that never change. It has no types yet
//! for LRU maps, map-in-map, queues, ring buffers, socket maps and local storage, no batch operations, and no walk that
//! is exact while others write: [`Map::next_key`] says what its walks are worth. Linux 5.10 and newer.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod bpffs;
mod error;
pub mod host;
pub mod insn;
mod lifecycle;
mod map;
mod object;
mod probe;
mod sys;

pub use bpffs::{Bpffs, BpffsMount, PinDir, Pinned, PinnedObject, Walk, local_name};
pub use error::{Error, ErrorKind, Mismatch, Operation, Result};
#[doc(hidden)]
pub use map::Fetch;
pub use map::{
    Access, Address, Array, Exact, FdInfo, Hash, Holder, Holders, Key, Keyed, Kind, LpmKey, LpmTrie, LruHash, Map,
    MapInfo, MapSpec, PerCpu, PerCpuBuf, PerCpuView, RawMap, RawMapSpec, SliceBuf, Taken, Value, ValueBuf,
    WritableValue, holders, ids,
};
#[cfg(target_pointer_width = "64")]
pub use map::{Mappable, MappedArray};
pub use object::{Program, ProgramType};
pub use sys::{Errno, MapFlags, MapType, PossibleCpus};
#[cfg(target_pointer_width = "64")]
pub use sys::{ReadOnly, ReadWrite};

/// The crate whose traits keys and values are bounded by, in the version that this one uses.
pub use zerocopy;

#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
