//! What this kernel has: found out by trying, since distributions port features back and forth.

mod lpm;

pub(crate) use lpm::lpm_trie_heeds_conditions;
