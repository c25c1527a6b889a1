//! What `/proc` says of a map's descriptor: things that the map's own information lacks.

mod parse;

use std::os::fd::{AsFd, BorrowedFd, RawFd};

use super::Access;
use crate::error::{Error, ErrorKind, Operation, Result, Subject};
use crate::host::{diagnose, proc};
use crate::object::ProgramType;
use crate::sys::{Errno, MapFlags, MapType};

/// What `/proc/PID/fdinfo/FD` says of a map's descriptor, at the moment when it was asked.
///
/// A field is `None` where this kernel doesn't say it. [`MapInfo`](super::MapInfo) has the name, and costs nothing;
/// this one has the memory, the owner of a program array, and whether the map is frozen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[doc(alias("fdinfo", "MapFdInfo"))]
pub struct FdInfo {
    /// What the descriptor lets its holder do.
    pub access: Option<Access>,
    /// The type.
    pub map_type: Option<MapType>,
    /// Bytes of a key.
    pub key_size: Option<u32>,
    /// Bytes of a value; of one CPU's value for a per-CPU type.
    pub value_size: Option<u32>,
    /// How many entries fit in.
    pub max_entries: Option<u32>,
    /// The creation flags that belong to the map.
    pub map_flags: Option<MapFlags>,
    /// An extra of some types. Linux 5.16.
    pub map_extra: Option<u64>,
    /// Bytes of kernel memory. Reckoned from the sizes until Linux 6.3; since then as each type counts what it has
    /// allocated, which leaves some of it out, and for some types all of it.
    pub memlock: Option<u64>,
    /// The kernel's id of the map.
    pub map_id: Option<u32>,
    /// Whether user space can't write the map any more. Once frozen, it stays so.
    #[doc(alias = "BPF_MAP_FREEZE")]
    pub frozen: Option<bool>,
    /// The type of the programs that a program array takes, from the first that was put in or that uses it.
    pub owner_prog_type: Option<ProgramType>,
    /// Whether those programs are compiled to machine code; it doesn't take others.
    pub owner_jited: Option<bool>,
    other: Vec<(Box<str>, Box<str>)>,
}

impl FdInfo {
    /// What `/proc` says of a descriptor of any process, by the numbers of both. Reads one file, in four system calls.
    /// `pid` counts in the PID namespace of `/proc`, and may be that of a thread that has a table of its own.
    ///
    /// # Errors
    ///
    /// [`Incompatible`](ErrorKind::Incompatible) where it isn't a map's; [`NotFound`](ErrorKind::NotFound) without such
    /// a process or descriptor; [`Denied`](ErrorKind::Denied) where this process may not trace that one, for which
    /// another user's takes `CAP_SYS_PTRACE`; [`Unsupported`](ErrorKind::Unsupported) where `/proc` isn't mounted.
    #[doc(alias = "GetMapInfo")]
    pub fn of(pid: u32, fd: RawFd) -> Result<FdInfo> {
        let path = format!("/proc/{pid}/fdinfo/{fd}");
        let info = FdInfo::read(&path).map_err(|errno| diagnose::process(Operation::Inspect, errno, pid));
        info.and_then(FdInfo::of_a_map).map_err(|error| error.about(Subject::path(path)))
    }

    /// What `/proc` says of a descriptor of this process. Reads one file, in four system calls.
    ///
    /// # Errors
    ///
    /// [`Incompatible`](ErrorKind::Incompatible) where it isn't a map's; [`Unsupported`](ErrorKind::Unsupported) where
    /// `/proc` isn't mounted.
    pub fn of_fd(fd: impl AsFd) -> Result<FdInfo> {
        let fd = fd.as_fd();
        FdInfo::of_own(fd).map_err(|error| error.about(Subject::path(proc::fdinfo_path(fd))))
    }

    /// The same, for callers that have a better name for it than a path.
    pub(super) fn of_own(fd: BorrowedFd<'_>) -> Result<FdInfo> {
        let info = FdInfo::read(&proc::fdinfo_path(fd));
        let own = std::process::id();
        info.map_err(|errno| diagnose::process(Operation::Inspect, errno, own)).and_then(FdInfo::of_a_map)
    }

    fn read(path: &str) -> Result<FdInfo, Errno> {
        proc::read(path).map(|text| FdInfo::parse(&text))
    }

    /// The lines that no field stands for, in their order, as name and value: `pos`, `flags` (octal), `mnt_id`, `ino`,
    /// whatever is younger than this library, and whatever has a value that makes no sense.
    pub fn other(&self) -> impl Iterator<Item = (&str, &str)> {
        self.other.iter().map(|(name, value)| (&**name, &**value))
    }

    /// A link can have the id of a map as well, but the type of one stands with maps only.
    fn of_a_map(self) -> Result<FdInfo> {
        if self.map_type.is_some() {
            return Ok(self);
        }
        let has = |sought| self.other().any(|(name, _)| name == sought);
        let cause = match (has("prog_type"), has("link_type")) {
            (true, _) => "it is a program, not a map",
            (_, true) => "it is a link, not a map",
            _ => "it isn't a map",
        };
        Err(Error::new(ErrorKind::Incompatible, Operation::Inspect, cause))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_maps_have_a_map_type() {
        let refused = |text: &str| FdInfo::parse(text).of_a_map().unwrap_err().cause().to_owned();
        assert_eq!(refused(""), "it isn't a map");
        assert_eq!(refused("prog_type:\t6\nprog_id:\t1\n"), "it is a program, not a map");
        assert_eq!(refused("link_type:\titer\nlink_id:\t1\nmap_id:\t7\n"), "it is a link, not a map");
    }
}
