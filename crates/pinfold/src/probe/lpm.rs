//! Whether LPM tries heed `BPF_NOEXIST` and `BPF_EXIST`.

use std::sync::OnceLock;

use crate::sys::{self, AdoptError, CallError, Errno, MapCreate, MapFd, MapFlags, MapType, UpdateMode};

/// Tries once per process, on a map of its own: four system calls. Kernels before 6.13 take the flag and overwrite.
///
/// An error is why that couldn't be found out, and isn't remembered.
pub(crate) fn lpm_trie_heeds_conditions() -> Result<bool, Errno> {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    match ANSWER.get() {
        Some(answer) => Ok(*answer),
        None => overwrites_are_refused().map(|answer| *ANSWER.get_or_init(|| answer)),
    }
}

fn overwrites_are_refused() -> Result<bool, Errno> {
    let request = MapCreate {
        map_type: MapType::LpmTrie.raw(),
        key_size: 5,
        value_size: 1,
        // Not 1: old kernels count an update of a full trie as one entry too many, whatever its key.
        max_entries: 2,
        map_flags: MapFlags::NO_PREALLOC.bits(),
        ..MapCreate::default()
    };
    let (map, _) = MapFd::adopt(sys::create_map(&request)?).map_err(|error| match error {
        AdoptError::Errno(errno) => errno,
        AdoptError::Shape(_) => Errno::EINVAL,
    })?;
    let everything = [0; 5];
    let refused = |error| match error {
        CallError::Errno(errno) => errno,
        CallError::WrongLength { .. } => Errno::EINVAL,
    };
    map.update(&everything, &[0], UpdateMode::Any).map_err(refused)?;
    match map.update(&everything, &[0], UpdateMode::IfAbsent).map_err(refused) {
        Ok(()) => Ok(false),
        Err(Errno::EEXIST) => Ok(true),
        Err(errno) => Err(errno),
    }
}
