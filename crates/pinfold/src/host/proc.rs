//! What `/proc` says of processes and their descriptors.

use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd};
use std::str::FromStr;

use rustix::buffer::spare_capacity;
use rustix::fs::{CWD, Dir, Mode, OFlags, openat};

use crate::sys::Errno;

/// More than what any kernel says of a map.
const USUAL_LEN: usize = 1024;

/// Whether a proc file system is where it belongs: an empty directory would look like a host without processes.
pub(crate) fn is_mounted() -> bool {
    rustix::fs::statfs("/proc").is_ok_and(|fs| fs.f_type == rustix::fs::PROC_SUPER_MAGIC)
}

/// Whether there is such a process or thread, as far as this process can see.
pub(crate) fn has_process(pid: u32) -> bool {
    rustix::fs::stat(format!("/proc/{pid}")).is_ok()
}

/// The fdinfo file of a descriptor of the calling thread. `/proc/self` would show the table of the main thread.
pub(crate) fn fdinfo_path(fd: BorrowedFd<'_>) -> String {
    format!("/proc/thread-self/fdinfo/{}", fd.as_raw_fd())
}

/// A whole file by its absolute path.
pub(crate) fn read(path: &str) -> Result<String, Errno> {
    read_at(CWD, path)
}

/// A whole file below a directory.
pub(crate) fn read_at(directory: BorrowedFd<'_>, path: &str) -> Result<String, Errno> {
    let file = openat(directory, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    let mut bytes = Vec::with_capacity(USUAL_LEN);
    while rustix::io::retry_on_intr(|| rustix::io::read(&file, spare_capacity(&mut bytes)))? > 0 {
        bytes.reserve(USUAL_LEN);
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A directory that stays that of one process, whoever gets its number afterwards.
pub(crate) fn process_directory(pid: u32) -> Result<OwnedFd, Errno> {
    Ok(openat(CWD, format!("/proc/{pid}"), OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?)
}

/// The entries of a directory whose names are numbers: processes in `/proc`, descriptors in `/proc/PID/fd`.
pub(crate) fn numbers<T: FromStr>(directory: impl AsFd, path: &str) -> Result<Vec<T>, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let entries = Dir::new(openat(directory, path, flags, Mode::empty())?)?;
    let mut numbers = Vec::new();
    for entry in entries {
        numbers.extend(entry?.file_name().to_str().ok().and_then(|name| name.parse::<T>().ok()));
    }
    Ok(numbers)
}

/// The lines `name:<TAB>value`, in their order. One without a colon is a name without a value; empty ones say nothing.
pub(crate) fn fields(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let filled = text.lines().filter(|line| !line.trim().is_empty());
    filled.map(|line| line.split_once(':').unwrap_or((line, ""))).map(|(name, value)| (name.trim(), value.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_any_kind() {
        let text = "pos:\t0\n\nframe: a:b \nodd\n:\n";
        assert_eq!(fields(text).collect::<Vec<_>>(), [("pos", "0"), ("frame", "a:b"), ("odd", ""), ("", "")]);
        assert_eq!(fields("").count(), 0);
    }

    #[test]
    fn this_process_is_listed_and_its_files_are_read_whole() {
        assert!(is_mounted() && has_process(std::process::id()) && !has_process(u32::MAX));
        assert!(numbers::<u32>(CWD, "/proc").unwrap().contains(&std::process::id()));
        let long = read("/proc/kallsyms").unwrap_or_default();
        assert_eq!(long.len(), std::fs::read("/proc/kallsyms").unwrap_or_default().len());
        assert_eq!(read("/proc/self/no_such_file"), Err(Errno::ENOENT));
    }
}
