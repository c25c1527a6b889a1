//! Why a program couldn't be loaded, run or attached.

use super::{Needs, denied, generic};
use crate::error::{Error, ErrorKind, Operation};
use crate::sys::Errno;

/// `log`: what the verifier said, empty where it wasn't asked.
#[cold]
pub(crate) fn program(operation: Operation, errno: Errno, log: &str) -> Error {
    // The verifier's last lines but one have the reason; the last one counts instructions.
    let reason = log.lines().rev().find(|line| !line.is_empty() && !line.starts_with("processed "));
    match (errno, reason) {
        (Errno::EPERM, None) => denied(operation, errno, Needs::Bpf),
        (_, Some(reason)) => {
            Error::new(ErrorKind::Invalid, operation, format!("the verifier refused it: {reason}")).with_errno(errno)
        }
        (_, None) => generic(operation, errno),
    }
}
