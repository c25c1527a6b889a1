//! BPF maps that outlive a process.

mod bpffs;
mod error;
pub mod host;
pub mod insn;
mod object;
mod probe;
mod sys;

pub use bpffs::{Bpffs, PinDir};
pub use error::{Error, ErrorKind, Mismatch, Operation, Result};
pub use object::{Program, ProgramType};
pub use sys::{Errno, MapFlags, MapType, ObjectKind, PossibleCpus};
