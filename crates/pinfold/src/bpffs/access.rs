//! Who may do what with the directories and pins that a pin directory makes.

use std::os::unix::fs::chown;
use std::path::Path;

use rustix::fs::Mode;

use super::PinDir;
use crate::sys::Errno;

impl PinDir {
    /// The mode, such as `0o750`, of directories that this creates below the root; exactly, whatever the umask. Those
    /// that are there keep theirs.
    ///
    /// Nobody ever sees such a directory with another mode. A dozen system calls for each that is created.
    #[must_use]
    pub fn with_dir_mode(mut self, mode: u32) -> PinDir {
        self.access.dir_mode = Some(mode);
        self
    }

    /// The mode of new pins, such as `0o444` for readers without privileges: they open with
    /// [`Access::ReadOnly`](crate::Access::ReadOnly), and need nothing but to reach the directory, to which the root
    /// belongs: systemd and [`Bpffs::mount`](crate::Bpffs::mount) make that 0700.
    ///
    /// Exactly, whatever the umask; without this it is 0600 less the umask. Pins that are there keep theirs.
    ///
    /// A new pin has its mode and owner as soon as there is one, and if it can't get them there is none. A dozen system
    /// calls for each instead of one. A process that is killed meanwhile leaves a directory `pinfold:THREAD:N` behind, mode
    /// 0700, which holds the map until somebody removes it; [`walk`](PinDir::walk) passes it over.
    #[doc(alias = "chmod")]
    #[must_use]
    pub fn with_pin_mode(mut self, mode: u32) -> PinDir {
        self.access.pin_mode = Some(mode);
        self
    }

    /// The user and the group of new pins, and of directories that this creates below the root; `None` leaves this
    /// process's. Giving things to another user takes `CAP_CHOWN` and `CAP_FOWNER`, to a group that this process isn't
    /// in `CAP_CHOWN`: without them, pinning is an error and leaves nothing behind.
    #[doc(alias = "chown")]
    #[must_use]
    pub fn with_owner(mut self, uid: Option<u32>, gid: Option<u32>) -> PinDir {
        (self.access.owner, self.access.group) = (uid, gid);
        self
    }
}

/// What a pin directory was told about all that it makes. By default nothing: the kernel's modes, less the umask.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Access {
    pub(super) dir_mode: Option<u32>,
    pub(super) pin_mode: Option<u32>,
    pub(super) owner: Option<u32>,
    pub(super) group: Option<u32>,
}

impl Access {
    /// What a new directory has to get; `None` where it is right as the kernel makes it.
    pub(super) fn of_directories(&self) -> Option<Attributes> {
        self.with_mode(self.dir_mode)
    }

    /// What a new pin has to get; `None` where it is right as the kernel makes it.
    pub(super) fn of_pins(&self) -> Option<Attributes> {
        self.with_mode(self.pin_mode)
    }

    fn with_mode(&self, mode: Option<u32>) -> Option<Attributes> {
        let Access { owner, group, .. } = *self;
        let any = mode.is_some() || owner.is_some() || group.is_some();
        any.then_some(Attributes { mode: mode.map(Mode::from_raw_mode), owner, group })
    }
}

/// Mode and owner of one new directory or pin.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attributes {
    pub(super) mode: Option<Mode>,
    owner: Option<u32>,
    group: Option<u32>,
}

impl Attributes {
    pub(super) fn with_mode(self, mode: Mode) -> Attributes {
        Attributes { mode: Some(mode), ..self }
    }

    /// The owner first, because a mode that is right for the new owner may be too wide for the old one's group.
    pub(super) fn apply(&self, path: &Path) -> Result<(), Errno> {
        if self.owner.is_some() || self.group.is_some() {
            chown(path, self.owner, self.group).map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(0)))?;
        }
        self.mode.map_or(Ok(()), |mode| Ok(rustix::fs::chmod(path, mode)?))
    }
}
