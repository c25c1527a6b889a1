//! Freezing a map: a command that Pinfold itself doesn't call.

#![expect(unsafe_code, reason = "calls bpf(2) for what Pinfold has no call for")]

use std::io;
use std::os::fd::{AsFd, AsRawFd as _};

const MAP_FREEZE: libc::c_long = 22;

/// Makes a map read-only to user space, for good.
///
/// # Errors
///
/// EBUSY while somebody has it mapped for writing.
pub fn freeze(map: &impl AsFd) -> io::Result<()> {
    let mut attr = map.as_fd().as_raw_fd();
    // SAFETY: the attributes of this command are one descriptor, which `attr` is as long as, and hold no address.
    let result = unsafe { libc::syscall(libc::SYS_bpf, MAP_FREEZE, &raw mut attr, size_of_val(&attr)) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
