//! What a descriptor may be used for.

use std::fmt;
use std::os::fd::BorrowedFd;

use rustix::fs::OFlags;

use crate::sys::MapFlags;

/// What a descriptor of a map may be used for: a property of the descriptor, not of the map.
///
/// The handle remembers it, so that what isn't allowed is refused without asking the kernel.
#[doc(alias("BPF_F_RDONLY", "BPF_F_WRONLY"))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Access {
    /// Everything.
    #[default]
    ReadWrite,
    /// Lookups and walks. All that a pin of mode 0444 allows.
    ReadOnly,
    /// Updates and removals.
    WriteOnly,
}

impl Access {
    pub(crate) const fn flags(self) -> MapFlags {
        match self {
            Access::ReadWrite => MapFlags::empty(),
            Access::ReadOnly => MapFlags::RDONLY,
            Access::WriteOnly => MapFlags::WRONLY,
        }
    }

    pub(crate) const fn of_flags(flags: MapFlags) -> Access {
        if flags.contains(MapFlags::RDONLY) {
            Access::ReadOnly
        } else if flags.contains(MapFlags::WRONLY) {
            Access::WriteOnly
        } else {
            Access::ReadWrite
        }
    }

    /// From the flags of open(2).
    pub(super) fn of_open_flags(flags: OFlags) -> Option<Access> {
        match flags & OFlags::ACCMODE {
            OFlags::RDONLY => Some(Access::ReadOnly),
            OFlags::WRONLY => Some(Access::WriteOnly),
            OFlags::RDWR => Some(Access::ReadWrite),
            _ => None,
        }
    }

    /// Asks the kernel: one system call.
    pub(super) fn of_descriptor(fd: BorrowedFd<'_>) -> Access {
        rustix::fs::fcntl_getfl(fd).ok().and_then(Access::of_open_flags).unwrap_or_default()
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Access::ReadWrite => "read-write",
            Access::ReadOnly => "read-only",
            Access::WriteOnly => "write-only",
        })
    }
}
