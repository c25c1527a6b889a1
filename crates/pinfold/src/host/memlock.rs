//! Whether this kernel charges BPF objects to `RLIMIT_MEMLOCK`. Only looked at: changing a limit is the owner's choice.

use rustix::process::{Resource, getrlimit};

use crate::insn::{self, Helper};
use crate::sys::{self, ProgramLoad};

/// `BPF_PROG_TYPE_SOCKET_FILTER`.
const SOCKET_FILTER: u32 = 1;

/// Whether the limit counts. The accounting moved to memory cgroups in Linux 5.11 together with a new helper, so that a
/// program which calls that helper loads exactly where the limit doesn't count. Meant for after an EPERM: on an old
/// kernel the load fails for the helper or for the limit, and both mean yes.
pub(super) fn is_charged() -> bool {
    let program = [insn::call(Helper::KTIME_GET_COARSE_NS).encode(), insn::exit().encode()];
    let load = ProgramLoad { program_type: SOCKET_FILTER, name: [0; 16], instructions: &program, license: c"GPL" };
    sys::load_program(&load, None).is_err()
}

/// The limit in words.
pub(super) fn limit() -> String {
    match getrlimit(Resource::Memlock).current {
        Some(bytes) => format!("its {} KiB", bytes / 1024),
        None => "it, though unlimited here,".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    /// On a kernel from 5.11 on, and with the right to load programs, nothing is charged.
    #[test]
    fn agrees_with_the_kernels_age() {
        let release = rustix::system::uname().release().to_string_lossy().into_owned();
        let mut numbers = release.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
        let version = (numbers.next().unwrap(), numbers.next().unwrap());
        assert_eq!(super::is_charged(), version < (5, 11), "{release}");
    }
}
