//! A BPF link to pin: the one kind of object that Pinfold itself never makes.

#![expect(unsafe_code, reason = "calls bpf(2) for what Pinfold has no call for")]

use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd, RawFd};

use pinfold::insn::{self, Reg};

const PROG_LOAD: libc::c_long = 5;
const RAW_TRACEPOINT_OPEN: libc::c_long = 17;
/// `BPF_PROG_TYPE_RAW_TRACEPOINT`.
const RAW_TRACEPOINT: u32 = 17;

/// A program that does nothing, linked to a tracepoint that is seldom passed.
///
/// # Panics
///
/// Without root.
pub fn link() -> OwnedFd {
    let program = [insn::mov_imm(Reg::R0, 0).encode(), insn::exit().encode()];
    let mut load = [0_u64; 6];
    load[0] = u64::from(RAW_TRACEPOINT) | (program.len() as u64) << 32;
    load[1] = program.as_ptr().expose_provenance() as u64;
    load[2] = c"GPL".as_ptr().expose_provenance() as u64;
    let program = bpf(PROG_LOAD, &mut load);
    let name = c"task_rename";
    let mut open = [name.as_ptr().expose_provenance() as u64, u64::from(program.as_raw_fd().cast_unsigned())];
    bpf(RAW_TRACEPOINT_OPEN, &mut open)
}

fn bpf(command: libc::c_long, attr: &mut [u64]) -> OwnedFd {
    // SAFETY: the kernel reads the attributes, and the instructions and strings that they point to, all of which the
    // callers keep until this returns.
    let fd = unsafe { libc::syscall(libc::SYS_bpf, command, attr.as_mut_ptr(), size_of_val(attr)) };
    let fd = RawFd::try_from(fd).expect("a descriptor");
    assert!(fd >= 0, "bpf({command}): {}", std::io::Error::last_os_error());
    // SAFETY: the kernel has just opened it for this call.
    unsafe { OwnedFd::from_raw_fd(fd) }
}
