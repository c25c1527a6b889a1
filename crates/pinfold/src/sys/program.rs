//! Loading, running and attaching the small programs that Pinfold itself needs.

use std::ffi::CStr;
use std::os::fd::{AsRawFd as _, BorrowedFd, OwnedFd};

use super::Errno;
use super::attr::{Name, ProgLoad, TestRun};
use super::call::{Command, address, address_mut, bpf, bpf_fd, fd_number};

/// What `BPF_PROG_LOAD` needs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProgramLoad<'a> {
    /// `enum bpf_prog_type`.
    pub(crate) program_type: u32,
    pub(crate) name: Name,
    /// `struct bpf_insn`, eight bytes each.
    pub(crate) instructions: &'a [[u8; 8]],
    pub(crate) license: &'a CStr,
}

/// `BPF_PROG_LOAD`. With a `log` the verifier explains itself there, which makes it slower.
pub(crate) fn load_program(load: &ProgramLoad<'_>, log: Option<&mut [u8]>) -> Result<OwnedFd, Errno> {
    let instruction_count = u32::try_from(load.instructions.len()).map_err(|_| Errno::E2BIG)?;
    let mut attr = ProgLoad {
        prog_type: load.program_type,
        insn_cnt: instruction_count,
        insns: address(load.instructions.as_ptr()),
        license: address(load.license.as_ptr()),
        prog_name: load.name,
        ..ProgLoad::default()
    };
    if let Some(log) = log {
        attr.log_level = 1;
        attr.log_size = u32::try_from(log.len()).unwrap_or(u32::MAX);
        attr.log_buf = address_mut(log.as_mut_ptr());
    }
    // SAFETY: the kernel reads `insn_cnt` instructions of eight bytes and a string up to its NUL, and writes at most
    // `log_size` bytes to the log; all are borrowed until the call is over. It returns a new descriptor.
    unsafe { bpf_fd(Command::ProgLoad, &mut attr, size_of::<ProgLoad>()) }
}

/// `BPF_PROG_TEST_RUN`: runs the program once with `data` as its packet and returns what it returned.
pub(crate) fn test_run(fd: BorrowedFd<'_>, data: &[u8]) -> Result<u32, Errno> {
    let mut attr = TestRun {
        prog_fd: fd_number(fd),
        data_size_in: u32::try_from(data.len()).map_err(|_| Errno::E2BIG)?,
        data_in: address(data.as_ptr()),
        ..TestRun::default()
    };
    // SAFETY: the kernel reads `data_size_in` bytes at `data_in`; there is no room for output, and none is asked for.
    unsafe { bpf(Command::ProgTestRun, &mut attr, size_of::<TestRun>())? };
    Ok(attr.retval)
}

/// `setsockopt(SO_ATTACH_BPF)`: the program decides from now on which packets the socket gets to see.
pub(crate) fn attach_to_socket(program: BorrowedFd<'_>, socket: BorrowedFd<'_>) -> Result<(), Errno> {
    let fd: libc::c_int = program.as_raw_fd();
    // SAFETY: the kernel reads one int at the address given, and is told so.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_ATTACH_BPF,
            std::ptr::from_ref(&fd).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    if result == 0 { Ok(()) } else { Err(Errno::last()) }
}
