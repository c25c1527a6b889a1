//! A BPF program made of a few instructions.

use std::ffi::CStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::error::{Error, Operation, Result, Subject};
use crate::host::diagnose;
use crate::insn::Insn;
use crate::object::{ProgramType, object_name};
use crate::sys::{self, Errno, ProgramLoad};

/// A loaded BPF program of a few [instructions](crate::insn): a probe, a counter, an example.
///
/// No program loader: for programs out of an object file use aya or libbpf-rs, which take the descriptors of maps that
/// Pinfold opened.
#[derive(Debug)]
pub struct Program {
    fd: OwnedFd,
    name: String,
}

/// Lets helpers be called that are reserved to GPL-compatible programs.
const LICENSE: &CStr = c"Dual MIT/GPL";
/// Enough for the last words of the verifier on programs of this size.
const LOG_LEN: usize = 64 << 10;
/// As often as libbpf tries.
const ATTEMPTS_MAX: u32 = 5;

impl Program {
    /// Loads a program. One system call, or two where it is refused: the second has the verifier say why.
    ///
    /// # Errors
    ///
    /// [`Denied`](crate::ErrorKind::Denied) without `CAP_BPF`; [`Invalid`](crate::ErrorKind::Invalid) with the
    /// verifier's reason, or without one for a type that takes more than instructions, such as what to attach to.
    #[doc(alias = "BPF_PROG_LOAD")]
    pub fn load(program_type: ProgramType, name: &str, instructions: &[Insn<'_>]) -> Result<Program> {
        let encoded: Vec<[u8; 8]> = instructions.iter().map(|instruction| instruction.encode()).collect();
        let load = ProgramLoad {
            program_type: program_type.raw(),
            name: object_name(name),
            instructions: &encoded,
            license: LICENSE,
        };
        let fd = load_patiently(&load).or_else(|errno| load_and_explain(name, errno, &load))?;
        Ok(Program { fd, name: name.to_owned() })
    }

    /// Runs the program once in the kernel with `packet` as its input, and returns what it returned. One system call.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) for a packet shorter than an Ethernet header, 14 bytes.
    #[doc(alias("BPF_PROG_TEST_RUN", "BPF_PROG_RUN"))]
    pub fn run(&self, packet: &[u8]) -> Result<u32> {
        sys::test_run(self.fd.as_fd(), packet).map_err(|errno| self.failed(Operation::RunProgram, errno))
    }

    /// Lets the program decide which packets `socket` gets to see, until the socket is closed. One system call.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) for a descriptor that isn't a socket, or a program that isn't a
    /// [`SocketFilter`](ProgramType::SocketFilter).
    #[doc(alias("SO_ATTACH_BPF", "setsockopt"))]
    pub fn attach_to_socket(&self, socket: impl AsFd) -> Result<()> {
        sys::attach_to_socket(self.fd.as_fd(), socket.as_fd())
            .map_err(|errno| self.failed(Operation::AttachProgram, errno))
    }

    fn failed(&self, operation: Operation, errno: Errno) -> Error {
        diagnose::program(operation, errno, "").about(Subject::program(&self.name))
    }
}

/// The verifier gives up with EAGAIN where a signal is pending.
fn load_patiently(load: &ProgramLoad<'_>) -> Result<OwnedFd, Errno> {
    for _ in 1..ATTEMPTS_MAX {
        match sys::load_program(load, None) {
            Err(Errno::EAGAIN) => {}
            loaded => return loaded,
        }
    }
    sys::load_program(load, None)
}

#[cold]
fn load_and_explain(name: &str, errno: Errno, load: &ProgramLoad<'_>) -> Result<OwnedFd> {
    let mut log = vec![0; LOG_LEN];
    sys::load_program(load, Some(&mut log)).map_err(|_| {
        let log = CStr::from_bytes_until_nul(&log).unwrap_or_default().to_string_lossy();
        diagnose::program(Operation::LoadProgram, errno, &log).about(Subject::program(name))
    })
}

impl AsFd for Program {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
