//! Why an entry couldn't be read or written.

use std::fs;
use std::os::fd::{AsRawFd as _, BorrowedFd};

use rustix::fs::OFlags;

use super::generic;
use crate::error::{Error, ErrorKind, Operation};
use crate::sys::{Errno, MapType};

/// A failed operation on an entry, with what is known of the map.
#[derive(Debug)]
pub(crate) struct EntryFailure<'a> {
    pub(crate) operation: Operation,
    pub(crate) errno: Errno,
    pub(crate) fd: BorrowedFd<'a>,
    pub(crate) map_type: MapType,
    pub(crate) max_entries: u32,
}

#[cold]
pub(crate) fn entry(failure: &EntryFailure<'_>) -> Error {
    let EntryFailure { operation, errno, map_type, max_entries, .. } = *failure;
    let error = |kind, cause: String| Error::new(kind, operation, cause).with_errno(errno);
    match errno {
        Errno::E2BIG if map_type.is_indexed() => {
            let cause = format!("the index is beyond the end: there are {max_entries} entries, the first is 0");
            error(ErrorKind::Full, cause).with_remedy("create the array with a larger max_entries")
        }
        Errno::E2BIG | Errno::ENOSPC => {
            let cause = format!("the map is full: {max_entries} of {max_entries} entries");
            error(ErrorKind::Full, cause).with_remedy("remove entries, or create it with a larger max_entries")
        }
        Errno::EPERM => not_permitted(failure),
        Errno::EINVAL if map_type == MapType::LpmTrie => {
            error(ErrorKind::Invalid, "the prefix is longer than the address".to_owned())
        }
        Errno::ENOMEM => error(ErrorKind::Exhausted, "the kernel has no memory for another entry just now".to_owned())
            .with_remedy("try again, or raise the memory limit of the cgroup"),
        // Lengths and flags are right by now, so that EINVAL is about the type as well.
        Errno::EINVAL | Errno::ENOTSUPP | Errno::EOPNOTSUPP => {
            error(ErrorKind::Unsupported, format!("maps of type {map_type} can't do that"))
        }
        Errno::EBADF => error(ErrorKind::Gone, "the descriptor is closed".to_owned()),
        _ => generic(operation, errno),
    }
}

/// EPERM on an entry is never about capabilities from Linux 5.19 on: the descriptor or the map is read-only.
fn not_permitted(failure: &EntryFailure<'_>) -> Error {
    let error = |kind, cause: &'static str| Error::new(kind, failure.operation, cause).with_errno(failure.errno);
    let access = rustix::fs::fcntl_getfl(failure.fd).map_or(OFlags::RDWR, |flags| flags & OFlags::ACCMODE);
    if access == OFlags::RDONLY {
        return error(ErrorKind::ReadOnly, "it was opened for reading only").with_remedy("open it for writing");
    }
    if access == OFlags::WRONLY {
        return error(ErrorKind::Denied, "it was opened for writing only").with_remedy("open it for reading");
    }
    if is_frozen(failure.fd) {
        return error(ErrorKind::ReadOnly, "the map is frozen: nobody can write it from user space any more")
            .with_remedy("create another map");
    }
    super::denied(failure.operation, failure.errno, super::Needs::Bpf)
}

fn is_frozen(fd: BorrowedFd<'_>) -> bool {
    fs::read_to_string(format!("/proc/thread-self/fdinfo/{}", fd.as_raw_fd()))
        .is_ok_and(|info| info.lines().any(|line| line.split_ascii_whitespace().eq(["frozen:", "1"])))
}
