//! In what an object differs from its description.

use std::fmt;

/// One property in which an object differs from what was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    property: &'static str,
    wanted: String,
    found: String,
}

impl Mismatch {
    pub(crate) fn new(property: &'static str, wanted: impl fmt::Display, found: impl fmt::Display) -> Mismatch {
        Mismatch { property, wanted: wanted.to_string(), found: found.to_string() }
    }

    /// The property: `type`, `key_size`, `value_size`, `max_entries`, `flags`, `map_extra`.
    pub fn property(&self) -> &'static str {
        self.property
    }

    /// What the spec says.
    pub fn wanted(&self) -> &str {
        &self.wanted
    }

    /// What the map has.
    pub fn found(&self) -> &str {
        &self.found
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {}, wanted {}", self.property, self.found, self.wanted)
    }
}
