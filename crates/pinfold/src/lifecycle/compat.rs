//! Whether a map is what its spec says.

use crate::error::Mismatch;
use crate::map::{MapInfo, RawMapSpec};
use crate::sys::MapFlags;

/// All properties in which a map differs from its spec, after taking out what the kernel itself changes.
pub(super) fn mismatches(spec: &RawMapSpec, info: &MapInfo) -> Vec<Mismatch> {
    let wanted_flags = spec.flags.difference(MapFlags::OF_THE_DESCRIPTOR);
    let mut found = Vec::new();
    if spec.map_type != info.map_type {
        found.push(Mismatch::new("type", spec.map_type, info.map_type));
    }
    for (property, wanted, present) in [
        ("key_size", spec.key_size, info.key_size),
        ("value_size", spec.value_size, info.value_size),
        ("max_entries", spec.max_entries, info.max_entries),
    ] {
        if wanted != present {
            found.push(Mismatch::new(property, wanted, present));
        }
    }
    if wanted_flags != info.flags {
        found.push(Mismatch::new("flags", wanted_flags, info.flags));
    }
    if info.map_extra != 0 {
        found.push(Mismatch::new("map_extra", 0, info.map_extra));
    }
    found
}
