//! Ways to a handle: creating, adopting a descriptor, by id, and once more.

use std::os::fd::{AsFd as _, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;

use super::RawMap;
use super::handle::Inner;
use crate::bpffs::{Bpffs, Entry};
use crate::error::{Error, ErrorKind, Operation, Result, Subject};
use crate::host::diagnose::{self, Needs};
use crate::map::key::KeyText;
use crate::map::{Access, MapInfo, RawMapSpec, ValueSize};
use crate::object::object_name;
use crate::sys::{self, AdoptError, Errno, MapCreate, MapFd, ObjectKind, ShapeError};

/// How a handle came to be.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origin {
    /// The name that it was declared or pinned under.
    pub(crate) name: Option<String>,
    /// The pin that it was opened from or created for.
    pub(crate) pin: Option<Pin>,
    /// Whether this handle's call created the map.
    pub(crate) created: bool,
    /// What the descriptor was asked to allow; `None` where somebody else opened it.
    pub(crate) access: Option<Access>,
}

/// A pin by its place, which a detached file system makes invalid when it goes.
#[derive(Clone, Debug)]
pub(crate) struct Pin {
    pub(crate) entry: Entry,
    pub(crate) _bpffs: Option<Bpffs>,
}

impl RawMap {
    /// Creates a map that isn't pinned: two system calls.
    ///
    /// # Errors
    ///
    /// [`Invalid`](ErrorKind::Invalid) for a bad name, no capacity, or sizes and flags that the kernel doesn't take for
    /// this type; [`Denied`](ErrorKind::Denied) without `CAP_BPF`; [`Exhausted`](ErrorKind::Exhausted) without memory
    /// for it; [`Unsupported`](ErrorKind::Unsupported) where this kernel lacks the type.
    #[doc(alias("BPF_MAP_CREATE", "CreateMap"))]
    pub fn create(spec: &RawMapSpec) -> Result<RawMap> {
        RawMap::create_for(spec, None)
    }

    /// Creates a map that the caller is going to pin.
    pub(crate) fn create_for(spec: &RawMapSpec, pin: Option<Pin>) -> Result<RawMap> {
        spec.check(Operation::CreateMap)?;
        let ValueSize::Exactly(value_size) = spec.value_size else {
            return Err(Error::new(ErrorKind::Invalid, Operation::CreateMap, "the length of its values isn't said")
                .about(Subject::map(spec.name()))
                .with_remedy("say it with MapSpec::with_value_len"));
        };
        let request = MapCreate {
            map_type: spec.map_type.raw(),
            key_size: spec.key_size,
            value_size,
            max_entries: spec.max_entries,
            map_flags: spec.flags.bits(),
            numa_node: spec.numa_node,
            map_extra: spec.map_extra,
            map_name: object_name(spec.kernel_name.as_ref().unwrap_or(&spec.name)),
            ..MapCreate::default()
        };
        let fd = sys::create_map(&request)
            .map_err(|errno| diagnose::create_map(errno, &request).about(Subject::map(spec.name())))?;
        let access = Some(Access::of_flags(spec.flags));
        RawMap::adopt(fd, Origin { name: Some(spec.name().to_owned()), pin, created: true, access })
    }

    /// Takes a descriptor over, wherever it comes from: another loader, a socket, an inherited one. Two system calls,
    /// and a look into `/proc`.
    ///
    /// # Errors
    ///
    /// [`Incompatible`](ErrorKind::Incompatible) where it is a program, a link or no BPF object at all;
    /// [`Unsupported`](ErrorKind::Unsupported) for a type of map that is younger than this library.
    #[doc(alias = "NewMapFromFD")]
    pub fn from_fd(fd: OwnedFd) -> Result<RawMap> {
        RawMap::adopt(fd, Origin::default())
    }

    /// Opens whatever map is pinned at `path`: two system calls, and a look into `/proc`. [`PinDir::open_raw`] does the
    /// same by name.
    ///
    /// # Errors
    ///
    /// As for [`PinDir::open_raw`].
    ///
    /// [`PinDir::open_raw`]: crate::PinDir::open_raw
    #[doc(alias("BPF_OBJ_GET", "LoadPinnedMap"))]
    pub fn from_pin(path: impl Into<PathBuf>) -> Result<RawMap> {
        RawMap::from_pin_as(path, Access::ReadWrite)
    }

    /// [`from_pin`](RawMap::from_pin) with less access.
    ///
    /// # Errors
    ///
    /// As for [`from_pin`](RawMap::from_pin).
    pub fn from_pin_as(path: impl Into<PathBuf>, access: Access) -> Result<RawMap> {
        // A daemon may change its directory later.
        let path = path.into();
        let entry = Entry::at(std::path::absolute(&path).unwrap_or(path))?;
        let fd = entry.open(access.flags())?;
        let name = entry.path.file_name().map(|name| name.to_string_lossy().into_owned());
        let pin = Some(Pin { entry, _bpffs: None });
        RawMap::adopt(fd, Origin { name, pin, created: false, access: Some(access) })
    }

    /// Opens a map by its id: two system calls, and a look into `/proc`. Its [`info`](RawMap::info) is what there is to
    /// know of a map by id.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound) where there is none, [`Denied`](ErrorKind::Denied) without `CAP_SYS_ADMIN`.
    #[doc(alias("BPF_MAP_GET_FD_BY_ID", "MapFdFromID"))]
    pub fn from_id(id: u32) -> Result<RawMap> {
        RawMap::from_id_as(id, Access::ReadWrite)
    }

