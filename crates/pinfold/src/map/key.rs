//! What can be a map's key.

use std::fmt;

use zerocopy::{Immutable, IntoBytes, KnownLayout, TryFromBytes};

/// A type whose bytes are a map's key: any `#[repr(C)]` type without padding.
///
/// The kernel hashes and compares keys byte by byte, so that a padding byte, whose value nobody controls, would make
/// lookups miss at random. Such a type doesn't compile as a key. There is nothing to implement: derive four traits of
/// `zerocopy`, and give padding a name. (The derives want `zerocopy` 0.8 among your own dependencies, or
/// `#[zerocopy(crate = "pinfold::zerocopy")]` on the type.)
///
/// ```
/// use pinfold::zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};
///
/// #[derive(FromBytes, IntoBytes, Immutable, KnownLayout)]
/// #[repr(C)]
/// struct Endpoint {
///     address: [u8; 4],
///     port: u16,
///     pad: u16, // without it, `protocol` would be preceded by two bytes of padding
///     protocol: u32,
/// }
/// # fn is_key<K: pinfold::Key>() {}
/// # is_key::<Endpoint>();
/// ```
///
/// ```compile_fail
/// # use pinfold::zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};
/// #[derive(FromBytes, IntoBytes, Immutable, KnownLayout)]
/// #[repr(C)]
/// struct Endpoint {
///     address: [u8; 4],
///     port: u16, // and two bytes of padding
///     protocol: u32,
/// }
/// ```
///
/// Its alignment is 8 at most: for a `u128` or the like, use an array of smaller ones.
///
/// A type with invalid bytes, such as an enum or one with a `bool`, derives `TryFromBytes` instead of `FromBytes`; a
/// key that isn't valid then is an error when it is read.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be the key of a BPF map",
    label = "not a key",
    note = "the kernel compares keys byte by byte: a key is `#[repr(C)]`, has no padding, and derives \
            `FromBytes`, `IntoBytes`, `Immutable` and `KnownLayout` of the crate `zerocopy`"
)]
pub trait Key: IntoBytes + TryFromBytes + Immutable + KnownLayout {}

impl<T: IntoBytes + TryFromBytes + Immutable + KnownLayout> Key for T {}

/// How errors print a key; `None` for hex. The function answers `None` to bytes that are no valid key.
pub(crate) type KeyText = Option<fn(&[u8]) -> Option<String>>;

/// The text that a key has as a `K`.
pub(super) fn displayed<K: Key + fmt::Display>(bytes: &[u8]) -> Option<String> {
    K::try_read_from_bytes(bytes).ok().map(|key| key.to_string())
}
