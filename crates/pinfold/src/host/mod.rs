//! What this machine is, and what it lacks when the kernel says no.

mod cpus;
pub(crate) mod diagnose;
mod memlock;
mod privilege;
pub(crate) mod proc;

pub use cpus::possible_cpus;
