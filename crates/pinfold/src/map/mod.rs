//! Maps: what they shall look like, handles on them, and operations on their entries.

mod access;
mod fd_info;
mod holders;
mod info;
mod key;
mod kind;
mod lpm;
// Where atomic loads of eight bytes can be made in memory that can't be written.
#[cfg(target_pointer_width = "64")]
mod mapped;
mod per_cpu;
mod raw;
mod raw_spec;
mod slice;
mod spec;
mod take;
mod trie;
mod typed;
mod update_with;
mod value;

pub use access::Access;
pub use fd_info::FdInfo;
pub use holders::{Holder, Holders, holders};
pub use info::{MapInfo, ids};
pub use key::Key;
pub use kind::{Array, Exact, Hash, Keyed, Kind, LpmTrie, LruHash};
pub use lpm::{Address, LpmKey};
#[cfg(target_pointer_width = "64")]
pub use mapped::{Mappable, MappedArray};
pub use per_cpu::{PerCpu, PerCpuBuf, PerCpuView};
pub use raw::RawMap;
pub use raw_spec::RawMapSpec;
pub use slice::SliceBuf;
pub use spec::MapSpec;
pub use take::Taken;
pub use typed::Map;
pub use value::{Fetch, Value, ValueBuf, WritableValue};

pub(crate) use raw::{Origin, Pin};
pub(crate) use raw_spec::ValueSize;
