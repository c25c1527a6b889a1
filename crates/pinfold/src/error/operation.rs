//! What was being done, as a phrase.

use std::fmt;

/// What was being done. Prints as a phrase that an object can follow: `insert into`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names say it")]
pub enum Operation {
    CreateMap,
    Open,
    Adopt,
    ListMaps,
    ListHolders,
    Inspect,
    Get,
    Take,
    Insert,
    InsertIfAbsent,
    ReplaceIfPresent,
    Remove,
    Update,
    Freeze,
    NextKey,
    MakeKey,
    MakeValue,
    FindBpffs,
    MountBpffs,
    ListMounts,
    OpenDirectory,
    Pin,
    SetAccess,
    Unpin,
    ListPins,
    LoadProgram,
    RunProgram,
    AttachProgram,
    CountCpus,
    MapMemory,
}

impl Operation {
    const fn phrase(self) -> &'static str {
        match self {
            Operation::CreateMap => "create",
            Operation::Open => "open",
            Operation::Adopt => "take over a descriptor",
            Operation::ListMaps => "list the maps of this host",
            Operation::ListHolders => "list the holders of",
            Operation::Inspect => "inspect",
            Operation::Get => "get from",
            Operation::Take => "take from",
            Operation::Insert => "insert into",
            Operation::InsertIfAbsent => "insert if absent into",
            Operation::ReplaceIfPresent => "replace if present in",
            Operation::Remove => "remove from",
            Operation::Update => "update an entry of",
            Operation::Freeze => "freeze",
            Operation::NextKey => "find the next key of",
            Operation::MakeKey => "make a key",
            Operation::MakeValue => "make a value",
            Operation::FindBpffs => "find a BPF file system at",
            Operation::MountBpffs => "mount a BPF file system at",
            Operation::ListMounts => "list the mounts in",
            Operation::OpenDirectory => "open the pin directory",
            Operation::Pin => "pin",
            Operation::SetAccess => "set mode and owner of",
            Operation::Unpin => "unpin",
            Operation::ListPins => "list the pins in",
            Operation::LoadProgram => "load",
            Operation::RunProgram => "run",
            Operation::AttachProgram => "attach",
            Operation::CountCpus => "count the possible CPUs",
            Operation::MapMemory => "map the memory of",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.phrase())
    }
}
