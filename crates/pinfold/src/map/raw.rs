//! A map whose sizes are known at run time only.

use std::fmt;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;

use super::key::KeyText;
use super::{Access, FdInfo, MapInfo, RawMapSpec};
use crate::bpffs::{Bpffs, Entry};
use crate::error::{Error, ErrorKind, Operation, Result, Subject};
use crate::host::diagnose::{self, EntryFailure, Needs};
use crate::object::object_name;
use crate::sys::{
    self, AdoptError, CallError, Errno, LookupMode, MapCreate, MapFd, ObjectKind, ShapeError, UpdateMode,
};

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
    key_text: KeyText,
}

struct Inner {
    fd: MapFd,
    access: Access,
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
    /// What the descriptor was asked to allow; `None` where somebody else opened it.
    pub(crate) access: Option<Access>,
}

/// A pin by its place, which a detached file system makes invalid when it goes.
#[derive(Clone, Debug)]
pub(crate) struct Pin {
    pub(crate) entry: Entry,
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
        if spec.value_size == 0 && spec.value_unit > 1 {
            return Err(Error::new(ErrorKind::Invalid, Operation::CreateMap, "the length of its values isn't said")
                .about(Subject::map(spec.name()))
                .with_remedy("say it with MapSpec::with_value_len"));
        }
        let request = MapCreate {
            map_type: spec.map_type.raw(),
            key_size: spec.key_size,
            value_size: spec.value_size,
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
    /// [`Denied`](ErrorKind::Denied) where neither is allowed; [`Gone`](ErrorKind::Gone) where the pin is another map by
    /// now.
    pub fn reopen_independent(&self) -> Result<RawMap> {
        let origin = Origin { created: false, access: Some(self.access()), ..self.inner.origin.clone() };
        let by_id = RawMap::descriptor_of_id(self.id(), self.access());
        let fd = match (by_id, &self.inner.origin.pin) {
            (Err(error), Some(pin)) if error.kind() == ErrorKind::Denied => pin.entry.open(self.access().flags())?,
            (by_id, _) => by_id?,
        };
        let reopened = RawMap::adopt(fd, origin)?.with_key_text(self.key_text);
        if reopened.id() == self.id() {
            return Ok(reopened);
        }
        Err(Error::new(ErrorKind::Gone, Operation::Open, "another map is pinned there by now").about(self.subject()))
    }

    pub(crate) fn with_key_text(mut self, key_text: KeyText) -> RawMap {
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
                Ok(RawMap { inner: Arc::new(Inner { fd, access, info, origin }), key_text: None })
            }
            adopted => {
                let subject = origin.pin.map_or_else(Subject::default, |pin| Subject::path(&pin.entry.path));
                Err(not_adopted(operation, kind, adopted.err()).about(subject))
            }
        }
    }

    /// What the kernel said of the map when it was opened. Nothing of it changes.
    #[doc(alias("BPF_OBJ_GET_INFO_BY_FD", "GetMapInfo"))]
    pub fn info(&self) -> &MapInfo {
        &self.inner.info
    }

    /// What `/proc` says of the map and of this descriptor now: its memory, the owner of a program array. Reads one
    /// file, in four system calls.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](ErrorKind::Unsupported) where `/proc` isn't mounted.
    pub fn fd_info(&self) -> Result<FdInfo> {
        FdInfo::of_own(self.as_fd()).map_err(|error| error.about(self.subject()))
    }

    /// Whether it is frozen: user space can't write it any more, and never will again; programs still can. Reads one
    /// file, in four system calls.
    ///
    /// # Errors
    ///
    /// As for [`fd_info`](RawMap::fd_info).
    #[doc(alias = "BPF_MAP_FREEZE")]
    pub fn is_frozen(&self) -> Result<bool> {
        let unknown =
            || Error::new(ErrorKind::Unsupported, Operation::Inspect, "this kernel doesn't say what is frozen");
        self.fd_info()?.frozen.ok_or_else(|| unknown().about(self.subject()))
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
        self.inner.origin.pin.as_ref().map(|pin| pin.entry.path.as_path())
    }

    /// What this handle may be used for.
    pub fn access(&self) -> Access {
        self.inner.access
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
        self.fetch_bytes(key, value, LookupMode::Keep)
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

    /// Copies the value of `key` into `value`, removes the entry in the same step, and tells whether there was one. One
    /// system call, no allocation. Hashes from Linux 5.14 on; queues and stacks.
    ///
    /// # Errors
    ///
    /// As for [`get_into`](RawMap::get_into); [`Unsupported`](ErrorKind::Unsupported) where this kernel can't do that for
    /// this type.
    #[doc(alias = "BPF_MAP_LOOKUP_AND_DELETE_ELEM")]
    pub fn take_into(&self, key: &[u8], value: &mut [u8]) -> Result<bool> {
        self.fetch_bytes(key, value, LookupMode::Remove)
    }

    #[inline]
    pub(super) fn fetch_bytes(&self, key: &[u8], value: &mut [u8], mode: LookupMode) -> Result<bool> {
        self.check_fetch(mode, key)?;
        self.inner.fd.lookup(key, value, mode).map_err(|error| self.failed(fetches(mode), error, Some(key)))
    }

    #[inline]
    pub(super) fn fetch_uninit<'b>(
        &self,
        key: &[u8],
        value: &'b mut [MaybeUninit<u8>],
        mode: LookupMode,
    ) -> Result<Option<&'b [u8]>> {
        self.check_fetch(mode, key)?;
        self.inner.fd.lookup_uninit(key, value, mode).map_err(|error| self.failed(fetches(mode), error, Some(key)))
    }

    /// Makes the map read-only for user space, for ever. Programs go on writing unless it has
    /// [`RDONLY_PROG`](crate::MapFlags::RDONLY_PROG). One system call. Linux 5.2.
    ///
    /// # Errors
    ///
    /// [`Busy`](ErrorKind::Busy) while it is mapped writable, and where it is frozen already on kernels that say so;
    /// [`ReadOnly`](ErrorKind::ReadOnly) where it is frozen already, or through a read-only handle.
    #[doc(alias = "BPF_MAP_FREEZE")]
    pub fn freeze(&self) -> Result<()> {
        let frozen = self.inner.fd.freeze();
        frozen.map_err(|errno| self.failed(Operation::Freeze, errno.into(), None))
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
        self.check_write(Operation::Insert, key)?;
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
        self.check_write(Operation::InsertIfAbsent, key)?;
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
        self.check_write(Operation::ReplaceIfPresent, key)?;
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
        self.check_write(Operation::Remove, key)?;
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
        self.check_walk(after)?;
        let found = self.inner.fd.next_key(after, next);
        found.map_err(|error| self.failed(Operation::NextKey, error, after))
    }

    #[inline]
    pub(super) fn next_key_uninit<'b>(
        &self,
        after: Option<&[u8]>,
        next: &'b mut [MaybeUninit<u8>],
    ) -> Result<Option<&'b [u8]>> {
        self.check_walk(after)?;
        let found = self.inner.fd.next_key_uninit(after, next);
        found.map_err(|error| self.failed(Operation::NextKey, error, after))
    }

    #[inline]
    fn check_fetch(&self, mode: LookupMode, key: &[u8]) -> Result<()> {
        match (self.inner.access, mode) {
            (Access::ReadWrite, _) | (Access::ReadOnly, LookupMode::Keep) => Ok(()),
            _ => Err(self.not_allowed(fetches(mode), Some(key))),
        }
    }

    #[inline]
    fn check_write(&self, operation: Operation, key: &[u8]) -> Result<()> {
        if self.inner.access == Access::ReadOnly { Err(self.not_allowed(operation, Some(key))) } else { Ok(()) }
    }

    #[inline]
    fn check_walk(&self, after: Option<&[u8]>) -> Result<()> {
        if self.inner.access == Access::WriteOnly { Err(self.not_allowed(Operation::NextKey, after)) } else { Ok(()) }
    }

    /// For what this descriptor doesn't allow, so that the kernel needn't be asked.
    #[cold]
    fn not_allowed(&self, operation: Operation, key: Option<&[u8]>) -> Error {
        let error = if self.inner.access == Access::ReadOnly {
            Error::new(ErrorKind::ReadOnly, operation, "it was opened for reading only")
                .with_remedy("open it for writing")
        } else {
            Error::new(ErrorKind::Denied, operation, "it was opened for writing only")
                .with_remedy("open it for reading")
        };
        self.explained(error, key)
    }

    /// The error with what this handle knows: which map, and how its keys print.
    fn explained(&self, error: Error, key: Option<&[u8]>) -> Error {
        let text = match (key, self.key_text) {
            (Some(key), Some(text)) => text(key),
            (Some(key), None) if self.info().map_type.is_indexed() => {
                key.try_into().ok().map(|index| u32::from_ne_bytes(index).to_string())
            }
            _ => None,
        };
        error.about(self.subject()).with_key(key).with_key_text(text)
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
        self.explained(error, key)
    }

    #[cold]
    pub(super) fn invalid_value<T: ?Sized>(&self, key: &[u8]) -> Error {
        let cause = format!("the bytes of the value are no valid {}", std::any::type_name::<T>());
        self.explained(Error::new(ErrorKind::Invalid, Operation::Get, cause), Some(key))
    }

    #[cold]
    pub(super) fn invalid_key<K>(&self, key: &[u8]) -> Error {
        let cause = format!("the bytes of the key are no valid {}", std::any::type_name::<K>());
        self.explained(Error::new(ErrorKind::Invalid, Operation::NextKey, cause), Some(key))
    }
}

const fn fetches(mode: LookupMode) -> Operation {
    match mode {
        LookupMode::Keep => Operation::Get,
        LookupMode::Remove => Operation::Take,
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
