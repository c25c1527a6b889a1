//! Opening and creating pinned maps.

use std::os::fd::AsFd as _;

use super::compat::mismatches;
use crate::bpffs::PinDir;
use crate::error::{Error, ErrorKind, Operation, Result, Subject};
use crate::map::{Key, Kind, Map, MapSpec, Origin, RawMap, RawMapSpec, Value};

/// How often somebody else may remove the name between our two looks before that is an error.
const ATTEMPTS_MAX: u32 = 128;

impl PinDir {
    /// Opens the map that is pinned here under the spec's name, if it is what the spec says.
    ///
    /// Type, sizes, capacity and flags are compared, after taking out what the kernel itself changes. Two system calls,
    /// and a look into `/proc`.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound) where nothing is pinned; [`Incompatible`](ErrorKind::Incompatible), with all
    /// differences in [`Error::mismatches`], where the map differs, or where the pin is a program or a link;
    /// [`Denied`](ErrorKind::Denied) where the pin's mode forbids it.
    #[doc(alias("BPF_OBJ_GET", "OpenMap"))]
    pub fn open<K: Key, V: Value, T: Kind<K>>(&self, spec: &MapSpec<K, V, T>) -> Result<Map<K, V, T>> {
        self.open_checked(spec.raw()).map(Map::from_checked)
    }

    /// Opens the map that is pinned here under the spec's name, or creates and pins it where there is none.
    /// [`Map::is_new`] tells which.
    ///
    /// A map that differs from the spec is refused and left alone. Where several processes do this at once, all end
    /// with the same map. Where pinning fails, the map that was created for it is closed again.
    ///
    /// Two system calls for a map that is there, four where it is created, and a look into `/proc`.
    ///
    /// # Errors
    ///
    /// As for [`open`](PinDir::open), [`RawMap::create`] and [`PinDir::pin`].
    #[doc(alias("OpenOrCreate", "OpenOrCreateMap"))]
    pub fn open_or_create<K: Key, V: Value, T: Kind<K>>(&self, spec: &MapSpec<K, V, T>) -> Result<Map<K, V, T>> {
        self.open_or_create_raw(spec.raw()).map(Map::from_checked)
    }

    fn open_or_create_raw(&self, spec: &RawMapSpec) -> Result<RawMap> {
        spec.check(Operation::Open)?;
        for _ in 0..ATTEMPTS_MAX {
            match self.open_checked(spec) {
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                opened => return opened,
            }
            // Whoever pins first wins, and the others open that one.
            match self.create_pinned(spec) {
                Err(error) if error.kind() == ErrorKind::Exists => {}
                created => return created,
            }
        }
        let (path, _) = self.entry(Operation::Open, spec.name())?;
        Err(Error::new(ErrorKind::Busy, Operation::Open, "others keep pinning and unpinning that name")
            .about(Subject::path(path))
            .with_remedy("find out who does"))
    }

    fn open_checked(&self, spec: &RawMapSpec) -> Result<RawMap> {
        let (path, _) = self.entry(Operation::Open, spec.name())?;
        let fd = self.open_fd(spec.name())?;
        let origin = Origin { name: Some(spec.name().to_owned()), path: Some(path), created: false };
        let map = RawMap::adopt(fd, origin)?;
        let mismatches = mismatches(spec, map.info());
        if mismatches.is_empty() {
            return Ok(map);
        }
        Err(Error::new(ErrorKind::Incompatible, Operation::Open, "the map differs from its spec")
            .about(map.subject())
            .with_mismatches(mismatches)
            .with_remedy("change the spec, or unpin the map, which drops its entries, and create it anew"))
    }

    fn create_pinned(&self, spec: &RawMapSpec) -> Result<RawMap> {
        let (path, _) = self.entry(Operation::Pin, spec.name())?;
        let map = RawMap::create_for(spec, Some(path))?;
        self.pin(spec.name(), map.as_fd())?;
        Ok(map)
    }
}
