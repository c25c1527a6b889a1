//! Values of which every possible CPU has its own.
//!
//! In a buffer of the kernel they stand one after the other, each at a multiple of eight bytes, one for every
//! *possible* CPU. What lies between them is nobody's.

use std::fmt;
use std::iter::Sum;
use std::marker::PhantomData;

use zerocopy::{Immutable, IntoBytes, KnownLayout, TryFromBytes};

use super::value::Fetch;
use super::{RawMap, Value, WritableValue};
use crate::error::{Error, ErrorKind, Operation, Result};
use crate::host;
use crate::sys::LookupMode;

/// One `T` for every possible CPU, in the order of [`PossibleCpus::ids`](crate::PossibleCpus::ids).
///
/// As the value of a map it makes it one of the kernel's per-CPU types: `MapSpec<K, PerCpu<T>>` describes a
/// `BPF_MAP_TYPE_PERCPU_HASH`.
#[doc(alias("PerCpuValues", "BPF_MAP_TYPE_PERCPU_HASH", "BPF_MAP_TYPE_PERCPU_ARRAY"))]
pub struct PerCpu<T> {
    /// [`STRIDE`](Self::STRIDE) bytes for each CPU, valid as `T`.
    words: Box<[u64]>,
    values: PhantomData<T>,
}

/// Room for a [`PerCpu`] that may hold anything until it is filled.
pub struct PerCpuBuf<T> {
    words: Box<[u64]>,
    values: PhantomData<T>,
}

/// One `T` for every possible CPU, seen in a buffer.
pub struct PerCpuView<'a, T> {
    slots: &'a [Slot<T>],
}

/// One CPU's value and what lies between it and the next one's: as long as the kernel's `round_up(size, 8)`.
#[derive(Immutable, KnownLayout, TryFromBytes)]
#[repr(C, align(8))]
struct Slot<T>(T);

impl<T> PerCpu<T> {
    /// Bytes from one CPU's value to the next one's.
    const STRIDE: usize = {
        assert!(size_of::<T>() > 0, "the value of a map can't be empty");
        assert!(align_of::<T>() <= 8, "the kernel aligns values to 8 bytes at most");
        size_of::<Slot<T>>()
    };
}

impl<T: TryFromBytes + KnownLayout + Immutable> PerCpu<T> {
    /// All CPUs' values.
    pub fn view(&self) -> PerCpuView<'_, T> {
        match PerCpuView::checked(self.words.as_bytes()) {
            Some(view) => view,
            None => unreachable!("checked when it was read, or made of values"),
        }
    }

    /// The values, one for each possible CPU.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &T> {
        self.view().iter()
    }
}

impl<T: TryFromBytes + KnownLayout + Immutable + IntoBytes> PerCpu<T> {
    /// The value of `make(n)` for the `n`th possible CPU, counting from 0.
    ///
    /// # Errors
    ///
    /// As for [`possible_cpus`](crate::host::possible_cpus).
    pub fn from_fn(mut make: impl FnMut(usize) -> T) -> Result<PerCpu<T>> {
        let cpus = host::possible_cpus()?.count();
        let len = cpus.checked_mul(Self::STRIDE).ok_or_else(|| {
            Error::new(ErrorKind::Invalid, Operation::MakeValue, "one for every CPU is more than fits into memory")
        })?;
        let mut words = vec![0_u64; len / size_of::<u64>()].into_boxed_slice();
        for (index, slot) in words.as_mut_bytes().chunks_exact_mut(Self::STRIDE).enumerate() {
            let value = make(index);
            // A slot is at least as long as a value, so that this writes all of it.
            let _ = value.write_to_prefix(slot);
        }
        Ok(PerCpu { words, values: PhantomData })
    }
}

