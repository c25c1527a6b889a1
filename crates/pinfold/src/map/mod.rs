//! Maps: what they shall look like, handles on them, and operations on their entries.

mod fd_info;
mod holders;
mod info;
mod key;
mod kind;
mod lpm;
mod per_cpu;
mod raw;
mod spec;
mod typed;
mod value;

pub use fd_info::{Access, FdInfo};
pub use holders::{Holder, Holders, holders};
pub use info::{MapInfo, ids};
pub use key::Key;
pub use kind::{Array, Hash, Keyed, Kind, LpmTrie};
pub use lpm::{Address, LpmKey};
pub use per_cpu::{PerCpu, PerCpuBuf, PerCpuView};
pub use raw::RawMap;
pub use spec::{MapSpec, RawMapSpec};
pub use typed::Map;
pub use value::{Value, ValueBuf, WritableValue};

pub(crate) use raw::{Origin, Pin};
