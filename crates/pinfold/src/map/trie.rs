//! What only tries have: a lookup of one prefix, and not of those that cover it.

use super::{Address, LpmKey, LpmTrie, Map, Value};
use crate::error::Result;

impl<A: Address + PartialEq + Copy, V: Value + ?Sized> Map<LpmKey<A>, V, LpmTrie> {
    /// The value of this very prefix, where [`get`](Map::get) finds the longest one that covers it.
    ///
    /// The kernel has no such lookup: this walks the trie until it meets the prefix, **O(n) in system calls**, and then
    /// gets it. Exact only while nobody else writes: the walk may start over where an entry is removed, and a prefix that
    /// is removed between the walk and the lookup yields the value of one that covers it.
    ///
    /// # Errors
    ///
    /// As for [`get`](Map::get) and [`next_key`](Map::next_key).
    pub fn get_exact(&self, prefix: &LpmKey<A>) -> Result<Option<V::Owned>> {
        let wanted = prefix.canonical();
        let mut steps = 0;
        let mut next = self.next_key(None)?;
        while let Some(key) = next {
            if key == wanted {
                return self.get(&wanted);
            }
            steps += 1;
            // A walk that starts over again and again is ended where it must have seen everything.
            if steps > self.info().max_entries {
                break;
            }
            next = self.next_key(Some(&key))?;
        }
        Ok(None)
    }
}
