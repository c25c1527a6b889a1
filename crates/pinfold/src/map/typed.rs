//! A map whose keys and values have Rust types.

use std::fmt;
use std::marker::PhantomData;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use super::spec::Types;
use super::value::Fetch;
use super::{Access, Exact, FdInfo, Hash, Key, Keyed, Kind, MapInfo, MapSpec, RawMap, Value, WritableValue};
use crate::error::{Error, ErrorKind, Operation, Result};
use crate::host::diagnose;
use crate::probe;
use crate::sys::{LookupMode, MapType, Slot};

const IGNORED: &str = "LPM tries of this kernel ignore the condition and overwrite";

/// An open map with keys `K`, values `V` and of kind `T`.
///
/// Made from a [`MapSpec`], by [`create`](Map::create) or by a [`PinDir`](crate::PinDir). Cheap to clone,
/// `Send + Sync`; every operation takes `&self`, because the kernel synchronises. The descriptor is closed with the
/// last clone.
///
/// ```no_run
/// use pinfold::{Bpffs, MapSpec};
///
/// const SEEN: MapSpec<[u8; 4], u64> = MapSpec::new("seen", 4096);
///
/// let pins = Bpffs::find()?.pin_dir();
/// let seen = pins.open_or_create(&SEEN)?;
/// seen.insert(&[127, 0, 0, 1], &1)?;
/// assert_eq!(seen.get(&[127, 0, 0, 1])?, Some(1));
/// assert!(seen.remove(&[127, 0, 0, 1])?);
/// # Ok::<(), pinfold::Error>(())
/// ```
pub struct Map<K, V: ?Sized, T = Hash> {
    raw: RawMap,
    types: Types<K, V, T>,
}

impl<K: Key, V: Value + ?Sized, T: Kind<K>> Map<K, V, T> {
    /// Creates a map that isn't pinned, and goes with the last descriptor and the last program that uses it. Two
    /// system calls.
    ///
    /// # Errors
    ///
    /// As for [`RawMap::create`].
    #[doc(alias("BPF_MAP_CREATE", "CreateUnpinned"))]
    pub fn create(spec: &MapSpec<K, V, T>) -> Result<Map<K, V, T>> {
        RawMap::create(spec.raw()).map(|raw| Map::from_checked(raw.declared(spec.name(), spec.key_text())))
    }

    /// For a map that is known to agree with the spec of these types.
    pub(crate) fn from_checked(raw: RawMap) -> Map<K, V, T> {
        Map { raw, types: (PhantomData, PhantomData, PhantomData) }
    }

    /// The value of `key`, `None` where there is none. One system call; no allocation but for [`PerCpu`] values and slices.
    ///
    /// In an [`LpmTrie`](super::LpmTrie) this is the value of the longest prefix that covers `key`.
    ///
    /// [`PerCpu`]: super::PerCpu
    ///
    /// # Errors
    ///
    /// [`Invalid`](ErrorKind::Invalid) where the bytes are no valid `V`.
    #[doc(alias("BPF_MAP_LOOKUP_ELEM", "lookup"))]
    #[inline]
    pub fn get(&self, key: &K) -> Result<Option<V::Owned>> {
        V::fetch(&self.raw, key.as_bytes(), Fetch(LookupMode::Keep))
    }

    /// Room for one value, for [`get_into`](Map::get_into).
    pub fn buf(&self) -> V::Buf {
        V::new_buf(&self.raw)
    }

