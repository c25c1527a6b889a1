//! Lookup and removal in one step.

use super::value::Fetch;
use super::{Exact, Key, Keyed, Kind, Map, Value};
use crate::error::{Error, ErrorKind, Operation, Result};
use crate::sys::LookupMode;

/// A value that was taken out of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken<V> {
    /// The value.
    pub value: V,
    /// Whether the kernel read and removed it in one step. Otherwise what somebody wrote between the two is lost, and where
    /// somebody took and inserted the key anew between them, this value was taken twice.
    pub atomic: bool,
}

/// How often others may remove and insert the key while it is taken in two steps.
const ATTEMPTS_MAX: u32 = 128;

impl<K: Key, V: Value + ?Sized, T: Kind<K> + Keyed + Exact> Map<K, V, T> {
    /// Removes the entry and returns its value, `None` where there is none. One system call.
    ///
    /// Before Linux 5.14 hashes can't do that: then it is read first and removed afterwards, in three system calls or
    /// more, and [`Taken::atomic`] is `false`. Of two that take the same key at once, one gets it: always where it is
    /// atomic, and otherwise as long as nobody inserts it anew meanwhile.
    ///
    /// # Errors
    ///
    /// As for [`get`](Map::get) and [`remove`](Map::remove). A value that is no valid `V` is removed all the same.
    #[doc(alias("BPF_MAP_LOOKUP_AND_DELETE_ELEM", "LookupAndDelete", "pop"))]
    pub fn take(&self, key: &K) -> Result<Option<Taken<V::Owned>>> {
        match V::fetch(self.as_raw(), key.as_bytes(), Fetch(LookupMode::Remove)) {
            Ok(value) => Ok(value.map(|value| Taken { value, atomic: true })),
            Err(error) if error.kind() == ErrorKind::Unsupported => self.take_in_two_steps(key),
            Err(error) => Err(error),
        }
    }

    fn take_in_two_steps(&self, key: &K) -> Result<Option<Taken<V::Owned>>> {
        for _ in 0..ATTEMPTS_MAX {
            let value = match self.get(key) {
                Err(error) if error.kind() == ErrorKind::Invalid => {
                    self.remove(key)?;
                    return Err(error.during(Operation::Take));
                }
                got => got?,
            };
            let Some(value) = value else { return Ok(None) };
            // Whoever removes it has taken it; the others look again.
            if self.remove(key)? {
                return Ok(Some(Taken { value, atomic: false }));
            }
        }
        let error = Error::new(ErrorKind::Busy, Operation::Take, "others keep removing and inserting that key");
        Err(self.as_raw().explained(error, Some(key.as_bytes())))
    }
}
