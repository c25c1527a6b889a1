//! Which names a pin or a pin directory can have.

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
