//! Why a program couldn't be loaded, run or attached.

use super::{Needs, denied, generic};
use crate::error::{Error, ErrorKind, Operation};
use crate::sys::Errno;

/// `log`: what the verifier said, empty where it wasn't asked.
#[cold]
pub(crate) fn program(operation: Operation, errno: Errno, log: &str) -> Error {
    match (errno, reason(log)) {
        (Errno::EPERM, None) => denied(operation, errno, Needs::Bpf),
        (_, None) => generic(operation, errno),
        (_, Some(reason)) => {
            let cause = format!("the verifier refused it: {reason}");
            let error = Error::new(ErrorKind::Invalid, operation, cause).with_errno(errno);
            suggestion(log).into_iter().fold(error, |error, suggestion| error.with_remedy(suggestion.to_owned()))
        }
    }
}

/// The reason comes last, but for a line that counts instructions, and for the chapter in which newer kernels explain it.
fn reason(log: &str) -> Option<&str> {
    let short = log.split("\nVerification failed").next().unwrap_or(log);
    short.lines().rev().find(|line| !line.is_empty() && !line.starts_with("processed "))
}

/// Seen from Linux 7.3 on.
fn suggestion(log: &str) -> Option<&str> {
    log.split("\nSuggestion:\n").nth(1)?.lines().next().map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_linux_6_18_words_it() {
        let log = "0: R1=ctx() R10=fp0\n0: (bf) r0 = r3\nR3 !read_ok\nprocessed 1 insns (limit 1000000)\n";
        let error = program(Operation::LoadProgram, Errno::EACCES, log);
        assert_eq!((error.cause(), error.remedy()), ("the verifier refused it: R3 !read_ok", None));
    }

    #[test]
    fn as_linux_7_3_words_it() {
        let log = "0: (bf) r0 = r3\nR3 !read_ok\n\nVerification failed: Register Type Safety: Unreadable register\n\n\
                   Reason:\n  R3 has never been initialized on this path.\n\nSuggestion:\n  Initialize R3 on every path \
                   before this instruction.\n\nprocessed 1 insns\n";
        let error = program(Operation::LoadProgram, Errno::EACCES, log);
        assert_eq!(error.cause(), "the verifier refused it: R3 !read_ok");
        assert_eq!(error.remedy(), Some("Initialize R3 on every path before this instruction."));
    }
}
