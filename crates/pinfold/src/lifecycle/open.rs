//! Opening and creating pinned maps.

use std::os::fd::AsFd as _;

use super::compat::mismatches;
use crate::bpffs::{Entry, PinDir};
use crate::error::{Error, ErrorKind, Operation, Result, Subject};
use crate::map::{Access, Key, Kind, Map, MapSpec, Origin, Pin, RawMap, RawMapSpec, Value};

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
    pub fn open<K: Key, V: Value + ?Sized, T: Kind<K>>(&self, spec: &MapSpec<K, V, T>) -> Result<Map<K, V, T>> {
        self.open_as(spec, Access::of_flags(spec.flags()))
    }

    /// [`open`](PinDir::open) with less access, such as for a reader whom the pin's mode forbids to write.
    ///
    /// # Errors
    ///
    /// As for [`open`](PinDir::open).
    #[doc(alias("BPF_F_RDONLY", "LoadPinOptions"))]
    pub fn open_as<K: Key, V: Value + ?Sized, T: Kind<K>>(
        &self,
        spec: &MapSpec<K, V, T>,
        access: Access,
    ) -> Result<Map<K, V, T>> {
        let entry = self.entry(Operation::Open, spec.name())?;
        spec.raw().check(Operation::Open)?;
        self.open_entry(&entry, spec.raw(), access)
            .map(|raw| Map::from_checked(raw.declared(spec.name(), spec.key_text())))
    }

    /// Opens whatever map is pinned here as `name`. Costs what [`open`](PinDir::open) does.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound) where nothing is pinned; [`Incompatible`](ErrorKind::Incompatible) where the pin
    /// is a program or a link.
    pub fn open_raw(&self, name: &str) -> Result<RawMap> {
        self.open_raw_as(name, Access::ReadWrite)
    }

    /// [`open_raw`](PinDir::open_raw) with less access.
    ///
    /// # Errors
    ///
    /// As for [`open_raw`](PinDir::open_raw).
    pub fn open_raw_as(&self, name: &str, access: Access) -> Result<RawMap> {
        self.adopt(&self.entry(Operation::Open, name)?, name, access)
    }

    /// Opens the map that is pinned here under the spec's name, or creates and pins it where there is none.
    /// [`Map::is_new`] tells which.
    ///
    /// A map that differs from the spec is refused and left alone. Where several processes do this at once, all end
    /// with the same map. Where pinning fails, the map that was created for it is closed again.
    ///
    /// Two system calls for a map that is there, and a look into `/proc`; four where it is created, and a few more where
    /// the directory is missing.
    ///
    /// # Errors
    ///
    /// As for [`open`](PinDir::open), [`RawMap::create`] and [`PinDir::pin`].
    #[doc(alias("OpenOrCreate", "OpenOrCreateMap"))]
    pub fn open_or_create<K: Key, V: Value + ?Sized, T: Kind<K>>(
        &self,
        spec: &MapSpec<K, V, T>,
    ) -> Result<Map<K, V, T>> {
        self.open_or_create_raw(spec.raw()).map(|raw| Map::from_checked(raw.declared(spec.name(), spec.key_text())))
    }

    /// [`open_or_create`](PinDir::open_or_create) for sizes that are known at run time only.
    ///
    /// # Errors
    ///
    /// As for [`open_or_create`](PinDir::open_or_create).
    pub fn open_or_create_raw(&self, spec: &RawMapSpec) -> Result<RawMap> {
        let entry = self.entry(Operation::Open, spec.name())?;
        spec.check(Operation::Open)?;
        let mut created = None;
        for _ in 0..ATTEMPTS_MAX {
            match self.open_entry(&entry, spec, Access::of_flags(spec.flags())) {
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                opened => return opened,
            }
            let map = match created {
                Some(map) => map,
                None => RawMap::create_for(spec, Some(self.pin_at(&entry)))?,
            };
            // Whoever pins first wins, and the others open that one. Missing is the directory: somebody removed it.
            match self.pin_entry(&entry, map.as_fd()) {
                Ok(()) => return Ok(map),
                Err(error) if matches!(error.kind(), ErrorKind::Exists | ErrorKind::NotFound) => created = Some(map),
                Err(error) => return Err(error),
            }
        }
        Err(never_settled(&entry))
    }

    fn open_entry(&self, entry: &Entry, spec: &RawMapSpec, access: Access) -> Result<RawMap> {
        let map = self.adopt(entry, spec.name(), access)?;
        check(&map, spec)?;
        Ok(map)
    }

    fn adopt(&self, entry: &Entry, name: &str, access: Access) -> Result<RawMap> {
        let pin = Some(self.pin_at(entry));
        let origin = Origin { name: Some(name.to_owned()), pin, created: false, access: Some(access) };
        RawMap::adopt(entry.open(access.flags())?, origin)
    }

    fn pin_at(&self, entry: &Entry) -> Pin {
        Pin { entry: entry.clone(), _bpffs: Some(self.bpffs().clone()) }
    }
}

impl RawMap {
    /// The same map with types, if it is what the spec says: the way in for descriptors of other loaders. It keeps the
    /// access of its descriptor, whatever the flags of the spec say of that.
    ///
    /// ```no_run
    /// use pinfold::{Map, MapSpec, RawMap};
    ///
    /// const SEEN: MapSpec<[u8; 4], u64> = MapSpec::new("seen", 4096);
    ///
    /// fn of_a_loader(descriptor: std::os::fd::OwnedFd) -> pinfold::Result<Map<[u8; 4], u64>> {
    ///     RawMap::from_fd(descriptor)?.typed(&SEEN)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Incompatible`](ErrorKind::Incompatible), with all differences in [`Error::mismatches`].
    pub fn typed<K: Key, V: Value + ?Sized, T: Kind<K>>(&self, spec: &MapSpec<K, V, T>) -> Result<Map<K, V, T>> {
        check(self, spec.raw())?;
        Ok(Map::from_checked(self.clone().declared(spec.name(), spec.key_text())))
    }
}

fn check(map: &RawMap, spec: &RawMapSpec) -> Result<()> {
    let mismatches = mismatches(spec, map.info());
    if mismatches.is_empty() {
        return Ok(());
    }
    let remedy = match map.path() {
        Some(_) => "change the spec, or unpin the map, which drops its entries, and create it anew",
        None => "change the spec",
    };
    Err(Error::new(ErrorKind::Incompatible, Operation::Open, "the map differs from its spec")
        .about(map.subject())
        .with_mismatches(mismatches)
        .with_remedy(remedy))
}

#[cold]
fn never_settled(entry: &Entry) -> Error {
    let error = if entry.path.is_symlink() {
        Error::new(ErrorKind::Invalid, Operation::Open, "that is a symbolic link to nowhere").with_remedy("remove it")
    } else {
        Error::new(ErrorKind::Busy, Operation::Open, "others keep pinning and unpinning that name")
            .with_remedy("find out who does")
    };
    error.about(Subject::path(&entry.path))
}
