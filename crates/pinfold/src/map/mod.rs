//! Maps: what they shall look like, handles on them, and operations on their entries.

mod info;
mod key;
mod kind;
mod lpm;
// Where atomic loads of eight bytes can be made in memory that can't be written.
#[cfg(target_pointer_width = "64")]
mod mapped;
mod per_cpu;
mod raw;
mod spec;
mod typed;
mod value;

pub use info::{MapInfo, ids};
pub use key::Key;
pub use kind::{Array, Hash, Keyed, Kind, LpmTrie};
pub use lpm::{Address, LpmKey};
#[cfg(target_pointer_width = "64")]
pub use mapped::{Mappable, MappedArray};
pub use per_cpu::{PerCpu, PerCpuBuf, PerCpuView};
pub use raw::RawMap;
pub use spec::{MapSpec, RawMapSpec};
pub use typed::Map;
pub use value::{Value, ValueBuf, WritableValue};

pub(crate) use raw::{Origin, Pin};
