//! Which processes have a descriptor of a map, and how to get at such a descriptor.

use std::os::fd::{AsFd as _, BorrowedFd, RawFd};

use rustix::fs::{CWD, readlinkat_raw};
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};

use super::raw::Origin;
use super::{FdInfo, RawMap};
use crate::error::{Operation, Result, Subject};
use crate::host::diagnose;
use crate::host::proc;
use crate::sys::Errno;

/// What every descriptor of a map links to.
const LINK: &[u8] = b"anon_inode:bpf-map";

/// A process that has a descriptor of the map, and which one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holder {
    /// The number of the process, in the PID namespace of `/proc`.
    pub pid: u32,
    /// The number of the descriptor there: [`RawMap::from_process`] and [`FdInfo::of`] take both.
    pub fd: RawFd,
    /// The name of its main thread, at most 15 bytes, which it can choose itself.
    pub comm: String,
}

/// Who has descriptors of a map, and how far that could be found out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holders {
    /// One for each descriptor, so that a process can be there several times.
    pub found: Vec<Holder>,
    /// How many processes this one may not look into: they may hold the map as well. Kernel threads count too, which
    /// hold none. With `CAP_SYS_PTRACE` it is none, or the few that a security module or a user namespace shields.
    pub unreadable: usize,
}

/// The processes that have a descriptor of the map of this id. Reads one link for each descriptor of each process, and
/// one file for each descriptor of a map. Nobody has one where there is no such map.
///
/// Descriptors aren't all that keeps a map: pins do, and so do programs that use it, maps that it is in, links,
/// mappings of its memory, and descriptors on their way through a socket. Processes outside of the PID namespace of
/// `/proc`, or hidden by its mount option `hidepid`, aren't seen and aren't counted, and neither are threads that have
/// a table of descriptors of their own: one process is looked into after the other, each through its main thread.
///
/// # Errors
///
/// [`Unsupported`](crate::ErrorKind::Unsupported) where `/proc` isn't mounted;
/// [`Exhausted`](crate::ErrorKind::Exhausted) without descriptors or memory to look with. That a process may not be
/// looked into is no error, but counted.
#[doc(alias("pids", "lsof"))]
pub fn holders(id: u32) -> Result<Holders> {
    const OPERATION: Operation = Operation::ListHolders;
    if !proc::is_mounted() {
        return Err(diagnose::no_proc(OPERATION).about(Subject::map_of_id(id)));
    }
    list(id).map_err(|errno| diagnose::generic(OPERATION, errno).about(Subject::map_of_id(id)))
}

fn list(id: u32) -> Result<Holders, Errno> {
    let mut holders = Holders::default();
    for pid in proc::numbers(CWD, "/proc")? {
        match look_into(pid, id, &mut holders.found) {
            Ok(()) | Err(Errno::ENOENT | Errno::ESRCH) => {}
            // A process that has just gone answers EACCES as well: `proc_pid_readlink()` in `fs/proc/base.c`.
            Err(Errno::EACCES | Errno::EPERM) => holders.unreadable += usize::from(proc::has_process(pid)),
            Err(errno) => return Err(errno),
        }
    }
    Ok(holders)
}

fn look_into(pid: u32, id: u32, found: &mut Vec<Holder>) -> Result<(), Errno> {
    let process = proc::process_directory(pid)?;
    for fd in proc::numbers(&process, "fd")? {
        match is_of_map(process.as_fd(), fd, id) {
            Ok(true) => {
                let comm = proc::read_at(process.as_fd(), "comm")?.trim_end_matches('\n').to_owned();
                found.push(Holder { pid, fd, comm });
            }
            // Closed meanwhile, perhaps with the whole process.
            Ok(false) | Err(Errno::ENOENT | Errno::ESRCH) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

/// The link alone tells maps from everything else, and is cheaper than the file.
fn is_of_map(process: BorrowedFd<'_>, fd: RawFd, id: u32) -> Result<bool, Errno> {
    let mut target = [0; 2 * LINK.len()];
    let len = readlinkat_raw(process, format!("fd/{fd}"), &mut target)?;
    if target.get(..len) != Some(LINK) {
        return Ok(false);
    }
    let info = FdInfo::parse(&proc::read_at(process, &format!("fdinfo/{fd}"))?);
    // The number may stand for something else by now; only maps have a type of map.
    Ok(info.map_type.is_some() && info.map_id == Some(id))
}

impl RawMap {
    /// Duplicates a map's descriptor of another process, by the numbers of both: the map need not be pinned, and its
    /// owner need not help. Four system calls, and a look into `/proc`.
    ///
    /// The duplicate gives the access that the other's descriptor gives, and stays when that is closed. `pid` counts in
    /// the PID namespace of this process; [`holders`] finds both numbers.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) without such a process or descriptor;
    /// [`Denied`](crate::ErrorKind::Denied) where this process may not trace that one, for which another user's takes
    /// `CAP_SYS_PTRACE`; [`Incompatible`](crate::ErrorKind::Incompatible) where it isn't a map;
    /// [`Unsupported`](crate::ErrorKind::Unsupported) where a seccomp filter hides `pidfd_getfd(2)`.
    #[doc(alias("pidfd_open", "pidfd_getfd"))]
    pub fn from_process(pid: u32, fd: RawFd) -> Result<RawMap> {
        const OPERATION: Operation = Operation::Open;
        let duplicated = || {
            let number = i32::try_from(pid).ok().and_then(Pid::from_raw);
            let number = number.ok_or_else(|| diagnose::no_process(OPERATION, pid))?;
            let process = pidfd_open(number, PidfdFlags::empty())
                .map_err(|errno| diagnose::open_process(OPERATION, errno.into(), pid))?;
            // Asked for a negative number, rustix would panic in debug builds.
            if fd < 0 {
                return Err(diagnose::no_descriptor(OPERATION, pid));
            }
            let fd = pidfd_getfd(&process, fd, PidfdGetfdFlags::empty())
                .map_err(|errno| diagnose::process(OPERATION, errno.into(), pid))?;
            RawMap::adopt(fd, Origin::default())
        };
        duplicated().map_err(|error| error.about(Subject::path(format!("/proc/{pid}/fd/{fd}"))))
    }
}
