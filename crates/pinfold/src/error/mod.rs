//! The one error of this crate: which object, which operation, which key, why, and what to do.

mod kind;
mod mismatch;
mod operation;
mod report;
mod subject;

pub use kind::ErrorKind;
pub use mismatch::Mismatch;
pub use operation::Operation;
pub use report::{Error, Result};

pub(crate) use subject::Subject;
