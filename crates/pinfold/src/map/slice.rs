//! Values whose size is known at run time only: any number of elements.

use std::fmt;
use std::marker::PhantomData;

use zerocopy::{Immutable, IntoBytes, KnownLayout, TryFromBytes};

use super::value::Fetch;
use super::{RawMap, Value, WritableValue};
use crate::error::Result;
use crate::sys::LookupMode;

/// Room for a value of any number of elements, aligned to 8 bytes.
pub struct SliceBuf<T> {
    words: Box<[u64]>,
    len: usize,
    elements: PhantomData<T>,
}

impl<T> SliceBuf<T> {
    fn for_value_of(map: &RawMap) -> SliceBuf<T> {
        let len = map.value_len();
        SliceBuf { words: vec![0; len.div_ceil(8)].into_boxed_slice(), len, elements: PhantomData }
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        self.words.as_mut_bytes().get_mut(..self.len).unwrap_or_default()
    }
}

impl<T: TryFromBytes + KnownLayout + Immutable> SliceBuf<T> {
    fn elements(&self) -> Option<&[T]> {
        <[T]>::try_ref_from_bytes(self.words.as_bytes().get(..self.len)?).ok()
    }
}

impl<T: TryFromBytes + KnownLayout + Immutable> Value for [T] {
    type Owned = Vec<T>;
    type Buf = SliceBuf<T>;
    type View<'a>
        = &'a [T]
    where
        T: 'a;

    const UNIT_SIZE: usize = size_of::<T>();
    const ALIGN: usize = align_of::<T>();
    const IS_SLICE: bool = true;

    fn new_buf(map: &RawMap) -> SliceBuf<T> {
        SliceBuf::for_value_of(map)
    }

    fn is_there(map: &RawMap, key: &[u8], buf: &mut SliceBuf<T>) -> Result<bool> {
        map.fetch_bytes(key, buf.bytes_mut(), LookupMode::Keep)
    }

    fn fetch_into<'b>(map: &RawMap, key: &[u8], buf: &'b mut SliceBuf<T>) -> Result<Option<&'b [T]>> {
        if !map.fetch_bytes(key, buf.bytes_mut(), LookupMode::Keep)? {
            return Ok(None);
        }
        buf.elements().map(Some).ok_or_else(|| map.invalid_value::<[T]>(key, LookupMode::Keep))
    }

    fn fetch(map: &RawMap, key: &[u8], mode: Fetch) -> Result<Option<Vec<T>>> {
        let mut buf = Self::new_buf(map);
        if !map.fetch_bytes(key, buf.bytes_mut(), mode.0)? {
            return Ok(None);
        }
        let elements = buf.bytes_mut().chunks_exact(size_of::<T>()).map(T::try_read_from_bytes);
        let elements: Option<Vec<T>> = elements.map(Result::ok).collect();
        elements.map(Some).ok_or_else(|| map.invalid_value::<[T]>(key, mode.0))
    }
}

impl<T: TryFromBytes + KnownLayout + Immutable + IntoBytes> WritableValue for [T] {
    fn bytes(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl<T> fmt::Debug for SliceBuf<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SliceBuf").field("len", &self.len).finish_non_exhaustive()
    }
}
