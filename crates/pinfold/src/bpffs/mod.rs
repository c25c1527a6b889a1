//! BPF file systems: where they are mounted, and the directories in them that hold pins.

mod mount;
mod name;
mod pin_dir;

pub use mount::Bpffs;
pub use pin_dir::PinDir;

pub(crate) use name::check_name;
pub(crate) use pin_dir::Entry;