    /// [`from_id`](RawMap::from_id) with less access.
    ///
    /// # Errors
    ///
    /// As for [`from_id`](RawMap::from_id).
    pub fn from_id_as(id: u32, access: Access) -> Result<RawMap> {
        let origin = Origin { access: Some(access), ..Origin::default() };
        RawMap::adopt(RawMap::descriptor_of_id(id, access)?, origin)
    }

    fn descriptor_of_id(id: u32, access: Access) -> Result<OwnedFd> {
        sys::map_fd_by_id(id, access.flags()).map_err(|errno| {
            let error = match errno {
                Errno::EPERM => diagnose::denied(Operation::Open, errno, Needs::SysAdmin),
                Errno::ENOENT => {
                    Error::new(ErrorKind::NotFound, Operation::Open, "there is no map of that id").with_errno(errno)
                }
                other => diagnose::generic(Operation::Open, other),
            };
            error.about(Subject::map_of_id(id))
        })
    }

    /// A handle on the same map with an open file of its own, for a thread that hammers it: threads that share one
    /// descriptor (or duplicates of it) contend for the reference count of its file. Two to four system calls, and a look
    /// into `/proc`.
    ///
    /// Goes by id, which needs `CAP_SYS_ADMIN`, and without that by the pin.
    ///
    /// # Errors
    ///
    /// [`Denied`](ErrorKind::Denied) where neither is allowed; [`Gone`](ErrorKind::Gone) where the pin is gone, or something
    /// else by now.
    pub fn reopen_independent(&self) -> Result<RawMap> {
        let origin = Origin { created: false, access: Some(self.access()), ..self.inner.origin.clone() };
        let gone = |cause| Err(Error::new(ErrorKind::Gone, Operation::Open, cause).about(self.subject()));
        let opened = match (RawMap::descriptor_of_id(self.id(), self.access()), &self.inner.origin.pin) {
            (Err(error), Some(pin)) if error.kind() == ErrorKind::Denied => pin.entry.open(self.access().flags()),
            (by_id, _) => by_id,
        };
        match opened.and_then(|fd| RawMap::adopt(fd, origin)) {
            Ok(reopened) if reopened.id() == self.id() => Ok(RawMap { inner: reopened.inner, ..self.clone() }),
            Ok(_) => gone("another map is pinned there by now"),
            Err(error) if error.kind() == ErrorKind::NotFound => gone("nothing is pinned there any more"),
            Err(error) if error.kind() == ErrorKind::Incompatible => gone("something else is pinned there by now"),
            Err(error) => Err(error),
        }
    }

    /// With what its spec says beyond what the kernel knows.
    pub(crate) fn declared(mut self, name: &str, key_text: KeyText) -> RawMap {
        self.name = Some(name.into());
        self.key_text = key_text;
        self
    }

    pub(crate) fn adopt(fd: OwnedFd, origin: Origin) -> Result<RawMap> {
        let operation = match &origin {
            Origin { created: true, .. } => Operation::CreateMap,
            Origin { access: None, .. } => Operation::Adopt,
            _ => Operation::Open,
        };
        // Info calls answer for programs and links as well; what was created as a map is one.
        let kind = if origin.created { Some(ObjectKind::Map) } else { sys::object_kind(fd.as_fd()) };
        let access = origin.access.unwrap_or_else(|| Access::of_descriptor(fd.as_fd()));
        match MapFd::adopt(fd) {
            Ok((fd, info)) if matches!(kind, None | Some(ObjectKind::Map)) => {
                let info = MapInfo::from_kernel(&info);
                Ok(RawMap { inner: Arc::new(Inner { fd, access, info, origin }), name: None, key_text: None })
            }
            adopted => {
                let subject = origin.pin.map_or_else(Subject::default, |pin| Subject::path(&pin.entry.path));
                Err(not_adopted(operation, kind, adopted.err()).about(subject))
            }
        }
    }
}

#[cold]
fn not_adopted(operation: Operation, kind: Option<ObjectKind>, error: Option<AdoptError>) -> Error {
    match (kind, error) {
        (Some(kind @ (ObjectKind::Program | ObjectKind::Link)), _) => {
            Error::new(ErrorKind::Incompatible, operation, format!("it is a {kind}, not a map"))
        }
        (_, Some(AdoptError::Shape(ShapeError::UnknownType(map_type)))) => {
            Error::new(ErrorKind::Unsupported, operation, format!("map type {map_type} is younger than this library"))
                .with_remedy("use a newer version of it")
        }
        (_, Some(AdoptError::Shape(ShapeError::Cpus(error)))) => diagnose::unknown_cpus(operation, &error),
        (_, Some(AdoptError::Shape(ShapeError::TooLarge))) => {
            Error::new(ErrorKind::Unsupported, operation, "its values are larger than this process's address space")
        }
        (Some(ObjectKind::Other), _) | (_, None | Some(AdoptError::Errno(Errno::EINVAL))) => {
            Error::new(ErrorKind::Incompatible, operation, "it isn't a map")
        }
        (_, Some(AdoptError::Errno(errno))) => diagnose::generic(operation, errno),
    }
}
