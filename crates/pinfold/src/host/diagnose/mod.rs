//! From an error number to what happened and what to do: after a failure, with all the time in the world.
//!
//! Each file knows one family of operations and returns an [`Error`](crate::Error) that still lacks the object it is
//! about; the caller adds that.

mod create;
mod entry;
mod generic;
mod pin;
mod process;
mod program;

pub(crate) use super::cpus::unknown as unknown_cpus;
pub(crate) use super::privilege::Needs;
pub(crate) use create::create_map;
pub(crate) use entry::{EntryFailure, entry};
pub(crate) use generic::{denied, generic, not_probed};
pub(crate) use pin::{mount, pin};
pub(crate) use process::{no_descriptor, no_proc, no_process, open_process, process};
pub(crate) use program::program;
