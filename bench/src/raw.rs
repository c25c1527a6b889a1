//! bpf(2) as bare as it gets: a struct on the stack, and the call.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

#[repr(C)]
struct Element {
    fd: u32,
    pad: u32,
    key: *const u8,
    value: *mut u8,
    flags: u64,
}

/// A map by its descriptor. Its users know the sizes.
#[derive(Clone, Copy)]
pub struct Bare<'a>(BorrowedFd<'a>);

impl<'a> Bare<'a> {
    pub fn of(map: &'a impl AsFd) -> Bare<'a> {
        Bare(map.as_fd())
    }

    /// `len`: how much of the struct the command knows.
    #[inline]
    fn call<K, V>(self, command: libc::c_long, key: &K, value: *mut V, len: usize) -> bool {
        let mut element = Element {
            fd: self.0.as_raw_fd() as u32,
            pad: 0,
            key: std::ptr::from_ref(key).cast(),
            value: value.cast(),
            flags: 0,
        };
        // SAFETY: the callers below pass keys and values of the sizes that their maps were created with.
        unsafe { libc::syscall(libc::SYS_bpf, command, &raw mut element, len) == 0 }
    }

    #[inline]
    pub fn lookup<K, V>(self, key: &K, value: *mut V) -> bool {
        self.call(1, key, value, 32)
    }

    #[inline]
    pub fn update<K, V>(self, key: &K, value: *const V) -> bool {
        self.call(2, key, value.cast_mut(), 32)
    }

    #[inline]
    pub fn delete<K>(self, key: &K) -> bool {
        self.call(3, key, std::ptr::null_mut::<u8>(), 16)
    }
}
