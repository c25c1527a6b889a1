//! Room for one value that the kernel will fill in.

use std::fmt;
use std::mem::MaybeUninit;

/// Room for a `T`, aligned for it, handed out as bytes to be written.
///
/// Nothing is zeroed, so that reading a large value costs no more than the kernel's copy.
pub(crate) struct Slot<T>(MaybeUninit<T>);

impl<T> Slot<T> {
    pub(crate) const fn new() -> Slot<T> {
        Slot(MaybeUninit::uninit())
    }

    /// The room as bytes, whose contents nobody may assume.
    #[inline]
    pub(crate) fn bytes(&mut self) -> &mut [MaybeUninit<u8>] {
        let start = self.0.as_mut_ptr().cast::<MaybeUninit<u8>>();
        // SAFETY: `start` is valid for `size_of::<T>()` bytes, which is at most isize::MAX, for as long as `self` is
        // borrowed, and that borrow is exclusive. Bytes of type MaybeUninit need no alignment and no initialisation,
        // and whatever is written to them is fine for the MaybeUninit<T> below.
        unsafe { std::slice::from_raw_parts_mut(start, size_of::<T>()) }
    }
}

impl<T> fmt::Debug for Slot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").finish_non_exhaustive()
    }
}
