//! BPF maps that outlive a process.

pub mod insn;
mod sys;

pub use sys::{Errno, MapFlags, MapType, ObjectKind, PossibleCpus};
