//! BPF file systems: where they are mounted, the directories in them that hold pins, and all that is pinned.

mod access;
mod directory;
mod mount;
mod mounts;
mod name;
mod pin_dir;
mod process;
mod root;
mod staging;
mod walk;

pub use mounts::BpffsMount;
pub use name::local_name;
pub use pin_dir::PinDir;
pub use root::Bpffs;
pub use walk::{Pinned, PinnedObject, Walk};

pub(crate) use name::check_name;
pub(crate) use pin_dir::Entry;
