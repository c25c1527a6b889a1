//! What a descriptor lets its holder do.

use std::fmt;

/// What a descriptor of a map lets its holder do, whatever the map allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Reading and writing entries.
    ReadWrite,
    /// Reading only.
    #[doc(alias = "BPF_F_RDONLY")]
    ReadOnly,
    /// Writing only.
    #[doc(alias = "BPF_F_WRONLY")]
    WriteOnly,
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

impl Access {
    /// From the flags of open(2). The three have the same numbers on every architecture.
    pub(super) fn from_flags(flags: u32) -> Option<Access> {
        match flags & 3 {
            0 => Some(Access::ReadOnly),
            1 => Some(Access::WriteOnly),
            2 => Some(Access::ReadWrite),
            _ => None,
        }
    }
}
