//! The error itself: plain data, and how it reads.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::path::Path;

use super::subject::escaped;
use super::{ErrorKind, Mismatch, Operation, Subject};
use crate::sys::Errno;

/// What every fallible function here returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An operation that failed, told so that one can act on it.
///
/// Decide by [`kind`](Error::kind); show the text. It is one word wide, plain data all through, `Send + Sync + 'static`,
/// and converts into [`std::io::Error`].
///
/// A miss is no error: [`get`](crate::Map::get) answers `None`, and [`remove`](crate::Map::remove) says whether the key
/// was there.
///
/// ```text
/// insert into map "qs_flows" (id 41, pinned at /sys/fs/bpf/tc/globals/qs_flows), key 0x7f000002: the map is full:
/// 1024 of 1024 entries (E2BIG); remove entries, or create it with a larger max_entries
/// ```
pub struct Error(Box<Report>);

/// Bytes of a key that an error prints.
const KEY_SHOWN_MAX: usize = 64;

struct Report {
    kind: ErrorKind,
    operation: Operation,
    subject: Subject,
    key: Option<Box<[u8]>>,
    key_text: Option<String>,
    cause: Cow<'static, str>,
    mismatches: Vec<Mismatch>,
    errno: Option<Errno>,
    remedy: Option<Cow<'static, str>>,
}

impl Error {
    #[cold]
    pub(crate) fn new(kind: ErrorKind, operation: Operation, cause: impl Into<Cow<'static, str>>) -> Error {
        Error(Box::new(Report {
            kind,
            operation,
            subject: Subject::default(),
            key: None,
            key_text: None,
            cause: cause.into(),
            mismatches: Vec::new(),
            errno: None,
            remedy: None,
        }))
    }

    /// For an operation that is part of another one.
    pub(crate) fn during(mut self, operation: Operation) -> Error {
        self.0.operation = operation;
        self
    }

    pub(crate) fn about(mut self, subject: Subject) -> Error {
        self.0.subject = subject;
        self
    }

    pub(crate) fn with_key(mut self, key: Option<&[u8]>) -> Error {
        self.0.key = key.map(Box::from);
        self
    }

    /// How the key reads, where that is better than hex.
    pub(crate) fn with_key_text(mut self, text: Option<String>) -> Error {
        self.0.key_text = text;
        self
    }

    pub(crate) fn with_errno(mut self, errno: Errno) -> Error {
        self.0.errno = Some(errno);
        self
    }

    pub(crate) fn with_mismatches(mut self, mismatches: Vec<Mismatch>) -> Error {
        self.0.mismatches = mismatches;
        self
    }

    pub(crate) fn with_remedy(mut self, remedy: impl Into<Cow<'static, str>>) -> Error {
        self.0.remedy = Some(remedy.into());
        self
    }

    /// What went wrong, as far as a caller can decide on it.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What was being done.
    pub fn operation(&self) -> Operation {
        self.0.operation
    }

    /// The kernel's own number, where it was asked at all.
    pub fn errno(&self) -> Option<Errno> {
        self.0.errno
    }

    /// Why, without the object and the remedy.
    pub fn cause(&self) -> &str {
        &self.0.cause
    }

    /// What to do about it, where that is known.
    pub fn remedy(&self) -> Option<&str> {
        self.0.remedy.as_deref()
    }

    /// All properties in which the object differs from the spec; empty unless the kind is [`ErrorKind::Incompatible`].
    pub fn mismatches(&self) -> &[Mismatch] {
        &self.0.mismatches
    }

    /// The name of the map or program.
    pub fn name(&self) -> Option<&str> {
        self.0.subject.name.as_deref()
    }

    /// The kernel's id of the map.
    pub fn id(&self) -> Option<u32> {
        self.0.subject.id
    }

    /// The pin, directory or mount point, or the file in `/proc` of a descriptor.
    pub fn path(&self) -> Option<&Path> {
        self.0.subject.path.as_deref()
    }

    /// The key, as the bytes that the kernel got.
    pub fn key(&self) -> Option<&[u8]> {
        self.0.key.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = &*self.0;
        write!(f, "{}{}", report.operation, report.subject)?;
        if let Some(text) = &report.key_text {
            write!(f, ", key {}", escaped(text))?;
        } else if let Some(key) = report.key.as_deref().filter(|key| !key.is_empty()) {
            f.write_str(", key 0x")?;
            key.iter().take(KEY_SHOWN_MAX).try_for_each(|byte| write!(f, "{byte:02x}"))?;
            if key.len() > KEY_SHOWN_MAX {
                write!(f, ".. ({} bytes)", key.len())?;
            }
        }
        write!(f, ": {}", report.cause)?;
        for (index, mismatch) in report.mismatches.iter().enumerate() {
            write!(f, "{} {mismatch}", if index == 0 { ":" } else { "," })?;
        }
        if let Some(errno) = report.errno {
            write!(f, " ({errno})")?;
        }
        report.remedy.as_ref().map_or(Ok(()), |remedy| write!(f, "; {remedy}"))
    }
}

impl fmt::Debug for Error {
    /// The kind and the text, since this is what `unwrap` and a `main` that returns it print.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {self}", self.0.kind)
    }
}

impl std::error::Error for Error {}

impl From<Error> for io::Error {
    fn from(error: Error) -> io::Error {
        let kind = match error.kind() {
            ErrorKind::NotFound | ErrorKind::Gone | ErrorKind::NoBpffs => io::ErrorKind::NotFound,
            ErrorKind::Exists => io::ErrorKind::AlreadyExists,
            ErrorKind::Full => io::ErrorKind::StorageFull,
            ErrorKind::ReadOnly | ErrorKind::Denied => io::ErrorKind::PermissionDenied,
            ErrorKind::Unsupported => io::ErrorKind::Unsupported,
            ErrorKind::Busy => io::ErrorKind::ResourceBusy,
            ErrorKind::Incompatible | ErrorKind::Invalid => io::ErrorKind::InvalidInput,
            ErrorKind::Exhausted => io::ErrorKind::OutOfMemory,
            ErrorKind::Other => io::ErrorKind::Other,
        };
        io::Error::new(kind, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_has_all_there_is_in_a_fixed_order() {
        let error = Error::new(ErrorKind::Full, Operation::Insert, "the map is full: 2 of 2 entries")
            .about(Subject::map("flows").id(7).pinned_at(Some(Path::new("/sys/fs/bpf/flows"))))
            .with_key(Some(&[0x7f, 0, 0, 2]))
            .with_errno(Errno::E2BIG)
            .with_remedy("make room");
        assert_eq!(
            error.to_string(),
            "insert into map \"flows\" (id 7, pinned at /sys/fs/bpf/flows), key 0x7f000002: \
             the map is full: 2 of 2 entries (E2BIG); make room"
        );
        assert_eq!(size_of::<Error>(), size_of::<usize>());
        assert_eq!(io::Error::from(error).kind(), io::ErrorKind::StorageFull);
    }

    #[test]
    fn every_mismatch_is_named() {
        let error = Error::new(ErrorKind::Incompatible, Operation::Open, "the map differs from the spec")
            .about(Subject::path("/sys/fs/bpf/x"))
            .with_mismatches(vec![Mismatch::new("key_size", 4, 8), Mismatch::new("max_entries", 16, 8)]);
        assert_eq!(
            error.to_string(),
            "open /sys/fs/bpf/x: the map differs from the spec: key_size is 8, wanted 4, max_entries is 8, \
             wanted 16"
        );
    }
}
