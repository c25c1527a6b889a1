//! Whether a map is what its spec says.

use crate::error::Mismatch;
use crate::host;
use crate::map::{MapInfo, RawMapSpec};
use crate::sys::{MapFlags, MapType};

/// All properties in which a map differs from its spec, after taking out what the kernel itself changes.
pub(super) fn mismatches(spec: &RawMapSpec, info: &MapInfo) -> Vec<Mismatch> {
    let mut found = Vec::new();
    if spec.map_type != info.map_type {
        found.push(Mismatch::new("type", spec.map_type, info.map_type));
    }
    if spec.key_size != info.key_size {
        found.push(Mismatch::new("key_size", spec.key_size, info.key_size));
    }
    found.extend(value_size(spec, info));
    let max_entries = effective_max_entries(spec);
    if max_entries != info.max_entries {
        found.push(Mismatch::new("max_entries", max_entries, info.max_entries));
    }
    let flags = spec.flags.difference(MapFlags::OF_THE_DESCRIPTOR);
    if flags != info.flags {
        found.push(Mismatch::new("flags", flags, info.flags));
    }
    if spec.map_extra != info.map_extra {
        found.push(Mismatch::new("map_extra", spec.map_extra, info.map_extra));
    }
    found
}

fn value_size(spec: &RawMapSpec, info: &MapInfo) -> Option<Mismatch> {
    let any = spec.value_size == 0 && spec.value_unit > 1;
    if any && info.value_size.is_multiple_of(spec.value_unit) || spec.value_size == info.value_size {
        return None;
    }
    let wanted = if any { format!("a multiple of {}", spec.value_unit) } else { spec.value_size.to_string() };
    Some(Mismatch::new("value_size", wanted, info.value_size))
}

/// With a list of unused entries per CPU, the kernel gives each CPU the same share, and rounds up to that
/// (`htab_map_alloc()` in `kernel/bpf/hashtab.c`).
fn effective_max_entries(spec: &RawMapSpec) -> u32 {
    let shares = matches!(spec.map_type, MapType::LruHash | MapType::LruPerCpuHash)
        && spec.flags.contains(MapFlags::NO_COMMON_LRU);
    let cpus = if shares { host::possible_cpus().map_or(1, |cpus| cpus.count() as u32) } else { 1 };
    spec.max_entries.checked_next_multiple_of(cpus).unwrap_or(spec.max_entries / cpus * cpus)
}
