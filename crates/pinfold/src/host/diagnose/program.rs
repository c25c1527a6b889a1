//! Why a program couldn't be loaded, run or attached.

use super::{Needs, denied, generic};
use crate::error::{Error, ErrorKind, Operation};
use crate::sys::Errno;

/// `log`: what the verifier said, empty where it wasn't asked.
#[cold]
pub(crate) fn program(operation: Operation, errno: Errno, log: &str) -> Error {
    // The reason comes last, but for what newer kernels indent as advice, and a line that counts instructions.
    let aside = |line: &str| line.is_empty() || line.starts_with(char::is_whitespace) || line.starts_with("processed ");
    let reason = log.lines().rev().find(|line| !aside(line));
    match (errno, reason) {
        (Errno::EPERM, None) => denied(operation, errno, Needs::Bpf),
        (_, Some(reason)) => {
            Error::new(ErrorKind::Invalid, operation, format!("the verifier refused it: {reason}")).with_errno(errno)
        }
        (_, None) => generic(operation, errno),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Linux 6.18 and 7.3 word it.
    #[test]
    fn the_reason_out_of_the_log() {
        for log in [
            "0: R1=ctx() R10=fp0\n0: (bf) r0 = r3\nR3 !read_ok\nprocessed 1 insns (limit 1000000)\n",
            "0: (bf) r0 = r3\nR3 !read_ok\n  Initialize R3 on every path before this instruction.\nprocessed 1 insns\n\n",
        ] {
            let error = program(Operation::LoadProgram, Errno::EACCES, log);
            assert_eq!(error.cause(), "the verifier refused it: R3 !read_ok");
        }
    }
}
