//! What a map shall look like, with sizes instead of types.

use std::borrow::Cow;

use crate::bpffs::check_name;
use crate::error::{Error, ErrorKind, Operation, Result, Subject};
use crate::sys::{MapFlags, MapType};

/// A [`MapSpec`](super::MapSpec) with sizes instead of types: for tools, and for maps without a type of their own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RawMapSpec {
    pub(crate) name: Cow<'static, str>,
    pub(crate) kernel_name: Option<Cow<'static, str>>,
    pub(crate) map_type: MapType,
    pub(crate) key_size: u32,
    pub(crate) value_size: ValueSize,
    pub(crate) max_entries: u32,
    pub(crate) flags: MapFlags,
    /// Counts where the flags have `NUMA_NODE`.
    pub(crate) numa_node: u32,
    pub(crate) map_extra: u64,
}

/// Bytes of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ValueSize {
    Exactly(u32),
    /// As many as the map that is opened has.
    MultipleOf(u32),
}

impl RawMapSpec {
    /// A map of at most `max_entries` entries, pinned as `name`. Sizes and flags are checked by the kernel.
    pub fn new(
        name: impl Into<Cow<'static, str>>,
        map_type: MapType,
        key_size: u32,
        value_size: u32,
        max_entries: u32,
    ) -> RawMapSpec {
        RawMapSpec { name: name.into(), ..RawMapSpec::with_sizes("", map_type, key_size, value_size, max_entries) }
    }

    pub(super) const fn with_sizes(
        name: &'static str,
        map_type: MapType,
        key_size: u32,
        value_size: u32,
        max_entries: u32,
    ) -> RawMapSpec {
        RawMapSpec {
            name: Cow::Borrowed(name),
            kernel_name: None,
            map_type,
            key_size,
            value_size: ValueSize::Exactly(value_size),
            max_entries,
            flags: MapFlags::empty(),
            numa_node: 0,
            map_extra: 0,
        }
    }

    /// The same with these flags.
    #[must_use]
    pub const fn with_flags(mut self, flags: MapFlags) -> RawMapSpec {
        self.flags = flags;
        self
    }

    /// The same with this extra, whose meaning is the type's own. Linux 5.16.
    #[must_use]
    pub const fn with_map_extra(mut self, map_extra: u64) -> RawMapSpec {
        self.map_extra = map_extra;
        self
    }

    /// The same with its memory on this NUMA node, which is [`MapFlags::NUMA_NODE`].
    #[must_use]
    pub const fn with_numa_node(mut self, node: u32) -> RawMapSpec {
        self.flags = self.flags.union(MapFlags::NUMA_NODE);
        self.numa_node = node;
        self
    }

    /// The same with another name inside the kernel: see [`MapSpec::with_kernel_name`](super::MapSpec::with_kernel_name).
    #[must_use]
    pub fn with_kernel_name(mut self, name: impl Into<Cow<'static, str>>) -> RawMapSpec {
        self.kernel_name = Some(name.into());
        self
    }

    /// The name under which it is pinned.
    pub const fn name(&self) -> &str {
        match &self.name {
            Cow::Borrowed(name) => name,
            Cow::Owned(name) => name.as_str(),
        }
    }

    /// The kernel's type of map.
    pub const fn map_type(&self) -> MapType {
        self.map_type
    }

    /// Bytes of a key.
    pub const fn key_size(&self) -> u32 {
        self.key_size
    }

    /// Bytes of a value; of one CPU's value for a per-CPU type. 0 where that is left to the map that is opened.
    pub const fn value_size(&self) -> u32 {
        match self.value_size {
            ValueSize::Exactly(size) => size,
            ValueSize::MultipleOf(_) => 0,
        }
    }

    /// How many entries fit in.
    pub const fn max_entries(&self) -> u32 {
        self.max_entries
    }

    /// The creation flags.
    pub const fn flags(&self) -> MapFlags {
        self.flags
    }

    /// Refuses what no kernel would take, before it is asked for anything.
    pub(crate) fn check(&self, operation: Operation) -> Result<()> {
        let fault = match check_name(&self.name) {
            Err(cause) => Some((cause, "use 1 to 255 bytes without dots and slashes")),
            Ok(()) if self.max_entries == 0 => Some(("max_entries is 0", "say how many entries shall fit in")),
            Ok(()) if self.flags.contains(MapFlags::OF_THE_DESCRIPTOR) => {
                Some(("RDONLY and WRONLY exclude each other", "take one of them away"))
            }
            Ok(()) => None,
        };
        match fault {
            None => Ok(()),
            Some((cause, remedy)) => Err(Error::new(ErrorKind::Invalid, operation, cause)
                .about(Subject::map(self.name()))
                .with_remedy(remedy)),
        }
    }
}
