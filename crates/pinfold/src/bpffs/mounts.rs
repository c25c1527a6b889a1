//! Which BPF file systems are mounted where, and which on top of which.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, StatxFlags};

use crate::error::{Operation, Result, Subject};
use crate::host::diagnose;
use crate::sys::Errno;

/// One mount of a BPF file system: a line of `/proc/thread-self/mountinfo`, proc(5).
#[doc(alias = "mountinfo")]
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BpffsMount {
    /// The mount's id, which may be used again after unmounting.
    pub id: u64,
    /// Where it is mounted, as seen from this thread's root.
    pub mount_point: PathBuf,
    /// What of the file system is mounted there: `/`, unless it is a bind mount of a sub-directory.
    pub root: PathBuf,
    /// Options of this mount, such as `rw,nosuid,nodev,noexec,relatime`.
    pub options: String,
    /// Options of the file system, which all its mounts share, such as `rw,mode=700,delegate_maps=any`.
    pub file_system_options: String,
}

/// All mounts of one mount namespace, of whatever type.
#[derive(Debug)]
pub(super) struct Mounts(Vec<Mount>);

#[derive(Debug)]
struct Mount {
    /// The id of the mount that it is mounted on.
    parent: u64,
    file_system: String,
    what: BpffsMount,
}

impl Mounts {
    /// Those of a process, or of this thread.
    pub(super) fn read(process: Option<u32>) -> Result<Mounts> {
        // /proc/self would show the main thread's mounts.
        let path = match process {
            Some(pid) => format!("/proc/{pid}/mountinfo"),
            None => "/proc/thread-self/mountinfo".to_owned(),
        };
        match fs::read(&path) {
            Ok(mountinfo) => Ok(Mounts::parse(&mountinfo)),
            Err(error) => {
                let errno = Errno::from_raw(error.raw_os_error().unwrap_or(0));
                Err(diagnose::generic(Operation::ListMounts, errno).about(Subject::path(path)))
            }
        }
    }

    /// `Documentation/filesystems/proc.rst`, section 3.5. Lines of another form are left out.
    fn parse(mountinfo: &[u8]) -> Mounts {
        Mounts(mountinfo.split(|byte| *byte == b'\n').filter_map(Mount::parse).collect())
    }

    pub(super) fn into_bpffs(self) -> Vec<BpffsMount> {
        self.0.into_iter().filter(|mount| mount.file_system == "bpf").map(|mount| mount.what).collect()
    }

    /// The type of the file system that is mounted at `path`, or that `path` is in.
    pub(super) fn file_system_at(&self, path: &Path) -> Option<String> {
        self.with_id(mount_id(path).ok()?).map(|mount| mount.file_system.clone())
    }

    /// How many BPF file systems, and not only parts of one, lie on top of each other where `path` is, seen from the
    /// mount that it leads to.
    pub(super) fn stacked_at(&self, path: &Path) -> Result<usize> {
        let id = mount_id(path).map_err(|errno| diagnose::mount(Operation::FindBpffs, errno, path))?;
        Ok(self.pile_below(id).filter(|mount| mount.is_whole_bpffs()).count())
    }

    /// The mount of that id and those that it covers: each is mounted on the next, at the same point. Mounts of the
    /// same point that something above it hides aren't among them.
    fn pile_below(&self, id: u64) -> impl Iterator<Item = &Mount> {
        let below = |mount: &&Mount| {
            let beneath = self.with_id(mount.parent)?;
            (beneath.what.mount_point == mount.what.mount_point).then_some(beneath)
        };
        // The first mount of all may be its own parent.
        std::iter::successors(self.with_id(id), below).take(self.0.len())
    }

    fn with_id(&self, id: u64) -> Option<&Mount> {
        self.0.iter().find(|mount| mount.what.id == id)
    }
}

