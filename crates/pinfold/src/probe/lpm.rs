//! Whether LPM tries heed `BPF_NOEXIST` and `BPF_EXIST`.

use std::sync::OnceLock;

use crate::sys::{self, CallError, Errno, MapCreate, MapFd, MapFlags, MapType, UpdateMode};

/// Tries once per process, on a map of its own: three system calls. Kernels before 6.13 take the flag and overwrite.
///
/// Where the try isn't allowed the answer is no, and isn't remembered.
pub(crate) fn lpm_trie_heeds_conditions() -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    match ANSWER.get() {
        Some(answer) => *answer,
        None => overwrites_are_refused().is_some_and(|answer| *ANSWER.get_or_init(|| answer)),
    }
}

/// `None` where that can't be found out.
fn overwrites_are_refused() -> Option<bool> {
    let request = MapCreate {
        map_type: MapType::LpmTrie.raw(),
        key_size: 5,
        value_size: 1,
        max_entries: 1,
        map_flags: MapFlags::NO_PREALLOC.bits(),
        ..MapCreate::default()
    };
    let (map, _) = MapFd::adopt(sys::create_map(&request).ok()?).ok()?;
    let everything = [0; 5];
    map.update(&everything, &[0], UpdateMode::Any).ok()?;
    match map.update(&everything, &[0], UpdateMode::IfAbsent) {
        Ok(()) => Some(false),
        Err(CallError::Errno(Errno::EEXIST)) => Some(true),
        Err(_) => None,
    }
}
