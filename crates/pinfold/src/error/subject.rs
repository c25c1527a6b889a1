//! Which object an error is about.

use std::fmt;
use std::path::{Path, PathBuf};

/// Which object an error is about.
#[derive(Clone, Debug, Default)]
pub(crate) struct Subject {
    noun: &'static str,
    pub(super) name: Option<String>,
    pub(super) id: Option<u32>,
    pub(super) path: Option<PathBuf>,
}

impl Subject {
    pub(crate) fn map(name: impl Into<String>) -> Subject {
        Subject { noun: "map", name: Some(name.into()).filter(|name| !name.is_empty()), ..Subject::default() }
    }

    pub(crate) fn map_of_id(id: u32) -> Subject {
        Subject { noun: "map", id: Some(id), ..Subject::default() }
    }

    pub(crate) fn program(name: impl Into<String>) -> Subject {
        Subject { noun: "program", ..Subject::map(name) }
    }

    pub(crate) fn path(path: impl Into<PathBuf>) -> Subject {
        Subject { path: Some(path.into()), ..Subject::default() }
    }

    pub(crate) fn id(mut self, id: u32) -> Subject {
        self.id = Some(id);
        self
    }

    pub(crate) fn pinned_at(mut self, path: Option<&Path>) -> Subject {
        self.path = path.map(Path::to_path_buf);
        self
    }
}

impl fmt::Display for Subject {
    /// `map "qs_flows" (id 41, pinned at /sys/fs/bpf/tc/globals/qs_flows)`, or just a path.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Names from elsewhere may hold what a terminal would obey.
        let path = self.path.as_deref().map(|path| escaped(&path.to_string_lossy()));
        if self.noun.is_empty() {
            return path.map_or(Ok(()), |path| write!(f, " {path}"));
        }
        write!(f, " {}", self.noun)?;
        if let Some(name) = &self.name {
            write!(f, " {name:?}")?;
        }
        match (self.id, path) {
            (Some(id), Some(path)) => write!(f, " (id {id}, pinned at {path})"),
            (Some(id), None) => write!(f, " (id {id})"),
            (None, Some(path)) => write!(f, " (pinned at {path})"),
            (None, None) => Ok(()),
        }
    }
}

/// The text with control characters spelt out.
pub(super) fn escaped(text: &str) -> String {
    let spelt = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(spelt).collect()
}
