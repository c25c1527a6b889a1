//! The possible CPUs, with an error that a user can act on.

use std::io;

use crate::error::{Error, ErrorKind, Operation, Result};
use crate::sys::{self, PossibleCpus};

/// The CPUs that this kernel may ever bring online: a per-CPU value has one slot for each.
///
/// Read once per process from `/sys/devices/system/cpu/possible`; the set is fixed until the next boot.
///
/// # Errors
///
/// [`Unsupported`](ErrorKind::Unsupported) where sysfs isn't mounted, or where a container manager put a file of its own
/// over the kernel's: the size of buffers depends on this number, so that nothing else is trusted.
pub fn possible_cpus() -> Result<&'static PossibleCpus> {
    sys::possible_cpus().map_err(|error| unknown(Operation::CountCpus, &error))
}

/// The error for anything that needs the number and couldn't get it.
pub(crate) fn unknown(operation: Operation, error: &io::Error) -> Error {
    let cause = format!("the number of possible CPUs is unknown: /sys/devices/system/cpu/possible: {error}");
    Error::new(ErrorKind::Unsupported, operation, cause).with_remedy("mount the host's sysfs on /sys")
}
