//! Why an entry couldn't be read or written.

use std::os::fd::BorrowedFd;

use rustix::fs::OFlags;

use super::{Needs, denied, generic};
use crate::error::{Error, ErrorKind, Operation};
use crate::host::proc;
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
        Errno::EPERM => not_permitted(failure),
        Errno::E2BIG if map_type.is_indexed() => beyond_the_end(operation, max_entries).with_errno(errno),
        Errno::E2BIG | Errno::ENOSPC if writes(operation) => {
            let cause = format!("the map is full: {max_entries} of {max_entries} entries");
            error(ErrorKind::Full, cause).with_remedy("remove entries, or create it with a larger max_entries")
        }
        Errno::ENOSPC if operation == Operation::Get => {
            error(ErrorKind::Unsupported, format!("values of type {map_type} can be read only if they have 8 bytes"))
                .with_remedy("create it with a value_size of 8")
        }
        Errno::EBADF => error(ErrorKind::Invalid, "the descriptor in the key or the value isn't open".to_owned()),
        Errno::EINVAL if lacks(map_type, operation) => {
            error(ErrorKind::Unsupported, format!("maps of type {map_type} can't do that"))
        }
        Errno::EINVAL if map_type == MapType::LpmTrie => {
            error(ErrorKind::Invalid, "the prefix is longer than the address".to_owned())
        }
        Errno::EINVAL => error(ErrorKind::Invalid, format!("a map of type {map_type} doesn't take that key or value")),
        Errno::ENOTSUPP | Errno::EOPNOTSUPP => {
            error(ErrorKind::Unsupported, format!("maps of type {map_type} can't do that"))
        }
        Errno::EBUSY if operation == Operation::Freeze => {
            error(ErrorKind::Busy, "somebody has mapped it for writing, or it is frozen already".to_owned())
        }
        Errno::ENOMEM => error(ErrorKind::Exhausted, "the kernel has no memory for another entry just now".to_owned())
            .with_remedy("try again, or raise the memory limit of the cgroup"),
        _ => generic(operation, errno),
    }
}

/// For an index that an array of so many entries doesn't have.
#[cold]
pub(crate) fn beyond_the_end(operation: Operation, max_entries: u32) -> Error {
    let cause = format!("the index is beyond the end: there are {max_entries} entries, the first is 0");
    Error::new(ErrorKind::Invalid, operation, cause).with_remedy("create the map with a larger max_entries")
}

fn writes(operation: Operation) -> bool {
    matches!(operation, Operation::Insert | Operation::InsertIfAbsent | Operation::ReplaceIfPresent)
}

/// Where EINVAL is about the type alone (seen on Linux 6.18).
fn lacks(map_type: MapType, operation: Operation) -> bool {
    match operation {
        Operation::Remove => {
            use MapType::{Array, PerCpuArray, Queue, Stack};
            matches!(map_type, Array | PerCpuArray | Queue | Stack)
        }
        Operation::NextKey => matches!(map_type, MapType::Queue | MapType::Stack),
        _ => false,
    }
}

/// EPERM on an entry is seldom about capabilities: the map or the descriptor is read-only.
fn not_permitted(failure: &EntryFailure<'_>) -> Error {
    let EntryFailure { operation, errno, fd, .. } = *failure;
    let error = |kind, cause: &'static str| Error::new(kind, operation, cause).with_errno(errno);
    let changes = writes(operation) || matches!(operation, Operation::Remove | Operation::Take | Operation::Freeze);
    let access = rustix::fs::fcntl_getfl(fd).map_or(OFlags::RDWR, |flags| flags & OFlags::ACCMODE);
    if changes && is_frozen(fd) {
        return error(ErrorKind::ReadOnly, "the map is frozen: nobody can write it from user space any more")
            .with_remedy("create another map");
    }
    if changes && access == OFlags::RDONLY {
        return error(ErrorKind::ReadOnly, "it was opened for reading only").with_remedy("open it for writing");
    }
    if !changes && access == OFlags::WRONLY {
        return error(ErrorKind::Denied, "it was opened for writing only").with_remedy("open it for reading");
    }
    denied(operation, errno, Needs::Bpf)
}

pub(super) fn is_frozen(fd: BorrowedFd<'_>) -> bool {
    proc::read(&proc::fdinfo_path(fd)).is_ok_and(|info| proc::fields(&info).any(|field| field == ("frozen", "1")))
}
