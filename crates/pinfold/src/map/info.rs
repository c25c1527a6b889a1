//! What the kernel says of a map.

use crate::error::{Operation, Result};
use crate::host::diagnose::{self, Needs};
use crate::object::printable;
use crate::sys::{self, Errno, MapFlags, MapType};

/// What the kernel says of a map: `struct bpf_map_info`. None of it changes as long as the map lives.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MapInfo {
    /// The type.
    pub map_type: MapType,
    /// The id, unique among the maps of this host until it wraps around.
    pub id: u32,
    /// Bytes of a key.
    pub key_size: u32,
    /// Bytes of a value; of one CPU's value for a per-CPU type.
    pub value_size: u32,
    /// How many entries fit in.
    pub max_entries: u32,
    /// The creation flags that belong to the map.
    pub flags: MapFlags,
    /// The name inside the kernel: at most 15 bytes, often cut, and not unique.
    pub name: String,
    /// An extra of some types, such as the number of hash functions of a Bloom filter. Zero before Linux 5.16.
    pub map_extra: u64,
}

impl MapInfo {
    pub(crate) fn from_kernel(info: &sys::MapInfo) -> MapInfo {
        MapInfo {
            map_type: MapType::from_raw(info.map_type),
            id: info.id,
            key_size: info.key_size,
            value_size: info.value_size,
            max_entries: info.max_entries,
            flags: MapFlags::from_bits_retain(info.map_flags),
            name: printable(&info.name),
            map_extra: info.map_extra,
        }
    }
}

/// The ids of all maps on this host, ascending: one system call each. Maps come and go meanwhile, so that opening one
/// of them may answer [`NotFound`](crate::ErrorKind::NotFound).
///
/// Yields an error, and then ends, without `CAP_SYS_ADMIN`.
#[doc(alias("BPF_MAP_GET_NEXT_ID", "loaded_maps"))]
pub fn ids() -> impl Iterator<Item = Result<u32>> {
    let mut last = Some(0);
    std::iter::from_fn(move || match sys::next_map_id(last?) {
        Ok(next) => {
            last = next;
            next.map(Ok)
        }
        Err(errno) => {
            last = None;
            Some(Err(match errno {
                Errno::EPERM => diagnose::denied(Operation::ListMaps, errno, Needs::SysAdmin),
                other => diagnose::generic(Operation::ListMaps, other),
            }))
        }
    })
}
