//! Why a map couldn't be created.

use super::{Needs, denied, generic};
use crate::error::{Error, ErrorKind, Operation};
use crate::sys::{self, Errno, MapCreate, MapFlags, MapType};

/// `PCPU_MIN_UNIT_SIZE` of `linux/percpu.h`.
const PER_CPU_VALUE_MAX: u32 = 32 << 10;

#[cold]
pub(crate) fn create_map(errno: Errno, request: &MapCreate) -> Error {
    const OPERATION: Operation = Operation::CreateMap;
    let map_type = MapType::from_raw(request.map_type);
    match errno {
        Errno::EPERM => denied(OPERATION, errno, Needs::Bpf),
        Errno::EINVAL | Errno::E2BIG if is_supported(map_type) == Some(false) => {
            Error::new(ErrorKind::Unsupported, OPERATION, format!("this kernel has no maps of type {map_type}"))
                .with_errno(errno)
                .with_remedy("use a newer kernel, or another type")
        }
        Errno::EINVAL => Error::new(
            ErrorKind::Invalid,
            OPERATION,
            format!("the kernel takes no map of type {map_type} with {}", description(request)),
        )
        .with_errno(errno)
        .with_remedy("see which sizes and flags this type allows"),
        Errno::E2BIG if map_type.is_per_cpu() && request.value_size > PER_CPU_VALUE_MAX => Error::new(
            ErrorKind::Invalid,
            OPERATION,
            format!("a per-CPU value has {} bytes, and {PER_CPU_VALUE_MAX} are allowed", request.value_size),
        )
        .with_errno(errno)
        .with_remedy("make the value smaller, or use a map without per-CPU values"),
        Errno::E2BIG => Error::new(
            ErrorKind::Invalid,
            OPERATION,
            format!("too large for a map of type {map_type}: {}", description(request)),
        )
        .with_errno(errno)
        .with_remedy("lower max_entries or the sizes"),
        Errno::ENOMEM => Error::new(
            ErrorKind::Exhausted,
            OPERATION,
            format!("the kernel has no memory for a map of type {map_type} with {}", description(request)),
        )
        .with_errno(errno)
        .with_remedy("lower max_entries, free memory, or raise the memory limit of the cgroup"),
        _ => generic(OPERATION, errno),
    }
}

fn description(request: &MapCreate) -> String {
    let MapCreate { key_size, value_size, max_entries, map_flags, .. } = request;
    let flags = MapFlags::from_bits_retain(*map_flags);
    format!("key_size {key_size}, value_size {value_size}, max_entries {max_entries}, flags {flags}")
}

/// Tries the smallest map of that type: whatever refuses it refuses the type. `None` where no such map is known.
fn is_supported(map_type: MapType) -> Option<bool> {
    use MapType::{
        Array, BloomFilter, Hash, LpmTrie, LruHash, LruPerCpuHash, PerCpuArray, PerCpuHash, ProgArray, Queue, Stack,
    };
    let (key_size, flags) = match map_type {
        Hash | PerCpuHash | LruHash | LruPerCpuHash | Array | PerCpuArray | ProgArray => (4, MapFlags::empty()),
        Queue | Stack | BloomFilter => (0, MapFlags::empty()),
        LpmTrie => (8, MapFlags::NO_PREALLOC),
        MapType::Unknown(_) => return Some(false),
        _ => return None,
    };
    let request = MapCreate {
        map_type: map_type.raw(),
        key_size,
        value_size: 4,
        max_entries: 1,
        map_flags: flags.bits(),
        ..MapCreate::default()
    };
    match sys::create_map(&request) {
        Ok(_) => Some(true),
        Err(Errno::EINVAL) => Some(false),
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(errno: Errno, map_type: MapType) -> Error {
        create_map(errno, &MapCreate { map_type: map_type.raw(), max_entries: 1, ..MapCreate::default() })
    }

    #[test]
    fn a_type_that_this_kernel_lacks() {
        let error = refused(Errno::EINVAL, MapType::Unknown(200));
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert_eq!(error.cause(), "this kernel has no maps of type 200");
    }

    /// Sizes or flags are blamed only where the smallest map of that type can be had.
    #[test]
    fn a_type_that_every_kernel_has() {
        use MapType::{Array, Hash, LpmTrie, LruHash, LruPerCpuHash, PerCpuArray, PerCpuHash};
        for map_type in [Hash, PerCpuHash, LruHash, LruPerCpuHash, Array, PerCpuArray, LpmTrie] {
            let error = refused(Errno::EINVAL, map_type);
            assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
        }
    }
}
