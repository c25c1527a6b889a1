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
//! # Five minutes
//!
//! Types of keys and values are `#[repr(C)]` and derive traits of [`zerocopy`]; padding doesn't compile. The type of the
//! value says whether there is one per CPU, and the third parameter which kind of map it is: a [`Hash`](enum@Hash)
//! unless said otherwise.
//!
//! ```
//! use pinfold::{Array, LpmKey, LpmTrie, LruHash, MapFlags, MapSpec, PerCpu};
//! use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};
//!
//! #[derive(FromBytes, IntoBytes, Immutable, KnownLayout)]
//! #[repr(C)]
//! struct Flow {
//!     source: [u8; 4],
//!     destination: [u8; 4],
//!     port: u16,
//!     pad: u16,
//! }
//!
//! const FLOWS: MapSpec<Flow, PerCpu<u64>> = MapSpec::new("flows", 65536);
//! const RECENT: MapSpec<[u8; 4], u64, LruHash> = MapSpec::new("recent", 4096);
//! const DENY: MapSpec<LpmKey<[u8; 4]>, u32, LpmTrie> = MapSpec::new("deny", 1024).with_displayed_keys();
//! const SETTINGS: MapSpec<u32, u64, Array> = MapSpec::new("settings", 16).with_flags(MapFlags::MMAPABLE);
//! # let _ = (FLOWS, RECENT, DENY, SETTINGS);
//! ```
//!
//! A directory of pins opens them, or creates what is missing. A map that is there and differs is refused, with every
//! difference named. The handle goes to whatever loads the programs.
//!
//! ```no_run
//! # use pinfold::{Access, Array, Bpffs, ErrorKind, LpmKey, LpmTrie, MapFlags, MapSpec};
//! # const DENY: MapSpec<LpmKey<[u8; 4]>, u32, LpmTrie> = MapSpec::new("deny", 1024).with_displayed_keys();
//! # const SETTINGS: MapSpec<u32, u64, Array> = MapSpec::new("settings", 16).with_flags(MapFlags::MMAPABLE);
//! use std::os::fd::AsFd;
//!
//! // 0444 for pins: whoever reaches the directory may read.
//! let pins = Bpffs::find()?.dir("my_daemon")?.with_pin_mode(0o444);
//! let deny = pins.open_or_create(&DENY)?;
//! let descriptor = deny.as_fd(); // for aya, libbpf-rs, or bpf(2) itself
//! # let _ = descriptor;
//!
//! // Elsewhere, without privileges:
//! let deny = pins.open_as(&DENY, Access::ReadOnly)?;
//! match deny.insert(&LpmKey::v4([10, 0, 0, 0], 8)?, &1) {
//!     Err(error) if error.kind() == ErrorKind::ReadOnly => eprintln!("{error}"),
//!     other => other?,
//! }
//!
//! // An array in memory: reads and writes without system calls.
//! let settings = pins.open_or_create(&SETTINGS)?.mapped()?;
//! settings.set(3, &42)?;
//! # Ok::<(), pinfold::Error>(())
//! ```
//!
//! # What to use for what
//!
//! | to | use |
//! |---|---|
//! | say what a map looks like | [`MapSpec`], a constant; [`RawMapSpec`] where sizes come at run time |
//! | find, check or mount a BPF file system; list all that is pinned | [`Bpffs`] |
//! | open, create, pin, unpin and list by name, with modes and owners | [`PinDir`] |
//! | read and write entries of known types | [`Map`], of kind [`Hash`](enum@Hash), [`LruHash`], [`Array`] or [`LpmTrie`] |
//! | have a value for every CPU | [`PerCpu`] as the value type of a hash, an LRU hash or an array |
//! | have values whose length is known at run time | a slice as the value type |
//! | look up prefixes | [`LpmKey`] as the key type of an [`LpmTrie`] |
//! | read and write an array without system calls | [`MappedArray`] |
//! | handle maps of any type and size as bytes | [`RawMap`] |
//! | take over a descriptor, a pin by its path, an id, another process's descriptor | [`RawMap::from_fd`], [`RawMap::from_pin`], [`RawMap::from_id`], [`RawMap::from_process`], then [`RawMap::typed`] |
//! | let a thread hammer a map | [`Map::reopen_independent`] |
//! | know what a map weighs, whether it is frozen, who holds it | [`FdInfo`], [`holders`] |
//! | decide what to do about a failure | [`Error::kind`] |
//!
//! # What it doesn't do
//!
//! It doesn't load programs out of object files (aya and libbpf-rs do), raise `RLIMIT_MEMLOCK`, mount anything unless
//! asked, start threads, or keep global state but for two facts about the kernel that never change.
//!
//! Not yet: batches, walks that are exact while others write ([`Map::next_key`] says what its walks are worth), migration
//! of a map that differs from its spec, BTF, and types for map-in-map, program arrays, queues, ring buffers, socket maps
//! and local storage, which are bytes of a [`RawMap`] so far. Linux 5.10 and newer.
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
