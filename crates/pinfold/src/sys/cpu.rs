//! How many CPUs this kernel may ever have: the length of every per-CPU value.
//!
//! It lies on the ground floor because buffer sizes depend on it. The online or present CPUs are the wrong set, and
//! taking them has made several projects hand the kernel a buffer that is too short.

use std::fs::File;
use std::io::{self, Read as _};
use std::ops::RangeInclusive;
use std::sync::OnceLock;

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags};

use super::magic::is_sysfs;

const DIRECTORY: &str = "/sys/devices/system/cpu";
/// Far more than any kernel can be configured for (8192): a limit against nonsense.
const MAX_CPU: u32 = 0xffff;

/// The CPUs that this kernel was started to allow for, online or not. Fixed until the next boot.
///
/// A per-CPU map has one slot per *possible* CPU, in the order of [`ids`](PossibleCpus::ids).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PossibleCpus {
    ranges: Vec<RangeInclusive<u32>>,
    count: usize,
}

impl PossibleCpus {
    /// How many there are; at least 1.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Their numbers, ascending. Not always `0..count`: a list such as `0,2-5` has a hole.
    pub fn ids(&self) -> impl Iterator<Item = u32> + '_ {
        self.ranges.iter().cloned().flatten()
    }

    /// Reads a list as `Documentation/admin-guide/cputopology.rst` describes it: `0-3`, or `0,2-5`.
    fn parse(text: &str) -> Option<PossibleCpus> {
        let mut ranges: Vec<RangeInclusive<u32>> = Vec::new();
        for part in text.trim_end().split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (number(first)?, number(last)?);
            let ascending = ranges.last().is_none_or(|before| *before.end() < first);
            if !ascending || first > last || last > MAX_CPU {
                return None;
            }
            ranges.push(first..=last);
        }
        let count = ranges.iter().map(|range| (range.end() - range.start()) as usize + 1).sum();
        Some(PossibleCpus { ranges, count })
    }
}

/// Digits only: `str::parse` would take a sign as well.
fn number(text: &str) -> Option<u32> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// What the kernel says, asked once per process.
pub(crate) fn possible() -> io::Result<&'static PossibleCpus> {
    static CPUS: OnceLock<PossibleCpus> = OnceLock::new();
    match CPUS.get() {
        Some(cpus) => Ok(cpus),
        None => read().map(|cpus| CPUS.get_or_init(|| cpus)),
    }
}

/// Trusts only the kernel's own file, with nothing mounted over it: a container manager may have put another one there,
/// and the length of buffers that the kernel writes to depends on this number.
fn read() -> io::Result<PossibleCpus> {
    let directory = rustix::fs::openat(CWD, DIRECTORY, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
    let resolve = ResolveFlags::NO_XDEV | ResolveFlags::NO_SYMLINKS;
    let file = rustix::fs::openat2(directory, "possible", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty(), resolve)?;
    let mut file = File::from(file);
    if !is_sysfs(&rustix::fs::fstatfs(&file)?) {
        return Err(io::Error::other("something other than sysfs is mounted over it"));
    }
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    PossibleCpus::parse(&text)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, format!("not a list of CPUs: {:?}", text.trim_end())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str) -> Option<Vec<u32>> {
        PossibleCpus::parse(text).map(|cpus| {
            assert_eq!(cpus.count(), cpus.ids().count());
            cpus.ids().collect()
        })
    }

    #[test]
    fn lists_and_ranges() {
        assert_eq!(ids("0\n"), Some(vec![0]));
        assert_eq!(ids("0-1\n"), Some(vec![0, 1]));
        assert_eq!(ids("0,2-5\n"), Some(vec![0, 2, 3, 4, 5]));
        assert_eq!(ids("0-1,4,6-7"), Some(vec![0, 1, 4, 6, 7]));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "\n", "a", "-1", "0-", "0,,1", "1-0", "0-3,2", "0,0", "+1", "0-4294967295", "0 1", "65536"] {
            assert_eq!(ids(text), None, "{text:?}");
        }
    }

    #[test]
    fn this_machine_has_some() {
        let cpus = possible().unwrap();
        assert!(cpus.count() >= std::thread::available_parallelism().unwrap().get());
    }
}
