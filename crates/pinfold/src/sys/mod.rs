//! Floor 0: bpf(2) itself. The only unsafe code of the crate.
//!
//! # Safety
//!
//! The kernel learns addresses from this room and trusts them, so this room has to be right about four things:
//!
//! * *How many bytes it reads or writes at an address.* The kernel derives that from the map, never from a length that
//!   we pass. A [`MapFd`] therefore carries the `Shape` that the kernel reported for exactly this descriptor, its
//!   fields are private, and every slice is compared with it before its address goes out, in release builds too.
//! * *That the address lives as long as the call.* All attribute structs hold addresses as integers, made from slices
//!   borrowed for the length of the function that makes the call. No bpf(2) command used here keeps one.
//! * *That memory which it hands out as initialised has been written.* Only a lookup or a next key that succeeded does so,
//!   and no lookup of a type for which the kernel reads the value instead (the Bloom filter) is ever made.
//! * *That nobody takes shared memory for their own.* A [`Mapping`] is as long as the kernel says the array is, and is
//!   handed out as atomic words only, to be written only where it was mapped for writing. It is unmapped when its owner
//!   goes, and whatever is borrowed from it borrows that owner.
//!
//! Everything public in here is safe to call with any argument.

#![expect(unsafe_code, reason = "system calls with addresses in them; see Safety above")]

mod attr;
mod call;
mod cpu;
mod errno;
mod magic;
mod map;
mod map_type;
#[cfg(target_pointer_width = "64")]
mod mapping;
mod numbered;
mod object;
mod program;
mod shape;
mod slot;

pub use cpu::PossibleCpus;
pub use errno::Errno;
pub use map_type::{MapFlags, MapType};
#[cfg(target_pointer_width = "64")]
pub use mapping::{ReadOnly, ReadWrite};

pub(crate) use attr::{MapCreate, MapInfo, NAME_LEN, Name};
pub(crate) use cpu::possible as possible_cpus;
pub(crate) use magic::{is_bpffs, lies_on_bpffs};
pub(crate) use map::{AdoptError, CallError, LookupMode, MapFd, UpdateMode, create_map};
#[cfg(target_pointer_width = "64")]
pub(crate) use mapping::{Mapping, signed};
pub(crate) use numbered::numbered;
pub(crate) use object::{ObjectKind, map_fd_by_id, next_map_id, obj_get, obj_pin, object_kind};
pub(crate) use program::{ProgramLoad, attach_to_socket, load_program, test_run};
pub(crate) use shape::ShapeError;
pub(crate) use slot::Slot;
