//! From an error number to what happened and what to do: after a failure, with all the time in the world.
//!
//! Each file knows one family of operations and returns an [`Error`](crate::Error) that still lacks the object it is
//! about; the caller adds that.

mod create;
mod entry;
mod generic;
#[cfg(target_pointer_width = "64")]
mod mapping;
mod pin;
mod process;
mod program;

pub(crate) use super::cpus::unknown as unknown_cpus;
pub(crate) use super::privilege::Needs;
pub(crate) use create::create_map;
#[cfg(target_pointer_width = "64")]
pub(crate) use entry::beyond_the_end;
pub(crate) use entry::{EntryFailure, entry};
pub(crate) use generic::{denied, generic, not_probed};
#[cfg(target_pointer_width = "64")]
pub(crate) use mapping::{MappingFailure, mapping};
pub(crate) use pin::{mount, pin};
pub(crate) use process::{no_descriptor, no_proc, no_process, open_process, process};
pub(crate) use program::program;
