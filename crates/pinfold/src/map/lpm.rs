//! Keys of longest-prefix-match tries.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use zerocopy::native_endian::U32;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::error::{Error, ErrorKind, Operation, Result};

/// What an [`LpmKey`] can be a prefix of: any bytes, most significant first, such as `[u8; 4]` for IPv4 or a
/// `#[repr(C)]` struct of byte arrays and `zerocopy::network_endian` integers. At most 256 bytes.
pub trait Address: FromBytes + IntoBytes + Immutable + KnownLayout + Unaligned {}

impl<T: FromBytes + IntoBytes + Immutable + KnownLayout + Unaligned> Address for T {}

/// A prefix: the first [`prefix_len`](LpmKey::prefix_len) bits of an address. `struct bpf_lpm_trie_key`.
///
/// The bits behind the prefix are zero in every key that is made here or read from a [`Map`](crate::Map), so that
/// prefixes which the kernel takes for the same are equal here too. (Bytes turned into one by `zerocopy` are as given.)
///
/// ```
/// use pinfold::LpmKey;
///
/// let prefix = LpmKey::v4([10, 1, 2, 3], 8)?;
/// assert_eq!(prefix, LpmKey::v4([10, 0, 0, 0], 8)?);
/// assert_eq!(prefix.to_string(), "10.0.0.0/8");
/// assert!(LpmKey::v4([10, 1, 2, 3], 33).is_err());
/// # Ok::<(), pinfold::Error>(())
/// ```
#[doc(alias("bpf_lpm_trie_key", "bpf_lpm_trie_key_u8"))]
#[derive(
    Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct LpmKey<A> {
    prefix_len: U32,
    address: A,
}

impl<A: Address> LpmKey<A> {
    /// Bits in an address.
    pub(super) const BITS: u32 = {
        assert!(size_of::<A>() >= 1 && size_of::<A>() <= 256, "an LPM trie matches addresses of 1 to 256 bytes");
        size_of::<A>() as u32 * 8
    };

    /// The first `prefix_len` bits of `address`; whatever follows them is set to zero.
    ///
    /// # Errors
    ///
    /// [`Invalid`](ErrorKind::Invalid) where the address has fewer bits than that.
    pub fn new(address: A, prefix_len: u32) -> Result<LpmKey<A>> {
        if prefix_len > Self::BITS {
            let cause = format!("a prefix of {prefix_len} bits is longer than its address of {}", Self::BITS);
            return Err(Error::new(ErrorKind::Invalid, Operation::MakeKey, cause));
        }
        Ok(LpmKey { prefix_len: U32::new(prefix_len), address }.canonical())
    }

    /// A whole address: what to look up.
    pub fn host(address: A) -> LpmKey<A> {
        LpmKey { prefix_len: U32::new(Self::BITS), address }
    }

    /// The key with all bits behind the prefix set to zero. Other programs may have written some that aren't.
    pub(super) fn canonical(mut self) -> LpmKey<A> {
        let mut left = self.prefix_len.get();
        for byte in self.address.as_mut_bytes() {
            let kept = left.min(8);
            // The high byte of ff00 moves `kept` bits into the low one.
            *byte &= (0xff00_u16 >> kept) as u8;
            left -= kept;
        }
        self
    }

    /// How many bits count.
    pub fn prefix_len(&self) -> u32 {
        self.prefix_len.get()
    }

    /// The address, zero behind the prefix.
    pub fn address(&self) -> &A {
        &self.address
    }
}

impl LpmKey<[u8; 4]> {
    /// A prefix of an IPv4 address.
    ///
    /// # Errors
    ///
    /// As for [`new`](LpmKey::new).
    pub fn v4(address: impl Into<Ipv4Addr>, prefix_len: u32) -> Result<LpmKey<[u8; 4]>> {
        LpmKey::new(address.into().octets(), prefix_len)
    }
}

impl LpmKey<[u8; 16]> {
    /// A prefix of an IPv6 address.
    ///
    /// # Errors
    ///
    /// As for [`new`](LpmKey::new).
    pub fn v6(address: impl Into<Ipv6Addr>, prefix_len: u32) -> Result<LpmKey<[u8; 16]>> {
        LpmKey::new(address.into().octets(), prefix_len)
    }
}

impl From<Ipv4Addr> for LpmKey<[u8; 4]> {
    fn from(address: Ipv4Addr) -> LpmKey<[u8; 4]> {
        LpmKey::host(address.octets())
    }
}

impl From<Ipv6Addr> for LpmKey<[u8; 16]> {
    fn from(address: Ipv6Addr) -> LpmKey<[u8; 16]> {
        LpmKey::host(address.octets())
    }
}

impl fmt::Display for LpmKey<[u8; 4]> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", Ipv4Addr::from(self.address), self.prefix_len)
    }
}

impl fmt::Display for LpmKey<[u8; 16]> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", Ipv6Addr::from(self.address), self.prefix_len)
    }
}

impl<A: fmt::Debug> fmt::Debug for LpmKey<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}/{}", self.address, self.prefix_len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_behind_the_prefix_are_zero() {
        let cases: [(u32, [u8; 4]); 7] = [
            (0, [0, 0, 0, 0]),
            (1, [0x80, 0, 0, 0]),
            (7, [0xfe, 0, 0, 0]),
            (8, [0xff, 0, 0, 0]),
            (9, [0xff, 0x80, 0, 0]),
            (31, [0xff, 0xff, 0xff, 0xfe]),
            (32, [0xff, 0xff, 0xff, 0xff]),
        ];
        for (prefix_len, address) in cases {
            assert_eq!(LpmKey::v4([0xff; 4], prefix_len).unwrap().address, address, "/{prefix_len}");
        }
        assert!(LpmKey::v4([0xff; 4], 33).is_err());
        assert!(LpmKey::v4([0xff; 4], u32::MAX).is_err());
    }

    #[test]
    fn prints_as_people_write_it() {
        assert_eq!(LpmKey::from(Ipv4Addr::LOCALHOST).to_string(), "127.0.0.1/32");
        assert_eq!(LpmKey::v6(Ipv6Addr::LOCALHOST, 64).unwrap().to_string(), "::/64");
    }

    #[test]
    fn the_kernels_layout() {
        let key = LpmKey::v4([10, 0, 0, 0], 8).unwrap();
        assert_eq!(key.as_bytes()[..4], 8_u32.to_ne_bytes());
        assert_eq!(key.as_bytes()[4..], [10, 0, 0, 0]);
    }
}
