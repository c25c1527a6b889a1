//! What went wrong, for callers to decide on.

/// What went wrong, as far as a caller can decide on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// There is no pin, directory or object of that name or id.
    NotFound,
    /// The name is taken.
    Exists,
    /// The map has no room for another entry.
    Full,
    /// The object isn't what the caller asked for: see [`Error::mismatches`](crate::Error::mismatches).
    Incompatible,
    /// The map or the descriptor can't be written.
    ReadOnly,
    /// This kernel, or this type of map, can't do that.
    Unsupported,
    /// Not permitted to this process; [`Error::remedy`](crate::Error::remedy) says what is missing.
    Denied,
    /// In use by somebody else just now; trying again may help.
    Busy,
    /// The request makes no sense: a name, a size, a value.
    Invalid,
    /// What the handle stood for isn't there any more.
    Gone,
    /// The kernel or this process has run out of something other than room in the map.
    Exhausted,
    /// No BPF file system at that place.
    NoBpffs,
    /// Something that nobody has thought of; [`Error::errno`](crate::Error::errno) has the number.
    Other,
}
