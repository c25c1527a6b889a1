//! Descriptors under watch.

#![expect(unsafe_code, reason = "gives a thread a table of descriptors of its own")]

use std::panic::resume_unwind;

/// Runs `test` in a thread with an empty table of descriptors (but for standard input, output and error), and panics if
/// it leaves one open. Other tests of the process don't interfere, since theirs are in another table.
///
/// Nothing opened outside can be used inside, and the path of a detached file system only from this thread.
///
/// # Panics
///
/// Also where `test` does.
pub fn leaves_no_descriptor<R: Send>(test: impl FnOnce() -> R + Send) -> R {
    let watched = || {
        // SAFETY: the new table belongs to this thread only, in which nothing has been opened yet; owners of the
        // descriptors that vanish here have theirs in the old table, which they alone can see.
        let result = unsafe { libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, libc::CLOSE_RANGE_UNSHARE) };
        assert_eq!(result, 0, "close_range: {}", std::io::Error::last_os_error());
        let outcome = test();
        let left = open_descriptors();
        assert!(left.is_empty(), "left open: {left:?}");
        outcome
    };
    std::thread::scope(|scope| scope.spawn(watched).join()).unwrap_or_else(|panic| resume_unwind(panic))
}

/// What each open descriptor of this thread stands for, without the first three.
fn open_descriptors() -> Vec<String> {
    let entries = std::fs::read_dir("/proc/thread-self/fd").expect("/proc").filter_map(Result::ok);
    entries
        .filter(|entry| entry.file_name().to_str().and_then(|name| name.parse().ok()).is_some_and(|fd: u32| fd > 2))
        // The listing's own descriptor is gone by the time this is asked, or is /proc itself.
        .filter_map(|entry| std::fs::read_link(entry.path()).ok())
        .map(|target| target.display().to_string())
        .filter(|target| !(target.starts_with("/proc/") && target.ends_with("/fd")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clean_test_passes() {
        assert_eq!(leaves_no_descriptor(|| std::fs::read_to_string("/proc/version").map(|_| 7).expect("/proc")), 7);
    }

    #[test]
    #[should_panic(expected = "left open: [\"/dev/null\"]")]
    fn a_leak_is_caught() {
        leaves_no_descriptor(|| std::mem::forget(std::fs::File::open("/dev/null")));
    }
}
