//! The attributes of bpf(2): one struct per command, exactly as long as the fields that the command knows.
//!
//! The kernel takes any length and reads the rest as zeros; sending the whole union costs 5 % of a lookup. Names,
//! sizes and offsets are those of `include/uapi/linux/bpf.h`; the test below has a C compiler confirm every one.

#![expect(clippy::struct_field_names, reason = "the kernel's names")]

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// `BPF_OBJ_NAME_LEN`, with the terminating NUL.
pub(crate) const NAME_LEN: usize = 16;

/// The name of an object inside the kernel, NUL-terminated.
pub(crate) type Name = [u8; NAME_LEN];

/// `BPF_MAP_CREATE` up to `map_extra`. [`MapCreate::sent_len`] says how much of it is sent.
#[derive(Clone, Debug, Default, IntoBytes, Immutable)]
#[repr(C)]
pub(crate) struct MapCreate {
    pub(crate) map_type: u32,
    pub(crate) key_size: u32,
    pub(crate) value_size: u32,
    pub(crate) max_entries: u32,
    pub(crate) map_flags: u32,
    pub(crate) inner_map_fd: u32,
    pub(crate) numa_node: u32,
    pub(crate) map_name: Name,
    pub(crate) map_ifindex: u32,
    pub(crate) btf_fd: u32,
    pub(crate) btf_key_type_id: u32,
    pub(crate) btf_value_type_id: u32,
    pub(crate) btf_vmlinux_value_type_id: u32,
    pub(crate) map_extra: u64,
}

/// `BPF_MAP_LOOKUP_ELEM`, `BPF_MAP_UPDATE_ELEM`.
#[derive(Default, IntoBytes, Immutable)]
#[repr(C)]
pub(super) struct Element {
    pub(super) map_fd: u32,
    pub(super) pad: u32,
    pub(super) key: u64,
    pub(super) value: u64,
    pub(super) flags: u64,
}

/// `BPF_MAP_FREEZE`.
#[derive(Default, IntoBytes, Immutable)]
#[repr(C)]
pub(super) struct Freeze {
    pub(super) map_fd: u32,
}

/// `BPF_MAP_DELETE_ELEM`.
#[derive(Default, IntoBytes, Immutable)]
#[repr(C)]
pub(super) struct Delete {
    pub(super) map_fd: u32,
    pub(super) pad: u32,
    pub(super) key: u64,
}

/// `BPF_MAP_GET_NEXT_KEY`.
#[derive(Default, IntoBytes, Immutable)]
#[repr(C)]
pub(super) struct NextKey {
    pub(super) map_fd: u32,
    pub(super) pad: u32,
    pub(super) key: u64,
    pub(super) next_key: u64,
}

/// `BPF_PROG_LOAD` up to `prog_name`.
#[derive(Default, IntoBytes, Immutable)]
#[repr(C)]
pub(super) struct ProgLoad {
    pub(super) prog_type: u32,
    pub(super) insn_cnt: u32,
    pub(super) insns: u64,
    pub(super) license: u64,
    pub(super) log_level: u32,
    pub(super) log_size: u32,
    pub(super) log_buf: u64,
    pub(super) kern_version: u32,
    pub(super) prog_flags: u32,
    pub(super) prog_name: Name,
}

/// `BPF_OBJ_PIN`, `BPF_OBJ_GET`.
#[derive(Default, IntoBytes, Immutable)]
#[repr(C)]
pub(super) struct Object {
    pub(super) pathname: u64,
    pub(super) bpf_fd: u32,
    pub(super) file_flags: u32,
}

/// `BPF_PROG_TEST_RUN` up to `duration`.
#[derive(Default, IntoBytes, Immutable)]
#[repr(C)]
pub(super) struct TestRun {
    pub(super) prog_fd: u32,
    pub(super) retval: u32,
    pub(super) data_size_in: u32,
    pub(super) data_size_out: u32,
    pub(super) data_in: u64,
    pub(super) data_out: u64,
    pub(super) repeat: u32,
    pub(super) duration: u32,
}

/// `BPF_MAP_GET_NEXT_ID`, `BPF_MAP_GET_FD_BY_ID`.
#[derive(Default, IntoBytes, Immutable)]
#[repr(C)]
pub(super) struct GetId {
    pub(super) start_id: u32,
    pub(super) next_id: u32,
    pub(super) open_flags: u32,
}

/// `BPF_OBJ_GET_INFO_BY_FD`.
#[derive(Default, IntoBytes, Immutable)]
#[repr(C)]
pub(super) struct Info {
    pub(super) bpf_fd: u32,
    pub(super) info_len: u32,
    pub(super) info: u64,
}

/// `struct bpf_map_info` as of Linux 5.16. Older kernels leave the end zero, newer ones have more that isn't asked for.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub(crate) struct MapInfo {
    pub(crate) map_type: u32,
    pub(crate) id: u32,
    pub(crate) key_size: u32,
    pub(crate) value_size: u32,
    pub(crate) max_entries: u32,
    pub(crate) map_flags: u32,
    pub(crate) name: Name,
    pub(crate) ifindex: u32,
    pub(crate) btf_vmlinux_value_type_id: u32,
    pub(crate) netns_dev: u64,
    pub(crate) netns_ino: u64,
    pub(crate) btf_id: u32,
    pub(crate) btf_key_type_id: u32,
    pub(crate) btf_value_type_id: u32,
    pub(crate) pad: u32,
    pub(crate) map_extra: u64,
}

