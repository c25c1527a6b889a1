//! Operations on entries, as bytes.

use std::mem::MaybeUninit;

use super::RawMap;
use super::failure::fetches;
use crate::error::{Operation, Result};
use crate::map::Access;
use crate::sys::{CallError, Errno, LookupMode, UpdateMode};

impl RawMap {
    /// Copies the value of `key` into `value` and tells whether there was one. One system call, no allocation.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) where `key` isn't [`key_len`](RawMap::key_len) or `value` isn't
    /// [`value_len`](RawMap::value_len) bytes long; [`Unsupported`](crate::ErrorKind::Unsupported) where maps of this
    /// type can't be read so, among them Bloom filters, whose lookup reads the value.
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
    /// As for [`get_into`](RawMap::get_into); [`Unsupported`](crate::ErrorKind::Unsupported) where this kernel can't do
    /// that for this type.
    #[doc(alias = "BPF_MAP_LOOKUP_AND_DELETE_ELEM")]
    pub fn take_into(&self, key: &[u8], value: &mut [u8]) -> Result<bool> {
        self.fetch_bytes(key, value, LookupMode::Remove)
    }

    #[inline]
    pub(in crate::map) fn fetch_bytes(&self, key: &[u8], value: &mut [u8], mode: LookupMode) -> Result<bool> {
        self.check_fetch(mode, key)?;
        self.inner.fd.lookup(key, value, mode).map_err(|error| self.failed(fetches(mode), error, Some(key)))
    }

    #[inline]
    pub(in crate::map) fn fetch_uninit<'b>(
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
    /// [`Busy`](crate::ErrorKind::Busy) while it is mapped writable, and where it is frozen already on kernels that say
    /// so; [`ReadOnly`](crate::ErrorKind::ReadOnly) where it is frozen already, or through a read-only handle.
    #[doc(alias = "BPF_MAP_FREEZE")]
    pub fn freeze(&self) -> Result<()> {
        if self.inner.access == Access::ReadOnly {
            return Err(self.not_allowed(Operation::Freeze, None));
        }
        let frozen = self.inner.fd.freeze();
        frozen.map_err(|errno| self.failed(Operation::Freeze, errno.into(), None))
    }

    /// Inserts the entry, or replaces its value. One system call, no allocation.
    ///
    /// # Errors
    ///
    /// [`Full`](crate::ErrorKind::Full); [`ReadOnly`](crate::ErrorKind::ReadOnly) for a frozen map;
    /// [`Invalid`](crate::ErrorKind::Invalid) for slices of a wrong length.
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
    /// [`Map::insert_if_absent`](crate::Map::insert_if_absent), which doesn't.
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
    /// [`Map::replace_if_present`](crate::Map::replace_if_present), which doesn't.
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
    /// [`Unsupported`](crate::ErrorKind::Unsupported) on arrays, whose entries can't be removed;
    /// [`Invalid`](crate::ErrorKind::Invalid) for a key of a wrong length.
    #[doc(alias("BPF_MAP_DELETE_ELEM", "DeleteElement"))]
    #[inline]
    pub fn remove(&self, key: &[u8]) -> Result<bool> {
        self.check_write(Operation::Remove, key)?;
        self.inner.fd.delete(key).map_err(|error| self.failed(Operation::Remove, error, Some(key)))
    }

    /// Copies the key after `after`, or the first, into `next` and tells whether there was one. One system call.
    ///
    /// See [`Map::next_key`](crate::Map::next_key) for what a walk by this is worth.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) for slices of a wrong length;
    /// [`Unsupported`](crate::ErrorKind::Unsupported) where maps of this type can't be walked.
    #[doc(alias("BPF_MAP_GET_NEXT_KEY", "GetNextKey", "GetFirstKey"))]
    #[inline]
    pub fn next_key(&self, after: Option<&[u8]>, next: &mut [u8]) -> Result<bool> {
        self.check_walk(after)?;
        let found = self.inner.fd.next_key(after, next);
        found.map_err(|error| self.failed(Operation::NextKey, error, after))
    }

    #[inline]
    pub(in crate::map) fn next_key_uninit<'b>(
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
}
