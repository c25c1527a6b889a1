//! A map whose sizes are known at run time only.

use std::fmt;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{MapInfo, RawMapSpec};
use crate::bpffs::Bpffs;
use crate::error::{Error, ErrorKind, Operation, Result, Subject};
use crate::host::diagnose::{self, EntryFailure, Needs};
use crate::object::object_name;
use crate::sys::{self, AdoptError, CallError, Errno, MapCreate, MapFd, ObjectKind, ShapeError, UpdateMode};

/// An open map whose keys and values are bytes: for tools, and for whatever has no type of its own.
///
/// Cheap to clone, `Send + Sync`; every operation takes `&self`, because the kernel synchronises. The descriptor is
/// closed with the last clone.
///
/// A slice of a wrong length is refused without asking the kernel, in release builds too: the kernel would read or
/// write as many bytes as the *map* says.
#[derive(Clone)]
pub struct RawMap {
    inner: Arc<Inner>,
}

struct Inner {
    fd: MapFd,
    info: MapInfo,
    origin: Origin,
}

/// How a handle came to be.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origin {
    /// The name that it was declared or pinned under.
    pub(crate) name: Option<String>,
    /// The pin that it was opened from or created for.
    pub(crate) pin: Option<Pin>,
    /// Whether this handle's call created the map.
    pub(crate) created: bool,
}

