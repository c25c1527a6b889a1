//! What the kernel will read and write for one entry of a map.

use std::io;

use super::attr::MapInfo;
use super::{MapType, cpu};

/// The sizes that the kernel uses for the map behind a descriptor, and nothing that anybody else has said of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Which kind of map.
    pub(crate) map_type: MapType,
    /// Bytes of a key; 0 for types without one.
    pub(crate) key_len: usize,
    /// Bytes of a whole value as bpf(2) copies it: all CPUs of a per-CPU type.
    pub(crate) value_len: usize,
    /// The same for lookups; [`NEVER`] for types of which a lookup doesn't write a value.
    pub(super) lookup_len: usize,
}

/// A length that no slice has.
pub(super) const NEVER: usize = usize::MAX;

/// Why no [`Shape`] could be made.
#[derive(Debug)]
pub(crate) enum ShapeError {
    /// How the values of this type are laid out isn't known here.
    UnknownType(MapType),
    /// The number of possible CPUs couldn't be found out.
    Cpus(io::Error),
    /// A value for all CPUs is larger than the address space.
    TooLarge,
}

impl Shape {
    /// From the kernel's own description of a map. Source of the rule: `bpf_map_value_size()` in `kernel/bpf/syscall.c`.
    pub(super) fn of(info: &MapInfo) -> Result<Shape, ShapeError> {
        let map_type = MapType::from_raw(info.map_type);
        if matches!(map_type, MapType::Unspec | MapType::Unknown(_)) {
            return Err(ShapeError::UnknownType(map_type));
        }
        let slots = if map_type.is_per_cpu() { Some(cpu::possible().map_err(ShapeError::Cpus)?.count()) } else { None };
        let value_len = value_len(info.value_size, slots).ok_or(ShapeError::TooLarge)?;
        // A lookup in a Bloom filter reads the value, to say whether it is in there.
        let lookup_len = if map_type == MapType::BloomFilter { NEVER } else { value_len };
        Ok(Shape { map_type, key_len: info.key_size as usize, value_len, lookup_len })
    }
}

/// `slots`: possible CPUs for a per-CPU type.
fn value_len(value_size: u32, slots: Option<usize>) -> Option<usize> {
    match slots {
        Some(cpus) => (value_size as usize).checked_next_multiple_of(8)?.checked_mul(cpus),
        None => Some(value_size as usize),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn per_cpu_values_are_rounded_up_then_multiplied() {
        assert_eq!(value_len(3, None), Some(3));
        assert_eq!(value_len(3, Some(2)), Some(16));
        assert_eq!(value_len(8, Some(6)), Some(48));
        assert_eq!(value_len(9, Some(1)), Some(16));
        assert_eq!(value_len(u32::MAX, Some(usize::MAX)), None);
    }

    /// It would leave memory unwritten that is then taken for a value.
    #[test]
    fn a_bloom_filter_is_not_looked_up() {
        let info = MapInfo { map_type: MapType::BloomFilter.raw(), value_size: 4, ..MapInfo::default() };
        let shape = Shape::of(&info).unwrap();
        assert_eq!((shape.value_len, shape.lookup_len), (4, NEVER));
    }

    #[test]
    fn a_type_from_the_future_has_no_shape() {
        let info = MapInfo { map_type: 1000, ..MapInfo::default() };
        assert!(matches!(Shape::of(&info), Err(ShapeError::UnknownType(MapType::Unknown(1000)))));
    }
}
