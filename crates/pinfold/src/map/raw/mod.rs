//! A map whose sizes are known at run time only.

mod entry;
mod failure;
mod handle;
mod open;

pub use handle::RawMap;

pub(crate) use open::{Origin, Pin};