    /// The value of `key`, read into `buf`, `None` where there is none. One system call, no allocation.
    ///
    /// ```no_run
    /// # use pinfold::{Map, MapSpec, PerCpu};
    /// # const SEEN: MapSpec<u32, PerCpu<u64>> = MapSpec::new("seen", 4096);
    /// # let seen = Map::create(&SEEN)?;
    /// let mut buf = seen.buf();
    /// for key in 0..100 {
    ///     if let Some(counters) = seen.get_into(&key, &mut buf)? {
    ///         println!("{key}: {}", counters.sum::<u64>());
    ///     }
    /// }
    /// # Ok::<(), pinfold::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`get`](Map::get).
    #[doc(alias = "lookup_into")]
    #[inline]
    pub fn get_into<'b>(&self, key: &K, buf: &'b mut V::Buf) -> Result<Option<V::View<'b>>> {
        V::fetch_into(&self.raw, key.as_bytes(), buf)
    }

    /// Whether there is an entry of this key. One system call, which copies the value all the same.
    ///
    /// # Errors
    ///
    /// [`Denied`](ErrorKind::Denied) through a write-only handle.
    #[doc(alias("contains_key", "exists"))]
    pub fn contains(&self, key: &K) -> Result<bool>
    where
        T: Exact,
    {
        V::is_there(&self.raw, key.as_bytes(), &mut self.buf())
    }

    /// The key after `after`, or the first one; `None` after the last. One system call, no allocation.
    ///
    /// For looking around. A walk made of such steps is inexact while others write: a hash starts over where `after` is
    /// gone, and an update of an existing key moves it within its bucket, so that keys which were there all the time
    /// may come twice or never. An array yields all its indexes.
    ///
    /// # Errors
    ///
    /// [`Invalid`](ErrorKind::Invalid) where the bytes are no valid `K`; [`as_raw`](Map::as_raw) gets past such a key.
    #[doc(alias("BPF_MAP_GET_NEXT_KEY", "GetNextKey", "GetFirstKey"))]
    #[inline]
    pub fn next_key(&self, after: Option<&K>) -> Result<Option<K>> {
        match self.raw.next_key_uninit(after.map(K::as_bytes), Slot::<K>::new().bytes())? {
            None => Ok(None),
            Some(bytes) => match K::try_read_from_bytes(bytes) {
                Ok(key) => Ok(Some(T::canonical(key))),
                Err(_) => Err(self.raw.invalid_key::<K>(bytes)),
            },
        }
    }

    /// Inserts the entry, or replaces its value. One system call, no allocation.
    ///
    /// # Errors
    ///
    /// [`Full`](ErrorKind::Full) where there is no room; [`Invalid`](ErrorKind::Invalid) for an index that an array doesn't
    /// have; [`ReadOnly`](ErrorKind::ReadOnly) for a frozen map or a read-only handle.
    #[doc(alias("BPF_MAP_UPDATE_ELEM", "BPF_ANY", "update", "put", "set"))]
    #[inline]
    pub fn insert(&self, key: &K, value: &V) -> Result<()>
    where
        V: WritableValue,
    {
        self.raw.insert(key.as_bytes(), value.bytes())
    }

    /// Inserts the entry unless the key is there, and tells whether it did. One system call, no allocation; on an LPM trie
    /// four more once per process, and the right to create maps, to find out whether this kernel heeds the condition.
    ///
    /// # Errors
    ///
    /// As for [`insert`](Map::insert); [`Unsupported`](ErrorKind::Unsupported) on an LPM trie before Linux 6.13, which
    /// would overwrite.
    #[doc(alias = "BPF_NOEXIST")]
    #[inline]
    pub fn insert_if_absent(&self, key: &K, value: &V) -> Result<bool>
    where
        V: WritableValue,
        T: Keyed,
    {
        self.check_conditions(Operation::InsertIfAbsent)?;
        self.raw.insert_if_absent(key.as_bytes(), value.bytes())
    }

    /// Replaces the value if the key is there, and tells whether it was. Costs what
    /// [`insert_if_absent`](Map::insert_if_absent) does.
    ///
    /// In a full [`LruHash`](super::LruHash) the kernel may drop this very key to make room for its new value: then it is
    /// gone, and the answer is `false` (seen on Linux 6.18).
    ///
    /// # Errors
    ///
    /// As for [`insert`](Map::insert); [`Unsupported`](ErrorKind::Unsupported) on an LPM trie before Linux 6.13, which
    /// would insert.
    #[doc(alias = "BPF_EXIST")]
    #[inline]
    pub fn replace_if_present(&self, key: &K, value: &V) -> Result<bool>
    where
        V: WritableValue,
        T: Keyed,
    {
        self.check_conditions(Operation::ReplaceIfPresent)?;
        self.raw.replace_if_present(key.as_bytes(), value.bytes())
    }

    /// Removes the entry and tells whether it was there. One system call, no allocation.
    ///
    /// In an [`LpmTrie`](super::LpmTrie) only this very prefix is removed.
    ///
    /// # Errors
    ///
    /// [`ReadOnly`](ErrorKind::ReadOnly) for a frozen map.
    #[doc(alias("BPF_MAP_DELETE_ELEM", "delete"))]
    #[inline]
    pub fn remove(&self, key: &K) -> Result<bool>
    where
        T: Keyed,
    {
        self.raw.remove(key.as_bytes())
    }

    #[inline]
    fn check_conditions(&self, operation: Operation) -> Result<()> {
        let matters = const { matches!(T::MAP_TYPE, MapType::LpmTrie) };
        if !matters {
            return Ok(());
        }
        match probe::lpm_trie_heeds_conditions() {
            Ok(true) => Ok(()),
            Ok(false) => Err(Error::new(ErrorKind::Unsupported, operation, IGNORED)
                .with_remedy("get the exact prefix first, or use Linux 6.13")),
            Err(errno) => {
                Err(diagnose::not_probed(operation, errno, "whether LPM tries of this kernel heed conditions"))
            }
        }
        .map_err(|error| error.about(self.raw.subject()))
    }
}

