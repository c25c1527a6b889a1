//! Whether this kernel charges BPF objects to `RLIMIT_MEMLOCK`. Only looked at: changing a limit is the owner's choice.

use rustix::process::{Resource, getrlimit};

use crate::insn::{self, Helper};
use crate::sys::{self, Errno, MapFlags, ProgramLoad};

/// `BPF_PROG_TYPE_SOCKET_FILTER`.
const SOCKET_FILTER: u32 = 1;

/// What is known after an EPERM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Memlock {
    /// The limit isn't the reason.
    Innocent,
    /// This kernel counts against it.
    Charged,
    /// Either the limit is used up to the last page, or something else forbids loading programs as well.
    Unclear,
}

/// The accounting moved to memory cgroups in Linux 5.11 together with a new helper, so that a program which calls that
/// helper loads exactly where the limit doesn't count.
pub(super) fn examine() -> Memlock {
    let unlimited = getrlimit(Resource::Memlock).current.is_none();
    if unlimited || is_bpf_forbidden() {
        return Memlock::Innocent;
    }
    let program = [insn::call(Helper::KTIME_GET_COARSE_NS).encode(), insn::exit().encode()];
    let load = ProgramLoad { program_type: SOCKET_FILTER, name: [0; 16], instructions: &program, license: c"GPL" };
    match sys::load_program(&load, None) {
        Ok(_) => Memlock::Innocent,
        Err(Errno::EINVAL) => Memlock::Charged,
        Err(_) => Memlock::Unclear,
    }
}

/// A call that charges nothing and needs nothing: whoever refuses that refuses bpf(2) altogether.
fn is_bpf_forbidden() -> bool {
    sys::obj_get(c"/", MapFlags::empty()).err() == Some(Errno::EPERM)
}

/// The limit in words.
pub(super) fn limit() -> String {
    match getrlimit(Resource::Memlock).current {
        Some(bytes) => format!("{} KiB", bytes / 1024),
        None => "no limit".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// On a kernel from 5.11 on, and with the right to load programs, nothing is charged.
    #[test]
    fn agrees_with_the_kernels_age() {
        let release = rustix::system::uname().release().to_string_lossy().into_owned();
        let mut numbers = release.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
        let version = (numbers.next().unwrap(), numbers.next().unwrap());
        let limited = getrlimit(Resource::Memlock).current.is_some();
        assert_eq!(examine() != Memlock::Innocent, limited && version < (5, 11), "{release}");
    }
}
