//! Kernel objects other than maps, as far as Pinfold loads them itself.

mod name;
mod program;
mod program_type;

pub use program::Program;
pub use program_type::ProgramType;

pub(crate) use name::{object_name, printable};