impl MapCreate {
    /// How much of the struct the kernel has to see: without `map_extra` (Linux 5.16) where it isn't used.
    pub(super) fn sent_len(&self) -> usize {
        if self.map_extra == 0 { std::mem::offset_of!(MapCreate, map_extra) } else { size_of::<MapCreate>() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    struct Row {
        c_type: &'static str,
        c_field: &'static str,
        ours: &'static str,
        offset: usize,
        size: usize,
    }

    /// Every field of a struct with its C name; a field left out shows as a struct larger than its rows.
    macro_rules! layout {
        ($rows:ident, $ours:ident = $c_type:literal { $($field:ident = $c_field:literal),* $(,)? } pads $pads:expr) => {{
            let value = <$ours>::default();
            let before = $rows.len();
            $($rows.push(Row {
                c_type: $c_type,
                c_field: $c_field,
                ours: concat!(stringify!($ours), ".", stringify!($field)),
                offset: std::mem::offset_of!($ours, $field),
                size: size_of_val(&value.$field),
            });)*
            let listed: usize = $rows[before..].iter().map(|row| row.size).sum();
            assert_eq!(listed + $pads, size_of::<$ours>(), "{}: fields without a row", stringify!($ours));
        }};
    }

    fn rows() -> Vec<Row> {
        let mut rows = Vec::new();
        layout!(rows, MapCreate = "union bpf_attr" {
            map_type = "map_type", key_size = "key_size", value_size = "value_size", max_entries = "max_entries",
            map_flags = "map_flags", inner_map_fd = "inner_map_fd", numa_node = "numa_node", map_name = "map_name",
            map_ifindex = "map_ifindex", btf_fd = "btf_fd", btf_key_type_id = "btf_key_type_id",
            btf_value_type_id = "btf_value_type_id", btf_vmlinux_value_type_id = "btf_vmlinux_value_type_id",
            map_extra = "map_extra",
        } pads 0);
        layout!(rows, Element = "union bpf_attr" {
            map_fd = "map_fd", key = "key", value = "value", flags = "flags",
        } pads 4);
        layout!(rows, Freeze = "union bpf_attr" { map_fd = "map_fd" } pads 0);
        layout!(rows, Delete = "union bpf_attr" { map_fd = "map_fd", key = "key" } pads 4);
        layout!(rows, NextKey = "union bpf_attr" { map_fd = "map_fd", key = "key", next_key = "next_key" } pads 4);
        layout!(rows, ProgLoad = "union bpf_attr" {
            prog_type = "prog_type", insn_cnt = "insn_cnt", insns = "insns", license = "license",
            log_level = "log_level", log_size = "log_size", log_buf = "log_buf", kern_version = "kern_version",
            prog_flags = "prog_flags", prog_name = "prog_name",
        } pads 0);
        layout!(rows, Object = "union bpf_attr" {
            pathname = "pathname", bpf_fd = "bpf_fd", file_flags = "file_flags",
        } pads 0);
        layout!(rows, TestRun = "union bpf_attr" {
            prog_fd = "test.prog_fd", retval = "test.retval", data_size_in = "test.data_size_in",
            data_size_out = "test.data_size_out", data_in = "test.data_in", data_out = "test.data_out",
            repeat = "test.repeat", duration = "test.duration",
        } pads 0);
        layout!(rows, GetId = "union bpf_attr" {
            start_id = "start_id", next_id = "next_id", open_flags = "open_flags",
        } pads 0);
        layout!(rows, Info = "union bpf_attr" {
            bpf_fd = "info.bpf_fd", info_len = "info.info_len", info = "info.info",
        } pads 0);
        layout!(rows, MapInfo = "struct bpf_map_info" {
            map_type = "type", id = "id", key_size = "key_size", value_size = "value_size",
            max_entries = "max_entries", map_flags = "map_flags", name = "name", ifindex = "ifindex",
            btf_vmlinux_value_type_id = "btf_vmlinux_value_type_id", netns_dev = "netns_dev", netns_ino = "netns_ino",
            btf_id = "btf_id", btf_key_type_id = "btf_key_type_id", btf_value_type_id = "btf_value_type_id",
            map_extra = "map_extra",
        } pads 4);
        rows
    }

    /// Needs `cc` and the kernel's headers, which whatever linked this test brings on the usual distributions.
    #[test]
    fn every_field_lies_where_linux_bpf_h_says() {
        let rows = rows();
        let assertions = rows.iter().map(|Row { c_type, c_field, ours, offset, size }| {
            format!(
                "_Static_assert(offsetof({c_type}, {c_field}) == {offset}, \"offset of {ours}\");\n\
                 _Static_assert(sizeof((({c_type} *)0)->{c_field}) == {size}, \"size of {ours}\");\n"
            )
        });
        let source = format!("#include <stddef.h>\n#include <linux/bpf.h>\n{}", assertions.collect::<String>());
        let mut compiler = Command::new("cc")
            .args(["-x", "c", "-std=gnu11", "-fsyntax-only", "-"])
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("cc, which also links this test");
        compiler.stdin.take().unwrap().write_all(source.as_bytes()).unwrap();
        let output = compiler.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    #[test]
    fn map_extra_is_sent_only_when_used() {
        assert_eq!(MapCreate::default().sent_len(), 64);
        assert_eq!(MapCreate { map_extra: 1, ..MapCreate::default() }.sent_len(), 72);
    }
}
