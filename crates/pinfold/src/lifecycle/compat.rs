//! Whether a map is what its spec says.

use crate::error::Mismatch;
use crate::host;
use crate::map::{MapInfo, RawMapSpec, ValueSize};
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
    let flags = effective_flags(spec);
    if flags != info.flags {
        found.push(Mismatch::new("flags", flags, info.flags));
    }
    if spec.map_extra != info.map_extra {
        found.push(Mismatch::new("map_extra", spec.map_extra, info.map_extra));
    }
    found
}

fn value_size(spec: &RawMapSpec, info: &MapInfo) -> Option<Mismatch> {
    let (agrees, wanted) = match spec.value_size {
        ValueSize::Exactly(size) => (info.value_size == size, size.to_string()),
        ValueSize::MultipleOf(unit) => (info.value_size.is_multiple_of(unit), format!("a multiple of {unit}")),
    };
    (!agrees).then(|| Mismatch::new("value_size", wanted, info.value_size))
}

/// What the map keeps of the flags, with what the kernel adds to maps that programs could only break
/// (`dev_map_init_map()` in `kernel/bpf/devmap.c`).
fn effective_flags(spec: &RawMapSpec) -> MapFlags {
    let added = match spec.map_type {
        MapType::DevMap | MapType::DevMapHash => MapFlags::RDONLY_PROG,
        _ => MapFlags::empty(),
    };
    spec.flags.difference(MapFlags::OF_THE_DESCRIPTOR).union(added)
}

/// With a list of unused entries per CPU, the kernel gives each CPU the same share, and rounds up to that
/// (`htab_map_alloc()` in `kernel/bpf/hashtab.c`).
fn effective_max_entries(spec: &RawMapSpec) -> u32 {
    let shares = matches!(spec.map_type, MapType::LruHash | MapType::LruPerCpuHash)
        && spec.flags.contains(MapFlags::NO_COMMON_LRU);
    let cpus = if shares { host::possible_cpus().map_or(1, |cpus| cpus.count() as u32) } else { 1 };
    spec.max_entries.checked_next_multiple_of(cpus).unwrap_or(spec.max_entries / cpus * cpus)
}
