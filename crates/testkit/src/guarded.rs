//! Memory that ends where the address space does.

#![expect(unsafe_code, reason = "maps and protects memory")]

use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use rustix::mm::{MapFlags, MprotectFlags, ProtFlags};

/// A buffer whose last byte lies just before a page that nobody may touch, so that whoever goes one byte too far gets
/// EFAULT (the kernel) or SIGSEGV (this process) instead of silently overwriting something.
#[derive(Debug)]
pub struct GuardedBuf {
    mapping: NonNull<u8>,
    mapped: usize,
    len: usize,
}

impl GuardedBuf {
    /// A buffer of `len` bytes, all `fill`.
    ///
    /// # Panics
    ///
    /// Where there is no memory for it.
    pub fn filled(len: usize, fill: u8) -> GuardedBuf {
        let page = page_size();
        let usable = len.next_multiple_of(page);
        let mapped = usable + page;
        // SAFETY: a new private mapping at an address of the kernel's choice touches nobody's memory.
        let mapping = unsafe {
            rustix::mm::mmap_anonymous(
                std::ptr::null_mut(),
                mapped,
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::PRIVATE,
            )
        }
        .expect("memory");
        let mapping = NonNull::new(mapping.cast::<u8>()).expect("no mapping starts at zero");
        // SAFETY: the last page of the mapping made above is inside it.
        let guard = unsafe { mapping.add(usable) };
        // SAFETY: nobody has a reference to that page, and nobody will: `start` leaves it out.
        unsafe { rustix::mm::mprotect(guard.as_ptr().cast(), page, MprotectFlags::empty()) }.expect("a guard page");
        let mut buf = GuardedBuf { mapping, mapped, len };
        buf.fill(fill);
        buf
    }

    fn start(&self) -> NonNull<u8> {
        let usable = self.mapped - page_size();
        // SAFETY: `len` is at most `usable`, which is inside the mapping.
        unsafe { self.mapping.add(usable - self.len) }
    }
}

impl Deref for GuardedBuf {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: `len` bytes from `start` are mapped, were zeroed by the kernel, and are borrowed with `self`.
        unsafe { std::slice::from_raw_parts(self.start().as_ptr(), self.len) }
    }
}

impl DerefMut for GuardedBuf {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, and the borrow is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.start().as_ptr(), self.len) }
    }
}

impl Drop for GuardedBuf {
    fn drop(&mut self) {
        // SAFETY: this is the mapping made in `filled`, and its owner is going.
        let _ = unsafe { rustix::mm::munmap(self.mapping.as_ptr().cast(), self.mapped) };
    }
}

/// From libc: rustix looks where valgrind doesn't let it, and this has to run under valgrind.
fn page_size() -> usize {
    // SAFETY: only asks.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(size).expect("a page size")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsRawFd as _;

    /// The kernel must not get a single byte further than the buffer: shown with a read of one byte more.
    #[test]
    fn the_kernel_stops_at_the_end() {
        for len in [0, 1, 7, 4096, 4097] {
            let mut buf = GuardedBuf::filled(len, 0xa5);
            assert!(buf.iter().all(|byte| *byte == 0xa5) && buf.len() == len);
            let zero = std::fs::File::open("/dev/zero").expect("/dev/zero");
            // SAFETY: the kernel checks the whole range, and answers with what it could write or EFAULT.
            let read = unsafe { libc::read(zero.as_raw_fd(), buf.as_mut_ptr().cast(), len + 1) };
            assert!(read <= isize::try_from(len).expect("small"), "{len}: {read}");
        }
    }
}
