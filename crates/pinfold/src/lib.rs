#![doc = "BPF maps that outlive a process."]
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

pub use bpffs::{Bpffs, PinDir};
pub use error::{Error, ErrorKind, Mismatch, Operation, Result};
pub use map::{
    Address, Array, Hash, Key, Keyed, Kind, LpmKey, LpmTrie, Map, MapInfo, MapSpec, PerCpu, PerCpuBuf, PerCpuView,
    RawMap, RawMapSpec, Value, ValueBuf, WritableValue, ids,
};
pub use object::{Program, ProgramType};
pub use sys::{Errno, MapFlags, MapType, ObjectKind, PossibleCpus};

/// The crate whose traits keys and values are bounded by, in the version that this one uses.
pub use zerocopy;
