//! Read, change, write.

use super::{Exact, Key, Kind, Map, RawMap, Value, WritableValue};
use crate::error::{Error, ErrorKind, Operation, Result};

/// How often others may insert and remove the key between our read and our write.
const ATTEMPTS_MAX: u32 = 128;

impl<K: Key, V: Value<Owned = V> + WritableValue, T: Kind<K> + Exact> Map<K, V, T> {
    /// Writes what `change` makes of the value, or of `None` where there is none. Two system calls, more where others
    /// insert or remove the key meanwhile: then `change` is called again.
    ///
    /// Not atomic: the kernel has no compare-and-swap, so that **a value which somebody writes between the read and the
    /// write is lost**. An insertion or a removal in between isn't. For counters that programs add to, use
    /// [`PerCpu`](super::PerCpu) values, or a mapped array.
    ///
    /// # Errors
    ///
    /// As for [`get`](Map::get) and [`insert`](Map::insert).
    #[doc(alias("modify", "entry"))]
    pub fn update_with(&self, key: &K, mut change: impl FnMut(Option<V>) -> V) -> Result<()> {
        let raw: &RawMap = self.as_raw();
        let bytes = key.as_bytes();
        for _ in 0..ATTEMPTS_MAX {
            let old = self.get(key)?;
            let present = old.is_some();
            let new = change(old);
            let written = if present {
                raw.replace_if_present(bytes, new.bytes())?
            } else {
                raw.insert_if_absent(bytes, new.bytes())?
            };
            if written {
                return Ok(());
            }
        }
        Err(Error::new(ErrorKind::Busy, Operation::Update, "others keep inserting and removing that key")
            .about(raw.subject())
            .with_key(Some(bytes)))
    }
}
