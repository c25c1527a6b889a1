//! File systems and privileges of a test's own, so that tests run side by side and leave nothing behind.

#![expect(unsafe_code, reason = "gives a thread a mount namespace of its own")]

use std::panic::resume_unwind;

use pinfold::Bpffs;
use rustix::fs::{Gid, Uid};
use rustix::mount::{MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_bind, mount_change, unmount};
use rustix::thread::{
    CapabilitySet, CapabilitySets, UnshareFlags, set_thread_groups, set_thread_res_gid, set_thread_res_uid,
};

/// A BPF file system that nobody else can see, and that goes with its last user.
///
/// # Panics
///
/// Without root.
pub fn bpffs() -> Bpffs {
    Bpffs::detached().expect("a BPF file system: these tests need root")
}

/// Runs `test` in a thread that has no capabilities, whatever its user is.
///
/// # Panics
///
/// Where `test` does.
pub fn without_capabilities<R: Send>(test: impl FnOnce() -> R + Send) -> R {
    in_thread(|| {
        let none = CapabilitySet::empty();
        rustix::thread::set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })
            .expect("dropping capabilities is always allowed");
        test()
    })
}

/// Runs `test` in a thread with mounts of its own, none of which is a BPF file system: `/sys/fs/bpf` is an ordinary empty
/// directory. It may mount and unmount as it likes; threads and processes that it starts see the same.
///
/// # Panics
///
/// Without root, or where `test` does.
pub fn without_bpffs<R: Send>(test: impl FnOnce() -> R + Send) -> R {
    in_thread(|| {
        // SAFETY: neither flag touches the table of descriptors, which is what makes unsharing delicate.
        unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWNS | UnshareFlags::FS) }.expect("a mount namespace");
        mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC).expect("private mounts");
        let mounts = std::fs::read_to_string("/proc/thread-self/mountinfo").expect("/proc");
        for line in mounts.lines().filter(|line| line.contains(" - bpf ")) {
            let point = line.split(' ').nth(4).expect("a mount point");
            unmount(point, UnmountFlags::DETACH).expect("unmounted");
        }
        mount("none", "/sys/fs", "tmpfs", MountFlags::empty(), None).expect("a tmpfs");
        std::fs::create_dir("/sys/fs/bpf").expect("a directory");
        test()
    })
}

/// Puts `source` over `target`, as a container manager does with files that it wants to lie about. For a thread with
/// mounts of its own.
///
/// # Panics
///
/// Without root.
pub fn bind_over(source: &str, target: &str) {
    mount_bind(source, target).expect("a bind mount");
}

/// Runs `test` in a thread of the user and group 65534, without capabilities.
///
/// # Panics
///
/// Without root, or where `test` does.
pub fn as_nobody<R: Send>(test: impl FnOnce() -> R + Send) -> R {
    in_thread(|| {
        let (user, group) = (Uid::from_raw(65534), Gid::from_raw(65534));
        set_thread_groups(&[]).expect("no further groups");
        set_thread_res_gid(group, group, group).expect("another group");
        set_thread_res_uid(user, user, user).expect("another user");
        test()
    })
}

fn in_thread<R: Send>(test: impl FnOnce() -> R + Send) -> R {
    std::thread::scope(|scope| scope.spawn(test).join()).unwrap_or_else(|panic| resume_unwind(panic))
}
