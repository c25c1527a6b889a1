//! The name that an object has inside the kernel.

use crate::sys::{NAME_LEN, Name};

/// Cuts to 15 bytes and puts `_` in the place of whatever the kernel doesn't take: only `[A-Za-z0-9_.]` is allowed.
pub(crate) fn object_name(name: &str) -> Name {
    let mut cut = [0; NAME_LEN];
    // The last byte stays the NUL.
    for (slot, byte) in cut.iter_mut().zip(name.bytes()).take(NAME_LEN - 1) {
        *slot = if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.') { byte } else { b'_' };
    }
    cut
}

/// The name as text, up to its NUL.
pub(crate) fn printable(name: &Name) -> String {
    String::from_utf8_lossy(name.split(|byte| *byte == 0).next().unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_and_cleaned() {
        assert_eq!(printable(&object_name("flows")), "flows");
        assert_eq!(printable(&object_name("a-b c/d\u{e9}")), "a_b_c_d__");
        assert_eq!(printable(&object_name("a_name_of_exactly_this_length")), "a_name_of_exact");
        assert_eq!(printable(&object_name("")), "");
    }
}