/// A pin by its path, which a detached file system makes invalid when it goes.
#[derive(Clone, Debug)]
pub(crate) struct Pin {
    pub(crate) path: PathBuf,
    pub(crate) _bpffs: Bpffs,
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
        let request = MapCreate {
            map_type: spec.map_type.raw(),
            key_size: spec.key_size,
            value_size: spec.value_size,
            max_entries: spec.max_entries,
            map_flags: spec.flags.bits(),
            numa_node: spec.numa_node,
            map_name: object_name(spec.kernel_name.as_ref().unwrap_or(&spec.name)),
            ..MapCreate::default()
        };
        let fd = sys::create_map(&request)
            .map_err(|errno| diagnose::create_map(errno, &request).about(Subject::map(spec.name())))?;
        RawMap::adopt(fd, Origin { name: Some(spec.name().to_owned()), pin, created: true })
    }

    /// Takes a descriptor over, wherever it comes from: another loader, a socket, an inherited one. One system call,
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

    /// Opens a map by its id: two system calls, and a look into `/proc`.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound) where there is none, [`Denied`](ErrorKind::Denied) without `CAP_SYS_ADMIN`.
    #[doc(alias("BPF_MAP_GET_FD_BY_ID", "MapFdFromID"))]
    pub fn from_id(id: u32) -> Result<RawMap> {
        let fd = sys::map_fd_by_id(id).map_err(|errno| {
            let error = match errno {
                Errno::EPERM => diagnose::denied(Operation::Open, errno, Needs::SysAdmin),
                Errno::ENOENT => {
                    Error::new(ErrorKind::NotFound, Operation::Open, "there is no map of that id").with_errno(errno)
                }
                other => diagnose::generic(Operation::Open, other),
            };
            error.about(Subject::map_of_id(id))
        })?;
        RawMap::adopt(fd, Origin::default())
    }

    pub(crate) fn adopt(fd: OwnedFd, origin: Origin) -> Result<RawMap> {
        let operation = if origin.created { Operation::CreateMap } else { Operation::Open };
        // Info calls answer for programs and links as well; what was created as a map is one.
        let kind = if origin.created { Some(ObjectKind::Map) } else { sys::object_kind(fd.as_fd()) };
        match MapFd::adopt(fd) {
            Ok((fd, info)) if matches!(kind, None | Some(ObjectKind::Map)) => {
                let info = MapInfo::from_kernel(&info);
                Ok(RawMap { inner: Arc::new(Inner { fd, info, origin }) })
            }
            adopted => {
                let subject = origin.pin.map_or_else(Subject::default, |pin| Subject::path(pin.path));
                Err(not_adopted(operation, kind, adopted.err()).about(subject))
            }
        }
    }

    /// What the kernel said of the map when it was opened. Nothing of it changes.
    #[doc(alias("BPF_OBJ_GET_INFO_BY_FD", "GetMapInfo"))]
    pub fn info(&self) -> &MapInfo {
        &self.inner.info
    }

    /// The kernel's id of the map.
    pub fn id(&self) -> u32 {
        self.inner.info.id
    }

    /// The name it was declared with, else the one inside the kernel, which may be cut.
    pub fn name(&self) -> &str {
        self.inner.origin.name.as_deref().unwrap_or(&self.inner.info.name)
    }

    /// The pin that it was opened from or created for. A map can have others.
    pub fn path(&self) -> Option<&Path> {
        self.inner.origin.pin.as_ref().map(|pin| pin.path.as_path())
    }

    /// Whether the call that returned this handle created the map, rather than finding it.
    pub fn is_new(&self) -> bool {
        self.inner.origin.created
    }

    /// Bytes of a key.
    pub fn key_len(&self) -> usize {
        self.inner.fd.shape().key_len
    }

    /// Bytes of a whole value: for a per-CPU type, `round_up(value_size, 8)` times the possible CPUs.
    pub fn value_len(&self) -> usize {
        self.inner.fd.shape().value_len
    }

    /// Copies the value of `key` into `value` and tells whether there was one. One system call, no allocation.
    ///
    /// # Errors
    ///
    /// [`Invalid`](ErrorKind::Invalid) where `key` isn't [`key_len`](RawMap::key_len) or `value` isn't
    /// [`value_len`](RawMap::value_len) bytes long; [`Unsupported`](ErrorKind::Unsupported) where maps of this type
    /// can't be read so, among them Bloom filters, whose lookup reads the value.
    #[doc(alias("BPF_MAP_LOOKUP_ELEM", "LookupElement"))]
    #[inline]
    pub fn get_into(&self, key: &[u8], value: &mut [u8]) -> Result<bool> {
        self.inner.fd.lookup(key, value).map_err(|error| self.failed(Operation::Get, error, Some(key)))
    }

    /// A copy of the value of `key`. One system call, one allocation.
    ///
    /// # Errors
    ///
    /// As for [`get_into`](RawMap::get_into).
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let mut value = vec![0; self.value_len()];
        Ok(self.get_into(key, &mut value)?.then_some(value))
    }

    #[inline]
    pub(super) fn get_uninit<'b>(&self, key: &[u8], value: &'b mut [MaybeUninit<u8>]) -> Result<Option<&'b [u8]>> {
        self.inner.fd.lookup_uninit(key, value).map_err(|error| self.failed(Operation::Get, error, Some(key)))
    }

    /// Inserts the entry, or replaces its value. One system call, no allocation.
    ///
    /// # Errors
    ///
    /// [`Full`](ErrorKind::Full); [`ReadOnly`](ErrorKind::ReadOnly) for a frozen map;
    /// [`Invalid`](ErrorKind::Invalid) for slices of a wrong length.
    #[doc(alias("BPF_MAP_UPDATE_ELEM", "BPF_ANY", "UpdateElement"))]
    #[inline]
    pub fn insert(&self, key: &[u8], value: &[u8]) -> Result<()> {
        let inserted = self.inner.fd.update(key, value, UpdateMode::Any);
        inserted.map_err(|error| self.failed(Operation::Insert, error, Some(key)))
    }

    /// Inserts the entry unless the key is there, and tells whether it did. One system call, no allocation.
    ///
    /// Before Linux 6.13 an LPM trie ignores the condition and overwrites: see
    /// [`Map::insert_if_absent`](super::Map::insert_if_absent), which doesn't.
    ///
    /// # Errors
    ///
    /// As for [`insert`](RawMap::insert).
    #[doc(alias = "BPF_NOEXIST")]
    #[inline]
    pub fn insert_if_absent(&self, key: &[u8], value: &[u8]) -> Result<bool> {
        match self.inner.fd.update(key, value, UpdateMode::IfAbsent) {
            Ok(()) => Ok(true),
            Err(CallError::Errno(Errno::EEXIST)) => Ok(false),
            Err(error) => Err(self.failed(Operation::InsertIfAbsent, error, Some(key))),
        }
    }

    /// Replaces the value if the key is there, and tells whether it was. One system call, no allocation.
    ///
    /// Before Linux 6.13 an LPM trie ignores the condition and inserts: see
    /// [`Map::replace_if_present`](super::Map::replace_if_present), which doesn't.
    ///
    /// # Errors
    ///
    /// As for [`insert`](RawMap::insert).
    #[doc(alias = "BPF_EXIST")]
    #[inline]
    pub fn replace_if_present(&self, key: &[u8], value: &[u8]) -> Result<bool> {
        match self.inner.fd.update(key, value, UpdateMode::IfPresent) {
            Ok(()) => Ok(true),
            Err(CallError::Errno(Errno::ENOENT)) => Ok(false),
            Err(error) => Err(self.failed(Operation::ReplaceIfPresent, error, Some(key))),
        }
    }

    /// Removes the entry and tells whether it was there. One system call, no allocation.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](ErrorKind::Unsupported) on arrays, whose entries can't be removed;
    /// [`Invalid`](ErrorKind::Invalid) for a key of a wrong length.
    #[doc(alias("BPF_MAP_DELETE_ELEM", "DeleteElement"))]
    #[inline]
    pub fn remove(&self, key: &[u8]) -> Result<bool> {
        self.inner.fd.delete(key).map_err(|error| self.failed(Operation::Remove, error, Some(key)))
    }

    /// Copies the key after `after`, or the first, into `next` and tells whether there was one. One system call.
    ///
    /// See [`Map::next_key`](super::Map::next_key) for what a walk by this is worth.
    ///
    /// # Errors
    ///
    /// [`Invalid`](ErrorKind::Invalid) for slices of a wrong length; [`Unsupported`](ErrorKind::Unsupported) where maps
    /// of this type can't be walked.
    #[doc(alias("BPF_MAP_GET_NEXT_KEY", "GetNextKey", "GetFirstKey"))]
    #[inline]
    pub fn next_key(&self, after: Option<&[u8]>, next: &mut [u8]) -> Result<bool> {
        let found = self.inner.fd.next_key(after, next);
        found.map_err(|error| self.failed(Operation::NextKey, error, after))
    }

    #[inline]
    pub(super) fn next_key_uninit<'b>(
        &self,
        after: Option<&[u8]>,
        next: &'b mut [MaybeUninit<u8>],
    ) -> Result<Option<&'b [u8]>> {
        let found = self.inner.fd.next_key_uninit(after, next);
        found.map_err(|error| self.failed(Operation::NextKey, error, after))
    }

    #[cfg(target_pointer_width = "64")]
    pub(super) fn fd(&self) -> &MapFd {
        &self.inner.fd
    }

    /// How errors name this map.
    pub(crate) fn subject(&self) -> Subject {
        Subject::map(self.name()).id(self.id()).pinned_at(self.path())
    }

    #[cold]
    fn failed(&self, operation: Operation, error: CallError, key: Option<&[u8]>) -> Error {
        let error = match error {
            CallError::Errno(errno) => diagnose::entry(&EntryFailure {
                operation,
                errno,
                fd: self.as_fd(),
                map_type: self.info().map_type,
                max_entries: self.info().max_entries,
            }),
            CallError::WrongLength { part, given, needed } => {
                let cause = format!("the {part} has {given} bytes, and this map's has {needed}");
                Error::new(ErrorKind::Invalid, operation, cause)
            }
        };
        error.about(self.subject()).with_key(key)
    }

    #[cold]
    pub(super) fn invalid_value<T>(&self, key: &[u8]) -> Error {
        let cause = format!("the bytes of the value are no valid {}", std::any::type_name::<T>());
        Error::new(ErrorKind::Invalid, Operation::Get, cause).about(self.subject()).with_key(Some(key))
    }

    #[cold]
    pub(super) fn invalid_key<K>(&self, key: &[u8]) -> Error {
        let cause = format!("the bytes of the key are no valid {}", std::any::type_name::<K>());
        Error::new(ErrorKind::Invalid, Operation::NextKey, cause).about(self.subject()).with_key(Some(key))
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

impl fmt::Debug for RawMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawMap")
            .field("name", &self.name())
            .field("path", &self.path())
            .field("info", self.info())
            .finish_non_exhaustive()
    }
}

impl AsFd for RawMap {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inner.fd.as_fd()
    }
}