impl<'a, T: TryFromBytes + KnownLayout + Immutable> PerCpuView<'a, T> {
    /// `None` where some CPU's bytes aren't a valid `T`.
    #[inline]
    fn checked(bytes: &'a [u8]) -> Option<PerCpuView<'a, T>> {
        const { assert!(PerCpu::<T>::STRIDE == size_of::<T>().next_multiple_of(8)) };
        <[Slot<T>]>::try_ref_from_bytes(bytes).ok().map(|slots| PerCpuView { slots })
    }
}

impl<'a, T> PerCpuView<'a, T> {
    /// The values, one for each possible CPU.
    #[doc(alias = "each")]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &'a T> + use<'a, T> {
        self.slots.iter().map(|slot| &slot.0)
    }

    /// How many possible CPUs there are.
    pub fn count(&self) -> usize {
        self.slots.len()
    }

    /// All values added up.
    pub fn sum<S: Sum<&'a T>>(&self) -> S {
        self.iter().sum()
    }

    /// All values folded into one.
    pub fn fold<A>(&self, start: A, step: impl FnMut(A, &'a T) -> A) -> A {
        self.iter().fold(start, step)
    }
}

impl<T: TryFromBytes + KnownLayout + Immutable> Value for PerCpu<T> {
    type Owned = PerCpu<T>;
    type Buf = PerCpuBuf<T>;
    type View<'a>
        = PerCpuView<'a, T>
    where
        T: 'a;

    const UNIT_SIZE: usize = size_of::<T>();
    const ALIGN: usize = align_of::<T>();
    const PER_CPU: bool = true;

    fn new_buf(map: &RawMap) -> PerCpuBuf<T> {
        let words = vec![0; map.value_len().div_ceil(size_of::<u64>())].into_boxed_slice();
        PerCpuBuf { words, values: PhantomData }
    }

    fn is_there(map: &RawMap, key: &[u8], buf: &mut PerCpuBuf<T>) -> Result<bool> {
        map.fetch_bytes(key, buf.words.as_mut_bytes(), LookupMode::Keep)
    }

    #[inline]
    fn fetch_into<'b>(map: &RawMap, key: &[u8], buf: &'b mut PerCpuBuf<T>) -> Result<Option<PerCpuView<'b, T>>> {
        if !map.fetch_bytes(key, buf.words.as_mut_bytes(), LookupMode::Keep)? {
            return Ok(None);
        }
        PerCpuView::checked(buf.words.as_bytes()).map(Some).ok_or_else(|| map.invalid_value::<T>(key, LookupMode::Keep))
    }

    fn fetch(map: &RawMap, key: &[u8], mode: Fetch) -> Result<Option<PerCpu<T>>> {
        let mut buf = Self::new_buf(map);
        if !map.fetch_bytes(key, buf.words.as_mut_bytes(), mode.0)? {
            return Ok(None);
        }
        let valid = PerCpuView::<T>::checked(buf.words.as_bytes()).is_some();
        if valid {
            Ok(Some(PerCpu { words: buf.words, values: PhantomData }))
        } else {
            Err(map.invalid_value::<T>(key, mode.0))
        }
    }
}

impl<T: TryFromBytes + KnownLayout + Immutable + IntoBytes> WritableValue for PerCpu<T> {
    #[inline]
    fn bytes(&self) -> &[u8] {
        self.words.as_bytes()
    }
}

impl<T> Clone for PerCpu<T> {
    fn clone(&self) -> PerCpu<T> {
        PerCpu { words: self.words.clone(), values: PhantomData }
    }
}

impl<T> Clone for PerCpuView<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for PerCpuView<'_, T> {}

impl<T: TryFromBytes + KnownLayout + Immutable + PartialEq> PartialEq for PerCpu<T> {
    fn eq(&self, other: &PerCpu<T>) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<T: TryFromBytes + KnownLayout + Immutable + fmt::Debug> fmt::Debug for PerCpu<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<T: fmt::Debug> fmt::Debug for PerCpuView<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<T> fmt::Debug for PerCpuBuf<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerCpuBuf").finish_non_exhaustive()
    }
}
