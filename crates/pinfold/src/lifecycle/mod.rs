//! The life of a pinned map: opened where it agrees with its spec, created where it is missing.

mod compat;
mod open;
