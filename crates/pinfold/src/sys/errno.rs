//! Error numbers of the kernel, with the names that people search for.

use std::fmt;

/// An error number as the kernel returned it.
///
/// Prints as its symbol (`E2BIG`), or as `errno 97` where it isn't one that bpf(2) is known to return.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Errno(i32);

/// One list for the constants, their symbols and what they say.
macro_rules! errnos {
    ($($name:ident = $number:expr, $text:literal;)*) => {
        impl Errno {
            $(#[doc = concat!("`", stringify!($name), "`: ", $text, ".")] pub const $name: Errno = Errno($number);)*

            fn known(self) -> Option<(&'static str, &'static str)> {
                match self {
                    $(Errno::$name => Some((stringify!($name), $text)),)*
                    _ => None,
                }
            }
        }
    };
}

errnos! {
    E2BIG = libc::E2BIG, "too big, or no room left";
    EACCES = libc::EACCES, "permission denied";
    EAGAIN = libc::EAGAIN, "try again";
    EBADF = libc::EBADF, "not an open descriptor";
    EBUSY = libc::EBUSY, "in use";
    EDEADLK = libc::EDEADLK, "a lock could not be taken without a deadlock";
    EEXIST = libc::EEXIST, "exists already";
    EFAULT = libc::EFAULT, "bad address";
    EINTR = libc::EINTR, "interrupted";
    EINVAL = libc::EINVAL, "invalid argument";
    EIO = libc::EIO, "input/output error";
    EISDIR = libc::EISDIR, "is a directory";
    ELOOP = libc::ELOOP, "too many symbolic links";
    EMFILE = libc::EMFILE, "too many descriptors open in this process";
    ENAMETOOLONG = libc::ENAMETOOLONG, "name too long";
    ENFILE = libc::ENFILE, "too many descriptors open on this host";
    ENODEV = libc::ENODEV, "no such device";
    ENOENT = libc::ENOENT, "no such entry";
    ENOMEM = libc::ENOMEM, "out of memory";
    ENOSPC = libc::ENOSPC, "no space left";
    ENOSYS = libc::ENOSYS, "no such system call";
    ENOTDIR = libc::ENOTDIR, "not a directory";
    ENOTSOCK = libc::ENOTSOCK, "not a socket";
    ENOTSUPP = 524, "not supported by this kind of object";
    EOPNOTSUPP = libc::EOPNOTSUPP, "operation not supported";
    EPERM = libc::EPERM, "not permitted";
    ERANGE = libc::ERANGE, "out of range";
    EROFS = libc::EROFS, "read-only file system";
    ESRCH = libc::ESRCH, "no such process";
    ETIMEDOUT = libc::ETIMEDOUT, "timed out";
    EXDEV = libc::EXDEV, "on another file system";
}

impl Errno {
    /// The number itself: positive, as in `errno.h`. 524 is the kernel's internal `ENOTSUPP`, which libc has no name for.
    pub const fn raw(self) -> i32 {
        self.0
    }

    /// From a number as in `errno.h`.
    pub const fn from_raw(number: i32) -> Errno {
        Errno(number)
    }

    /// The `errno` that the calling thread's last failed system call left. Inline, because a miss is one too.
    #[inline]
    pub(super) fn last() -> Errno {
        // SAFETY: asks for nothing, and returns the address of the calling thread's errno.
        let errno = unsafe { libc::__errno_location() };
        // SAFETY: that address is valid as long as the thread lives, and no other thread uses it.
        Errno(unsafe { *errno })
    }

    /// A few words, for an error that nobody could say more about.
    pub(crate) fn text(self) -> &'static str {
        self.known().map_or("the kernel refused", |(_, text)| text)
    }
}

impl From<rustix::io::Errno> for Errno {
    fn from(errno: rustix::io::Errno) -> Errno {
        Errno(errno.raw_os_error())
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.known() {
            Some((symbol, _)) => f.write_str(symbol),
            None => write!(f, "errno {}", self.0),
        }
    }
}

impl fmt::Debug for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_own_number_has_a_name() {
        assert_eq!(Errno::from_raw(524).to_string(), "ENOTSUPP");
        assert_eq!(Errno::from_raw(libc::E2BIG), Errno::E2BIG);
        assert_eq!(Errno::from_raw(4000).to_string(), "errno 4000");
    }
}