impl Mount {
    fn parse(line: &[u8]) -> Option<Mount> {
        let mut fields = line.split(|byte| *byte == b' ');
        let mut number = || std::str::from_utf8(fields.next()?).ok()?.parse().ok();
        let (id, parent) = (number()?, number()?);
        let _device = fields.next()?;
        let (root, mount_point) = (path(fields.next()?), path(fields.next()?));
        let options = text(fields.next()?);
        // Any number of optional fields ends with a dash.
        fields.find(|field| *field == b"-")?;
        let file_system = text(fields.next()?);
        let _source = fields.next()?;
        let file_system_options = text(fields.next()?);
        Some(Mount { parent, file_system, what: BpffsMount { id, mount_point, root, options, file_system_options } })
    }

    fn is_whole_bpffs(&self) -> bool {
        self.file_system == "bpf" && self.what.root.as_os_str().as_bytes() == b"/"
    }
}

/// The id of the mount that `path` leads to. Linux 5.8.
fn mount_id(path: &Path) -> Result<u64, Errno> {
    Ok(rustix::fs::statx(CWD, path, AtFlags::empty(), StatxFlags::MNT_ID)?.stx_mnt_id)
}

fn path(field: &[u8]) -> PathBuf {
    PathBuf::from(OsString::from_vec(unescaped(field)))
}

fn text(field: &[u8]) -> String {
    String::from_utf8_lossy(&unescaped(field)).into_owned()
}

/// Blanks, backslashes and the like stand there as `\040`: three octal digits.
fn unescaped(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, after)) = rest.split_first() {
        let code = (*first == b'\\').then(|| after.split_at_checked(3)).flatten();
        let code = code
            .and_then(|(digits, after)| Some((u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok()?, after)));
        let (byte, after) = code.unwrap_or((*first, after));
        bytes.push(byte);
        rest = after;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTINFO: &[u8] = b"\
1 1 0:1 / / rw - rootfs rootfs rw
22 1 0:21 / /proc rw,relatime - proc proc rw
41 1 0:33 / /sys/fs/bpf rw,nosuid shared:9 master:2 - bpf bpf rw,mode=700
42 41 0:34 / /sys/fs/bpf rw - tmpfs tmpfs rw
43 42 0:35 /sub /sys/fs/bpf rw - bpf bpf rw
44 43 0:36 / /sys/fs/bpf rw - bpf bpf rw
45 1 0:37 / /run/my\\040own\\134\xff/bpffs rw - bpf  rw
46 45 0:38 / /sys/fs/bpf rw - bpf bpf rw
43 23 0:35 / /bpf rw - tmpfs bpf rw
47 1 0:39 / /short rw - bpf
nonsense
";

    #[test]
    fn mounts_of_type_bpf() {
        let mounts = Mounts::parse(MOUNTINFO).into_bpffs();
        let ids: Vec<u64> = mounts.iter().map(|mount| mount.id).collect();
        assert_eq!(ids, [41, 43, 44, 45, 46]);
        let first = BpffsMount {
            id: 41,
            mount_point: "/sys/fs/bpf".into(),
            root: "/".into(),
            options: "rw,nosuid".to_owned(),
            file_system_options: "rw,mode=700".to_owned(),
        };
        assert_eq!(mounts[0], first);
        assert_eq!(mounts[1].root, Path::new("/sub"));
        assert_eq!(mounts[3].mount_point.as_os_str().as_bytes(), b"/run/my own\\\xff/bpffs");
    }

    #[test]
    fn a_pile_is_what_covers_each_other() {
        let mounts = Mounts::parse(MOUNTINFO);
        let pile = |id| mounts.pile_below(id).map(|mount| mount.what.id).collect::<Vec<_>>();
        assert_eq!(pile(44), [44, 43, 42, 41]);
        assert_eq!(mounts.pile_below(44).filter(|mount| mount.is_whole_bpffs()).count(), 2);
        assert_eq!((pile(41), pile(46), pile(99)), (vec![41], vec![46], vec![]));
        assert!(pile(1).iter().all(|id| *id == 1), "its own parent");
    }

    #[test]
    fn escapes() {
        for (field, bytes) in [("a\\040b", "a b"), ("\\", "\\"), ("\\12", "\\12"), ("\\999", "\\999"), ("", "")] {
            assert_eq!(unescaped(field.as_bytes()), bytes.as_bytes(), "{field}");
        }
    }
}
