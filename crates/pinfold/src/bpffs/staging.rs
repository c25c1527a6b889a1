//! Making a directory or a pin that has its mode and owner from the first instant that anybody can see it.
//!
//! It is made under another name, out of everybody's reach, gets its owner and mode, and is then moved to its name in
//! one step. Where any of that fails, nothing has happened; a process that is killed in between leaves an empty or
//! one-pin directory `pinfold:THREAD:N` behind, mode 0700, and never a pin that its readers can't open.

use std::ffi::{CString, OsStr};
use std::os::fd::{AsRawFd as _, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use rustix::fs::{AtFlags, Mode, OFlags, RenameFlags};

use super::access::Attributes;
use crate::error::Operation;
use crate::sys::{self, Errno};

/// How the name of a staging directory starts.
pub(super) const PREFIX: &str = "pinfold:";
/// The only name in a staging directory.
const NEW: &str = "new";
/// Names that are tried until one is free: others of this thread's number may have been killed.
const ATTEMPTS_MAX: u32 = 128;

/// What failed: the making itself, or giving it its mode and owner.
#[derive(Debug)]
pub(super) enum Failed {
    Making(Errno),
    SettingAccess(Errno),
}

impl Failed {
    /// `making`: what making it is called.
    pub(super) fn parts(self, making: Operation) -> (Operation, Errno) {
        match self {
            Failed::Making(errno) => (making, errno),
            Failed::SettingAccess(errno) => (Operation::SetAccess, errno),
        }
    }
}

impl<E: Into<Errno>> From<E> for Failed {
    fn from(errno: E) -> Failed {
        Failed::Making(errno.into())
    }
}

/// Pins the object as `name` in `parent`. EEXIST where the name is taken.
pub(super) fn pin(
    parent: BorrowedFd<'_>,
    name: &OsStr,
    object: BorrowedFd<'_>,
    attributes: &Attributes,
) -> Result<(), Failed> {
    let staging = Staging::in_directory(parent)?;
    let path = staging.path().join(NEW);
    let c_path = CString::new(path.as_os_str().as_encoded_bytes()).map_err(|_| Errno::EINVAL)?;
    sys::obj_pin(object, &c_path)?;
    attributes.apply(&path).map_err(Failed::SettingAccess)?;
    rustix::fs::renameat_with(&staging.dir, NEW, parent, name, RenameFlags::NOREPLACE)?;
    Ok(())
}

/// Makes the directory `name` in `parent`. EEXIST where the name is taken.
pub(super) fn make_directory(parent: BorrowedFd<'_>, name: &OsStr, attributes: &Attributes) -> Result<(), Failed> {
    let mut staging = Staging::in_directory(parent)?;
    let mode = match attributes.mode {
        Some(mode) => mode,
        None => staging.usual_mode()?,
    };
    // The staging directory itself, since moving one into another directory takes the right to write it.
    rustix::fs::chmod(staging.path(), mode & Mode::RWXU).map_err(|errno| Failed::SettingAccess(errno.into()))?;
    attributes.with_mode(mode).apply(&staging.path()).map_err(Failed::SettingAccess)?;
    rustix::fs::renameat_with(parent, &staging.name, parent, name, RenameFlags::NOREPLACE)?;
    staging.moved = true;
    Ok(())
}

/// A directory that nobody else can enter. It goes, with what is still in it, when this is dropped.
struct Staging<'a> {
    parent: BorrowedFd<'a>,
    name: String,
    dir: OwnedFd,
    /// It has got another name, and its own may be somebody else's by now.
    moved: bool,
}

impl Staging<'_> {
    fn in_directory(parent: BorrowedFd<'_>) -> Result<Staging<'_>, Errno> {
        let thread = rustix::thread::gettid().as_raw_nonzero();
        for attempt in 0..ATTEMPTS_MAX {
            let name = format!("{PREFIX}{thread}:{attempt}");
            match rustix::fs::mkdirat(parent, &name, Mode::RWXU) {
                Err(rustix::io::Errno::EXIST) => continue,
                made => made?,
            }
            let dir = opened(parent, &name).inspect_err(|_| {
                // An empty directory is all that there is to undo yet.
                let _ = rustix::fs::unlinkat(parent, &name, AtFlags::REMOVEDIR);
            })?;
            if is_private(&dir)? {
                return Ok(Staging { parent, name, dir, moved: false });
            }
        }
        Err(Errno::EAGAIN)
    }

    fn path(&self) -> PathBuf {
        PathBuf::from(format!("/proc/thread-self/fd/{}", self.dir.as_raw_fd()))
    }

    /// The mode of a directory that nobody said anything about, 0755 less the umask: only the kernel can tell that
    /// without changing it.
    fn usual_mode(&self) -> Result<Mode, Errno> {
        rustix::fs::mkdirat(&self.dir, NEW, Mode::from_raw_mode(0o755))?;
        let stat = rustix::fs::statat(&self.dir, NEW, AtFlags::SYMLINK_NOFOLLOW)?;
        rustix::fs::unlinkat(&self.dir, NEW, AtFlags::REMOVEDIR)?;
        Ok(Mode::from_raw_mode(stat.st_mode))
    }
}

impl Drop for Staging<'_> {
    fn drop(&mut self) {
        if self.moved {
            return;
        }
        // After success there is nothing in it any more.
        let _ = rustix::fs::unlinkat(&self.dir, NEW, AtFlags::empty());
        let _ = rustix::fs::unlinkat(&self.dir, NEW, AtFlags::REMOVEDIR);
        let _ = rustix::fs::unlinkat(self.parent, &self.name, AtFlags::REMOVEDIR);
    }
}

fn opened(parent: BorrowedFd<'_>, name: &str) -> Result<OwnedFd, Errno> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(parent, name, flags, Mode::empty())?)
}

/// Whoever may write the directory above could have put another one in its place.
fn is_private(dir: &OwnedFd) -> Result<bool, Errno> {
    let stat = rustix::fs::fstat(dir)?;
    let of_others = Mode::from_raw_mode(stat.st_mode) & (Mode::RWXG | Mode::RWXO);
    Ok(stat.st_uid == rustix::process::geteuid().as_raw() && of_others.is_empty())
}
