//! Errors with what the handle knows: which map, and how its keys print.

use std::os::fd::AsFd as _;

use super::RawMap;
use crate::error::{Error, ErrorKind, Operation, Subject};
use crate::host::diagnose::{self, EntryFailure};
use crate::map::Access;
use crate::sys::{CallError, LookupMode};

impl RawMap {
    /// For what this descriptor doesn't allow, so that the kernel needn't be asked.
    #[cold]
    pub(super) fn not_allowed(&self, operation: Operation, key: Option<&[u8]>) -> Error {
        let error = if self.inner.access == Access::ReadOnly {
            Error::new(ErrorKind::ReadOnly, operation, "it was opened for reading only")
                .with_remedy("open it for writing")
        } else {
            Error::new(ErrorKind::Denied, operation, "it was opened for writing only")
                .with_remedy("open it for reading")
        };
        self.explained(error, key)
    }

    /// The error with what this handle knows: which map, and how its keys print.
    pub(in crate::map) fn explained(&self, error: Error, key: Option<&[u8]>) -> Error {
        let text = match (key, self.key_text) {
            (Some(key), Some(text)) => text(key),
            (Some(key), None) if self.info().map_type.is_indexed() => {
                key.try_into().ok().map(|index| u32::from_ne_bytes(index).to_string())
            }
            _ => None,
        };
        error.about(self.subject()).with_key(key).with_key_text(text)
    }

    /// How errors name this map.
    pub(crate) fn subject(&self) -> Subject {
        Subject::map(self.name()).id(self.id()).pinned_at(self.path())
    }

    #[cold]
    pub(super) fn failed(&self, operation: Operation, error: CallError, key: Option<&[u8]>) -> Error {
        let error = match error {
            CallError::Errno(errno) => diagnose::entry(&EntryFailure {
                operation,
                errno,
                fd: self.as_fd(),
                map_type: self.info().map_type,
                max_entries: self.info().max_entries,
            }),
            CallError::WrongLength { part, given, needed } => {
                let cause = format!("the {part} has {given} bytes, and this map's has {needed}");
                Error::new(ErrorKind::Invalid, operation, cause)
            }
        };
        self.explained(error, key)
    }

    #[cold]
    pub(in crate::map) fn invalid_value<T: ?Sized>(&self, key: &[u8], mode: LookupMode) -> Error {
        let value = match mode {
            LookupMode::Keep => "the value",
            LookupMode::Remove => "the value, which is removed now,",
        };
        let cause = format!("the bytes of {value} are no valid {}", std::any::type_name::<T>());
        self.explained(Error::new(ErrorKind::Invalid, fetches(mode), cause), Some(key))
    }

    #[cold]
    pub(in crate::map) fn invalid_key<K>(&self, key: &[u8]) -> Error {
        let cause = format!("the bytes of the key are no valid {}", std::any::type_name::<K>());
        self.explained(Error::new(ErrorKind::Invalid, Operation::NextKey, cause), Some(key))
    }
}

pub(super) const fn fetches(mode: LookupMode) -> Operation {
    match mode {
        LookupMode::Keep => Operation::Get,
        LookupMode::Remove => Operation::Take,
    }
}