impl<K, V: ?Sized, T> Map<K, V, T> {
    /// What the kernel said of the map when it was opened. Nothing of it changes.
    #[doc(alias("BPF_OBJ_GET_INFO_BY_FD", "GetMapInfo"))]
    pub fn info(&self) -> &MapInfo {
        self.raw.info()
    }

    /// What `/proc` says of the map and of this descriptor now: its memory, whether it is frozen. Reads one file, in
    /// four system calls.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](ErrorKind::Unsupported) where `/proc` isn't mounted.
    pub fn fd_info(&self) -> Result<FdInfo> {
        self.raw.fd_info()
    }

    /// The kernel's id of the map.
    pub fn id(&self) -> u32 {
        self.raw.id()
    }

    /// The name that its spec gives it.
    pub fn name(&self) -> &str {
        self.raw.name()
    }

    /// The pin that it was opened from or created for.
    pub fn path(&self) -> Option<&Path> {
        self.raw.path()
    }

    /// What this handle may be used for.
    pub fn access(&self) -> Access {
        self.raw.access()
    }

    /// A handle on the same map with an open file of its own: see [`RawMap::reopen_independent`].
    ///
    /// # Errors
    ///
    /// As for [`RawMap::reopen_independent`].
    pub fn reopen_independent(&self) -> Result<Map<K, V, T>> {
        Ok(Map { raw: self.raw.reopen_independent()?, types: self.types })
    }

    /// Makes the map read-only for user space, for ever: see [`RawMap::freeze`].
    ///
    /// # Errors
    ///
    /// As for [`RawMap::freeze`].
    #[doc(alias = "BPF_MAP_FREEZE")]
    pub fn freeze(&self) -> Result<()> {
        self.raw.freeze()
    }

    /// Whether user space can't write the map any more: see [`RawMap::is_frozen`].
    ///
    /// # Errors
    ///
    /// As for [`RawMap::is_frozen`].
    pub fn is_frozen(&self) -> Result<bool> {
        self.raw.is_frozen()
    }

    /// Whether the call that returned this handle created the map, rather than finding it.
    pub fn is_new(&self) -> bool {
        self.raw.is_new()
    }

    /// The same map with bytes for keys and values.
    pub fn as_raw(&self) -> &RawMap {
        &self.raw
    }
}

impl<K, V: ?Sized, T> Clone for Map<K, V, T> {
    fn clone(&self) -> Map<K, V, T> {
        Map { raw: self.raw.clone(), types: self.types }
    }
}

impl<K, V: ?Sized, T> AsFd for Map<K, V, T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.raw.as_fd()
    }
}

impl<K, V: ?Sized, T> fmt::Debug for Map<K, V, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.raw, f)
    }
}
