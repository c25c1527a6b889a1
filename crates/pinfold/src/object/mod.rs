//! Kernel objects other than maps, as far as Pinfold loads them itself.

mod name;
mod program;

pub use program::{Program, ProgramType};

pub(crate) use name::{object_name, printable};
