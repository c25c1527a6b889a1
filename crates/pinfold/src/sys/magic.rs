//! Telling file systems apart by the numbers of `linux/magic.h`.

use std::path::Path;

use rustix::fs::StatFs;

const BPF_FS_MAGIC: u32 = 0xcafe_4a11;
const SYSFS_MAGIC: u32 = 0x6265_6572;

/// Whether this is a BPF file system.
pub(crate) fn is_bpffs(fs: &StatFs) -> bool {
    magic(fs) == BPF_FS_MAGIC
}

/// Whether this path is in one, or would be if it existed: asks the nearest directory above it that exists.
pub(crate) fn lies_on_bpffs(path: &Path) -> bool {
    path.ancestors().find_map(|ancestor| rustix::fs::statfs(ancestor).ok()).is_some_and(|fs| is_bpffs(&fs))
}

/// Whether this is sysfs.
pub(super) fn is_sysfs(fs: &StatFs) -> bool {
    magic(fs) == SYSFS_MAGIC
}

/// The low 32 bits: `f_type` has another width, and sometimes a sign, on each architecture.
#[expect(clippy::cast_sign_loss, reason = "a pattern of bits")]
fn magic(fs: &StatFs) -> u32 {
    fs.f_type as u32
}
