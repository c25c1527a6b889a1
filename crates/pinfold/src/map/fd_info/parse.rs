//! From the text of an fdinfo file to its fields.

use rustix::fs::OFlags;

use super::{Access, FdInfo};
use crate::host::proc;
use crate::object::ProgramType;
use crate::sys::{MapFlags, MapType};

impl FdInfo {
    /// Takes what it understands and keeps the rest, so that no line is lost and none can make it fail.
    pub(in crate::map) fn parse(text: &str) -> FdInfo {
        let mut info = FdInfo::default();
        for (name, value) in proc::fields(text) {
            if !info.take(name, value) {
                info.other.push((name.into(), value.into()));
            }
        }
        info
    }

    /// Whether the field is known and its value makes sense.
    fn take(&mut self, name: &str, value: &str) -> bool {
        match name {
            "flags" => {
                set(&mut self.access, number(value, 8).map(OFlags::from_bits_retain).and_then(Access::of_open_flags));
                // More than the access is in there: it is kept as well.
                false
            }
            "map_type" => set(&mut self.map_type, number(value, 10).map(MapType::from_raw)),
            "key_size" => set(&mut self.key_size, number(value, 10)),
            "value_size" => set(&mut self.value_size, number(value, 10)),
            "max_entries" => set(&mut self.max_entries, number(value, 10)),
            "map_flags" => set(&mut self.map_flags, hexadecimal(value).map(MapFlags::from_bits_retain)),
            "map_extra" => set(&mut self.map_extra, hexadecimal(value)),
            "memlock" => set(&mut self.memlock, number(value, 10)),
            "map_id" => set(&mut self.map_id, number(value, 10)),
            "frozen" => set(&mut self.frozen, truth(value)),
            "owner_prog_type" => set(&mut self.owner_prog_type, number(value, 10).map(ProgramType::from_raw)),
            "owner_jited" => set(&mut self.owner_jited, truth(value)),
            _ => false,
        }
    }
}

/// The first of two lines counts; whether this was it.
fn set<T>(field: &mut Option<T>, value: Option<T>) -> bool {
    let first = field.is_none() && value.is_some();
    if first {
        *field = value;
    }
    first
}

fn number<T: TryFrom<u64>>(value: &str, radix: u32) -> Option<T> {
    // The kernel writes no sign, and what it doesn't write isn't understood.
    let unsigned = Some(value).filter(|value| !value.starts_with('+'))?;
    T::try_from(u64::from_str_radix(unsigned, radix).ok()?).ok()
}

fn hexadecimal<T: TryFrom<u64>>(value: &str) -> Option<T> {
    number(value.strip_prefix("0x")?, 16)
}

fn truth(value: &str) -> Option<bool> {
    match value {
        "0" => Some(false),
        "1" => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Linux 6.18, a program array; the memory of another map.
    const TEXT: &str = "pos:\t0\nflags:\t02000002\nmnt_id:\t15\nino:\t1057\n\
                        map_type:\t3\nkey_size:\t4\nvalue_size:\t4\nmax_entries:\t8\n\
                        map_flags:\t0x480\nmap_extra:\t0x100000003\nmemlock:\t5368709120\nmap_id:\t7\n\
                        frozen:\t1\nowner_prog_type:\t6\nowner_jited:\t1\n";

    #[test]
    fn every_line_has_its_place() {
        let info = FdInfo::parse(TEXT);
        assert_eq!(info.access, Some(Access::ReadWrite));
        assert_eq!((info.map_type, info.map_id), (Some(MapType::ProgArray), Some(7)));
        assert_eq!((info.key_size, info.value_size, info.max_entries), (Some(4), Some(4), Some(8)));
        assert_eq!(info.map_flags, Some(MapFlags::MMAPABLE | MapFlags::RDONLY_PROG));
        assert_eq!((info.map_extra, info.memlock), (Some(0x1_0000_0003), Some(5 << 30)));
        assert_eq!((info.frozen, info.owner_jited), (Some(true), Some(true)));
        assert_eq!(info.owner_prog_type, Some(ProgramType::Xdp));
        let other: Vec<_> = info.other().collect();
        assert_eq!(other, [("pos", "0"), ("flags", "02000002"), ("mnt_id", "15"), ("ino", "1057")]);
    }

    /// Each of these lines is kept as it is, and none sets a field.
    #[test]
    fn what_makes_no_sense_is_kept() {
        for line in [
            "map_type:\t-1",
            "map_type:\t4294967296",
            "key_size:\t",
            "value_size:\t+4",
            "max_entries:\t0x10",
            "map_flags:\t80",
            "map_flags:\t0x",
            "map_flags:\t0x+1",
            "map_flags:\t0x100000000",
            "map_extra:\t0x10000000000000000",
            "memlock:\t18446744073709551616",
            "map_id:\tseven",
            "frozen:\t2",
            "frozen:\tyes",
            "owner_prog_type:\t6 7",
            "owner_jited:\t",
            "flags:\t8",
            "flags:\t03",
            "of_tomorrow:\t1: 2",
            ":\tnameless",
            "Map_id:\t7",
            "\u{fffd}\u{0}",
        ] {
            let info = FdInfo::parse(line);
            let (name, value) = line.split_once(":\t").unwrap_or((line, ""));
            assert_eq!(info.other().collect::<Vec<_>>(), [(name, value)], "{line:?}");
            assert_eq!(FdInfo { other: Vec::new(), ..info }, FdInfo::default(), "{line:?}");
        }
    }

    #[test]
    fn the_first_of_two_counts() {
        let info = FdInfo::parse("map_id:\t1\nmap_id:\t2\nmap_id:\t1\n");
        assert_eq!(info.map_id, Some(1));
        assert_eq!(info.other().collect::<Vec<_>>(), [("map_id", "2"), ("map_id", "1")]);
    }

    /// Cut anywhere, it is still read without complaint.
    #[test]
    fn a_text_that_was_cut_off() {
        for end in 0..TEXT.len() {
            let info = FdInfo::parse(&TEXT[..end]);
            assert!(info.map_id.is_none_or(|id| id == 7), "{end}");
        }
    }
}
