//! What can be a map's value, and how it is read and written.

use std::fmt;

use zerocopy::{Immutable, IntoBytes, KnownLayout, TryFromBytes};

use super::{PerCpu, RawMap};
use crate::error::Result;
use crate::sys::{LookupMode, Slot};

mod sealed {
    use zerocopy::{Immutable, KnownLayout, TryFromBytes};

    pub trait Sealed {}
    impl<T: TryFromBytes + KnownLayout + Immutable> Sealed for T {}
    impl<T: TryFromBytes + KnownLayout + Immutable> Sealed for [T] {}
    impl<T> Sealed for super::PerCpu<T> {}
}

/// A type that a map's values can be read as: a `#[repr(C)]` type that derives `FromBytes` (or `TryFromBytes`, for one
/// with invalid bytes, such as a `bool`), `Immutable` and `KnownLayout` of `zerocopy`; [`PerCpu`] of one; or a slice of
/// them, for values whose size is known at run time only. (The derives want `zerocopy` 0.8 among your own dependencies,
/// or `#[zerocopy(crate = "pinfold::zerocopy")]` on the type.)
///
/// Its alignment is 8 at most: for a `u128` or the like, use an array of smaller ones. To be written it needs `IntoBytes`
/// too, which a type with padding can't have: see [`WritableValue`].
///
/// **Don't forget the `#[repr(C)]`**: `IntoBytes` insists on it, the other derives don't, and the compiler may order the
/// fields of a struct without it as it likes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be the value of a BPF map",
    label = "not a value",
    note = "a value is `#[repr(C)]` and derives `FromBytes`, `Immutable` and `KnownLayout` of the crate `zerocopy`, and \
            `IntoBytes` to be written"
)]
pub trait Value: sealed::Sealed {
    /// A value of one's own: `T`, [`PerCpu<T>`](super::PerCpu), or `Vec<T>` for a slice.
    type Owned;
    /// Room for one value, to be used again and again: see [`Map::get_into`](super::Map::get_into).
    type Buf: fmt::Debug;
    /// A value in such room: `&T`, [`PerCpuView`](super::PerCpuView), or a slice.
    type View<'a>
    where
        Self: 'a;

    /// The `value_size` of `BPF_MAP_CREATE`, or a divisor of it for a slice.
    #[doc(hidden)]
    const UNIT_SIZE: usize;
    /// The alignment of one value.
    #[doc(hidden)]
    const ALIGN: usize;
    /// Whether there is one value per CPU.
    #[doc(hidden)]
    const PER_CPU: bool = false;
    /// Whether there are any number of units.
    #[doc(hidden)]
    const IS_SLICE: bool = false;

    #[doc(hidden)]
    fn new_buf(map: &RawMap) -> Self::Buf;

    /// Whether there was a value. It is in `buf` then, valid or not.
    #[doc(hidden)]
    fn is_there(map: &RawMap, key: &[u8], buf: &mut Self::Buf) -> Result<bool>;

    #[doc(hidden)]
    fn fetch_into<'b>(map: &RawMap, key: &[u8], buf: &'b mut Self::Buf) -> Result<Option<Self::View<'b>>>;

    #[doc(hidden)]
    fn fetch(map: &RawMap, key: &[u8], mode: Fetch) -> Result<Option<Self::Owned>>;
}

/// Whether an entry is read or taken.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Fetch(pub(super) LookupMode);

/// A value that can be written: one without padding, [`PerCpu`] of one, or a slice of them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be written to a BPF map",
    note = "all bytes of a value are copied to the kernel, so that it must have no padding: give padding a name, and \
            derive `IntoBytes` of the crate `zerocopy`"
)]
pub trait WritableValue: Value {
    #[doc(hidden)]
    fn bytes(&self) -> &[u8];
}

/// Room for one plain value, inline and never zeroed.
pub struct ValueBuf<T>(Slot<T>);

impl<T> fmt::Debug for ValueBuf<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ValueBuf").finish_non_exhaustive()
    }
}

impl<T: TryFromBytes + KnownLayout + Immutable> Value for T {
    type Owned = T;
    type Buf = ValueBuf<T>;
    type View<'a>
        = &'a T
    where
        T: 'a;

    const UNIT_SIZE: usize = size_of::<T>();
    const ALIGN: usize = align_of::<T>();

    #[inline]
    fn new_buf(_: &RawMap) -> ValueBuf<T> {
        ValueBuf(Slot::new())
    }

    fn is_there(map: &RawMap, key: &[u8], buf: &mut ValueBuf<T>) -> Result<bool> {
        Ok(map.fetch_uninit(key, buf.0.bytes(), LookupMode::Keep)?.is_some())
    }

    #[inline]
    fn fetch_into<'b>(map: &RawMap, key: &[u8], buf: &'b mut ValueBuf<T>) -> Result<Option<&'b T>> {
        match map.fetch_uninit(key, buf.0.bytes(), LookupMode::Keep)? {
            Some(bytes) => {
                T::try_ref_from_bytes(bytes).map(Some).map_err(|_| map.invalid_value::<T>(key, LookupMode::Keep))
            }
            None => Ok(None),
        }
    }

    #[inline]
    fn fetch(map: &RawMap, key: &[u8], mode: Fetch) -> Result<Option<T>> {
        match map.fetch_uninit(key, Slot::<T>::new().bytes(), mode.0)? {
            Some(bytes) => T::try_read_from_bytes(bytes).map(Some).map_err(|_| map.invalid_value::<T>(key, mode.0)),
            None => Ok(None),
        }
    }
}

impl<T: TryFromBytes + KnownLayout + Immutable + IntoBytes> WritableValue for T {
    #[inline]
    fn bytes(&self) -> &[u8] {
        self.as_bytes()
    }
}
