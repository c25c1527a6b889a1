//! Read, change, write.

use super::{Exact, Key, Kind, Map, RawMap, Value, WritableValue};
use crate::error::{Error, ErrorKind, Operation, Result};
use crate::sys::MapType;

/// How often others may insert and remove the key between our read and our write.
const ATTEMPTS_MAX: u32 = 128;

impl<K: Key, V: Value<Owned = V> + WritableValue, T: Kind<K> + Exact> Map<K, V, T> {
    /// Writes what `change` makes of the value, or of `None` where there is none. Two system calls, more where others
    /// insert or remove the key meanwhile: then `change` is called again.
    ///
    /// Not atomic: the kernel has no compare-and-swap, so that **a value which somebody writes between the read and the
    /// write is lost**, also one that is inserted after a removal. A first insertion in between isn't, nor is a removal,
    /// except on an [`LruHash`](super::LruHash), where the entry is written again. For counters that programs add to, use
    /// [`PerCpu`](super::PerCpu) values, or a mapped array.
    ///
    /// # Errors
    ///
    /// As for [`get`](Map::get) and [`insert`](Map::insert).
    #[doc(alias("modify", "entry"))]
    pub fn update_with(&self, key: &K, mut change: impl FnMut(Option<V>) -> V) -> Result<()> {
        let raw: &RawMap = self.as_raw();
        let bytes = key.as_bytes();
        // To make room for the new value, a full LRU map may drop the very entry, and then says that there was none.
        let drops_entries = matches!(raw.info().map_type, MapType::LruHash | MapType::LruPerCpuHash);
        for _ in 0..ATTEMPTS_MAX {
            let old = self.get(key).map_err(|error| error.during(Operation::Update))?;
            let present = old.is_some();
            let new = change(old);
            let written = match (present, drops_entries) {
                (true, true) => raw.insert(bytes, new.bytes()).map(|()| true),
                (true, false) => raw.replace_if_present(bytes, new.bytes()),
                (false, _) => raw.insert_if_absent(bytes, new.bytes()),
            };
            if written.map_err(|error| error.during(Operation::Update))? {
                return Ok(());
            }
        }
        let error = Error::new(ErrorKind::Busy, Operation::Update, "others keep inserting and removing that key");
        Err(raw.explained(error, Some(bytes)))
    }
}
