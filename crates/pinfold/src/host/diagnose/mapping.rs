//! Why the memory of an array couldn't be mapped.

use std::os::fd::BorrowedFd;

use rustix::fs::OFlags;

use super::entry::is_frozen;
use super::generic;
use crate::error::{Error, ErrorKind, Operation};
use crate::sys::{Errno, MapFlags};

/// A failed mapping, with what is known of the array.
#[derive(Debug)]
pub(crate) struct MappingFailure<'a> {
    pub(crate) errno: Errno,
    pub(crate) fd: BorrowedFd<'a>,
    pub(crate) flags: MapFlags,
    /// Whether it was to be written.
    pub(crate) writes: bool,
}

const READ_ONLY: &str = "map it with mapped_read_only";

/// Sources: `bpf_map_mmap()` in `kernel/bpf/syscall.c`, `array_map_mmap()` in `kernel/bpf/arraymap.c`, `do_mmap()` in
/// `mm/mmap.c`, which compares with the descriptor's mode before it asks them.
#[cold]
pub(crate) fn mapping(failure: &MappingFailure<'_>) -> Error {
    const OPERATION: Operation = Operation::MapMemory;
    let MappingFailure { errno, fd, flags, writes } = *failure;
    let error = |kind, cause: &'static str| Error::new(kind, OPERATION, cause).with_errno(errno);
    // Whatever else is wrong as well.
    if !flags.contains(MapFlags::MMAPABLE) {
        return error(ErrorKind::Unsupported, "the map wasn't created to be mapped")
            .with_remedy("create it with MapFlags::MMAPABLE (Linux 5.5)");
    }
    let access = rustix::fs::fcntl_getfl(fd).map_or(OFlags::RDWR, |flags| flags & OFlags::ACCMODE);
    match errno {
        Errno::EACCES if access == OFlags::WRONLY => {
            error(ErrorKind::Denied, "it was opened for writing only").with_remedy("open it for reading too")
        }
        Errno::EACCES if writes && access == OFlags::RDONLY => {
            error(ErrorKind::ReadOnly, "it was opened for reading only").with_remedy("open it for writing too")
        }
        // do_mmap() doesn't call such a mapping shared, and bpf_map_mmap() takes no other.
        Errno::EINVAL if access == OFlags::RDONLY => {
            let cause = "it was opened for reading only, and the kernel maps no map through such a descriptor";
            error(ErrorKind::Unsupported, cause).with_remedy("open it for writing too, or read it with get")
        }
        Errno::EACCES if writes && flags.contains(MapFlags::RDONLY_PROG) => error(
            ErrorKind::ReadOnly,
            "the kernel maps a map that programs can only read (RDONLY_PROG) for reading only",
        )
        .with_remedy(format!("{READ_ONLY}, and write it with insert")),
        Errno::EPERM if writes && is_frozen(fd) => {
            error(ErrorKind::ReadOnly, "the map is frozen: nobody can write it from user space any more")
                .with_remedy(READ_ONLY)
        }
        Errno::ENOTSUPP => {
            error(ErrorKind::Unsupported, "its values hold what only the kernel may write, such as a lock or a timer")
        }
        Errno::ENOMEM => error(ErrorKind::Exhausted, "there is no room for it in this process's address space")
            .with_remedy("raise RLIMIT_AS or vm.max_map_count, or free memory"),
        Errno::EAGAIN => {
            error(ErrorKind::Exhausted, "this process locks all its memory (mlockall), and may not lock that much")
                .with_remedy("raise RLIMIT_MEMLOCK")
        }
        _ => generic(OPERATION, errno),
    }
}
