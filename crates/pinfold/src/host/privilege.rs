//! Why the kernel may have answered EPERM: asked after the failure, never before a call.

use std::borrow::Cow;
use std::fs;

use rustix::thread::CapabilitySet;

use super::memlock;

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

/// The first explanation that fits what this thread and this kernel are now.
pub(crate) fn explain(needs: Needs) -> Refusal {
    let capability = needs.capability();
    let effective = rustix::thread::capabilities(None).map_or(CapabilitySet::empty(), |sets| sets.effective);
    if !needs.held(effective) {
        let lower = capability.to_ascii_lowercase();
        return Refusal {
            cause: format!("this process lacks {capability}").into(),
            remedy: format!(
                "run it as root, or grant the capability: AmbientCapabilities={capability} in its systemd unit, or \
                 setcap {lower}+ep on its executable"
            )
            .into(),
        };
    }
    if !in_initial_user_namespace() {
        return Refusal {
            cause: format!("this process is in a user namespace, and {capability} doesn't count there").into(),
            remedy: "run it in the initial user namespace".into(),
        };
    }
    if needs == Needs::Bpf && memlock::is_charged() {
        return Refusal {
            cause: format!(
                "this kernel charges BPF objects to RLIMIT_MEMLOCK (as Linux did before 5.11), and {} is used up",
                memlock::limit()
            )
            .into(),
            remedy: "raise the limit: LimitMEMLOCK=infinity in its systemd unit, or ulimit -l unlimited in a shell"
                .into(),
        };
    }
    if let Some(mode) = lockdown() {
        return Refusal {
            cause: format!("the kernel is locked down ({mode})").into(),
            remedy: "boot without lockdown= on the kernel's command line, or without secure boot".into(),
        };
    }
    Refusal {
        cause: format!("refused although this process holds {capability}").into(),
        remedy: "see whether a security module (audit log) or a seccomp filter (container runtime) forbids it".into(),
    }
}

/// Only there do capabilities count for bpf(2).
fn in_initial_user_namespace() -> bool {
    fs::read_to_string("/proc/thread-self/uid_map")
        .is_ok_and(|map| map.split_ascii_whitespace().eq(["0", "0", "4294967295"]))
}

/// The lockdown mode in force, `None` for `none` or where there is no such module.
fn lockdown() -> Option<String> {
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
        let refusal = explain(Needs::Bpf);
        assert!(!refusal.cause.contains("lacks"), "{refusal:?}");
    }
}
