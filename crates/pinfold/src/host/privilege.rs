//! Why the kernel may have answered EPERM: asked after the failure, never before a call.

use std::borrow::Cow;
use std::fs;

use rustix::thread::CapabilitySet;

use super::memlock::{self, Memlock};
use crate::error::Operation;

/// What an operation needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    /// `CAP_BPF` (Linux 5.8), or `CAP_SYS_ADMIN`, which includes it. Maps and programs are charged for.
    Bpf,
    /// `CAP_SYS_ADMIN`.
    SysAdmin,
}

impl Needs {
    const fn capability(self) -> &'static str {
        match self {
            Needs::Bpf => "CAP_BPF",
            Needs::SysAdmin => "CAP_SYS_ADMIN",
        }
    }

    fn held(self, effective: CapabilitySet) -> bool {
        effective.contains(CapabilitySet::SYS_ADMIN) || (self == Needs::Bpf && effective.contains(CapabilitySet::BPF))
    }
}

/// What the kernel's refusal comes from, and what helps.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) cause: Cow<'static, str>,
    pub(crate) remedy: Cow<'static, str>,
}

impl Refusal {
    fn new(cause: impl Into<Cow<'static, str>>, remedy: impl Into<Cow<'static, str>>) -> Refusal {
        Refusal { cause: cause.into(), remedy: remedy.into() }
    }
}

const RAISE_MEMLOCK: &str =
    "raise the limit: LimitMEMLOCK=infinity in its systemd unit, or ulimit -l unlimited in a shell";

/// The first explanation that fits what this thread and this kernel are now.
pub(crate) fn explain(operation: Operation, needs: Needs) -> Refusal {
    let capability = needs.capability();
    let effective = rustix::thread::capabilities(None).map_or(CapabilitySet::empty(), |sets| sets.effective);
    if !needs.held(effective) {
        let lower = capability.to_ascii_lowercase();
        let remedy = format!(
            "run it as root, or grant the capability: AmbientCapabilities={capability} in its systemd unit, or setcap \
             {lower}+ep on its executable"
        );
        return Refusal::new(format!("this process lacks {capability}"), remedy);
    }
    if is_in_a_user_namespace() {
        let cause = format!("this process is in a user namespace, and {capability} doesn't count there");
        return Refusal::new(cause, "run it in the initial user namespace");
    }
    let memlock = if needs == Needs::Bpf { memlock::examine() } else { Memlock::Innocent };
    let limit = memlock::limit();
    match (memlock, locked_down(operation)) {
        (Memlock::Charged, _) => {
            let cause = format!(
                "RLIMIT_MEMLOCK ({limit}) is used up: this kernel charges BPF objects to it, as Linux did before 5.11"
            );
            Refusal::new(cause, RAISE_MEMLOCK)
        }
        (Memlock::Unclear, _) => {
            let cause = format!(
                "either RLIMIT_MEMLOCK ({limit}) is used up, if this kernel is older than 5.11 and charges BPF objects to \
                 it, or a security module forbids it"
            );
            Refusal::new(cause, RAISE_MEMLOCK)
        }
        (Memlock::Innocent, Some(mode)) => Refusal::new(
            format!("refused although this process holds {capability}; the kernel is locked down ({mode})"),
            "see whether the program can do without reading kernel memory",
        ),
        (Memlock::Innocent, None) => Refusal::new(
            format!("refused although this process holds {capability}"),
            "see whether a security module (audit log) or a seccomp filter (container runtime) forbids it",
        ),
    }
}

/// Only in the initial one do capabilities count for bpf(2). Where `/proc` can't tell, nothing is claimed.
fn is_in_a_user_namespace() -> bool {
    fs::read_to_string("/proc/thread-self/uid_map")
        .is_ok_and(|map| !map.split_ascii_whitespace().eq(["0", "0", "4294967295"]))
}

/// The lockdown mode in force, where it may matter: it takes helpers away from programs, and nothing from maps.
fn locked_down(operation: Operation) -> Option<String> {
    if operation != Operation::LoadProgram {
        return None;
    }
    in_force(&fs::read_to_string("/sys/kernel/security/lockdown").ok()?)
}

/// All modes stand in the file, the one in force in brackets.
fn in_force(modes: &str) -> Option<String> {
    let mode = modes.split_once('[')?.1.split_once(']')?.0;
    (mode != "none").then(|| mode.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lockdown_modes() {
        assert_eq!(in_force("[none] integrity confidentiality\n"), None);
        assert_eq!(in_force("none integrity [confidentiality]\n").as_deref(), Some("confidentiality"));
        assert_eq!(in_force(""), None);
    }

    /// A process that holds everything gets an explanation too, and not one that blames what it has.
    #[test]
    fn the_privileged_are_not_told_to_become_root() {
        let refusal = explain(Operation::CreateMap, Needs::Bpf);
        assert!(!refusal.cause.contains("lacks"), "{refusal:?}");
    }
}
