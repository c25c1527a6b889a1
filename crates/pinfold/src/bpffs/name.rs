//! Which names a pin or a pin directory can have, and the names of maps that there is one of for each object.

/// `NAME_MAX` of `linux/limits.h`.
const NAME_MAX: usize = 255;

/// One name in a BPF file system: 1 to 255 bytes without a slash, a dot or a NUL. Dots are reserved (`bpf_lookup()` in
/// `kernel/bpf/inode.c` answers EPERM); everything else is allowed, spaces and UTF-8 too.
pub(crate) fn check_name(name: &str) -> Result<(), &'static str> {
    if name.is_empty() {
        return Err("the name is empty");
    }
    if name.len() > NAME_MAX {
        return Err("the name is longer than 255 bytes");
    }
    match name.bytes().find(|byte| matches!(byte, b'.' | b'/' | 0)) {
        Some(b'.') => Err("the name has a dot in it, and BPF file systems reserve those"),
        Some(b'/') => Err("the name has a slash in it"),
        Some(_) => Err("the name has a NUL in it"),
        None => Ok(()),
    }
}

/// The name of a map that there is one of for each object of an id: the name, followed by the id as five digits.
///
/// All ids give names of the same length, as loaders need that write them into an object file in place of each other.
///
/// ```
/// assert_eq!(pinfold::local_name("cilium_policy_", 42), "cilium_policy_00042");
/// ```
#[doc(alias("LocalMapName", "LocalMapPath"))]
pub fn local_name(name: &str, id: u16) -> String {
    format!("{name}{id:05}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for good in ["a", "qs_flows", "with space", "cilium:4", "\u{e9}", &"x".repeat(255)] {
            assert_eq!(check_name(good), Ok(()), "{good:?}");
        }
        for bad in ["", ".", "..", "a.b", "a/b", "a\0b", &"x".repeat(256)] {
            assert!(check_name(bad).is_err(), "{bad:?}");
        }
    }
}
