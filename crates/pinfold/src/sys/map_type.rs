//! Map types and creation flags by number, name and the few properties that the layout of their values depends on.

use std::fmt;

use super::numbered::numbered;

numbered! {
    /// `enum bpf_map_type`: which kind of map the kernel keeps.
    MapType: "bpf_map_type" {
        Unspec = 0, "unspec", "BPF_MAP_TYPE_UNSPEC";
        Hash = 1, "hash", "BPF_MAP_TYPE_HASH";
        Array = 2, "array", "BPF_MAP_TYPE_ARRAY";
        ProgArray = 3, "prog_array", "BPF_MAP_TYPE_PROG_ARRAY";
        PerfEventArray = 4, "perf_event_array", "BPF_MAP_TYPE_PERF_EVENT_ARRAY";
        PerCpuHash = 5, "percpu_hash", "BPF_MAP_TYPE_PERCPU_HASH";
        PerCpuArray = 6, "percpu_array", "BPF_MAP_TYPE_PERCPU_ARRAY";
        StackTrace = 7, "stack_trace", "BPF_MAP_TYPE_STACK_TRACE";
        CgroupArray = 8, "cgroup_array", "BPF_MAP_TYPE_CGROUP_ARRAY";
        LruHash = 9, "lru_hash", "BPF_MAP_TYPE_LRU_HASH";
        LruPerCpuHash = 10, "lru_percpu_hash", "BPF_MAP_TYPE_LRU_PERCPU_HASH";
        LpmTrie = 11, "lpm_trie", "BPF_MAP_TYPE_LPM_TRIE";
        ArrayOfMaps = 12, "array_of_maps", "BPF_MAP_TYPE_ARRAY_OF_MAPS";
        HashOfMaps = 13, "hash_of_maps", "BPF_MAP_TYPE_HASH_OF_MAPS";
        DevMap = 14, "devmap", "BPF_MAP_TYPE_DEVMAP";
        SockMap = 15, "sockmap", "BPF_MAP_TYPE_SOCKMAP";
        CpuMap = 16, "cpumap", "BPF_MAP_TYPE_CPUMAP";
        XskMap = 17, "xskmap", "BPF_MAP_TYPE_XSKMAP";
        SockHash = 18, "sockhash", "BPF_MAP_TYPE_SOCKHASH";
        CgroupStorage = 19, "cgroup_storage", "BPF_MAP_TYPE_CGROUP_STORAGE";
        ReusePortSockArray = 20, "reuseport_sockarray", "BPF_MAP_TYPE_REUSEPORT_SOCKARRAY";
        PerCpuCgroupStorage = 21, "percpu_cgroup_storage", "BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE";
        Queue = 22, "queue", "BPF_MAP_TYPE_QUEUE";
        Stack = 23, "stack", "BPF_MAP_TYPE_STACK";
        SkStorage = 24, "sk_storage", "BPF_MAP_TYPE_SK_STORAGE";
        DevMapHash = 25, "devmap_hash", "BPF_MAP_TYPE_DEVMAP_HASH";
        StructOps = 26, "struct_ops", "BPF_MAP_TYPE_STRUCT_OPS";
        RingBuf = 27, "ringbuf", "BPF_MAP_TYPE_RINGBUF";
        InodeStorage = 28, "inode_storage", "BPF_MAP_TYPE_INODE_STORAGE";
        TaskStorage = 29, "task_storage", "BPF_MAP_TYPE_TASK_STORAGE";
        BloomFilter = 30, "bloom_filter", "BPF_MAP_TYPE_BLOOM_FILTER";
        UserRingBuf = 31, "user_ringbuf", "BPF_MAP_TYPE_USER_RINGBUF";
        CgrpStorage = 32, "cgrp_storage", "BPF_MAP_TYPE_CGRP_STORAGE";
        Arena = 33, "arena", "BPF_MAP_TYPE_ARENA";
        InsnArray = 34, "insn_array", "BPF_MAP_TYPE_INSN_ARRAY";
        RHash = 35, "rhash", "BPF_MAP_TYPE_RHASH";
    }
}

impl MapType {
    /// Whether a value is one slot per possible CPU. Source: `bpf_map_value_size()` in `kernel/bpf/syscall.c`.
    pub const fn is_per_cpu(self) -> bool {
        use MapType::{LruPerCpuHash, PerCpuArray, PerCpuCgroupStorage, PerCpuHash};
        matches!(self, PerCpuHash | PerCpuArray | LruPerCpuHash | PerCpuCgroupStorage)
    }

    /// Whether an entry of this type is addressed by an index below `max_entries`.
    pub(crate) const fn is_indexed(self) -> bool {
        use MapType::{
            Array, ArrayOfMaps, CgroupArray, CpuMap, DevMap, PerCpuArray, PerfEventArray, ProgArray,
            ReusePortSockArray, SockMap, StackTrace, XskMap,
        };
        matches!(
            self,
            Array
                | PerCpuArray
                | ProgArray
                | PerfEventArray
                | CgroupArray
                | ArrayOfMaps
                | DevMap
                | CpuMap
                | SockMap
                | XskMap
                | ReusePortSockArray
                | StackTrace
        )
    }
}

bitflags::bitflags! {
    /// `map_flags` at creation, named as in `linux/bpf.h` without the prefix `BPF_F_`.
    ///
    /// ```
    /// use pinfold::MapFlags;
    /// let flags = MapFlags::NO_PREALLOC | MapFlags::RDONLY_PROG;
    /// assert_eq!(flags.to_string(), "NO_PREALLOC | RDONLY_PROG");
    /// ```
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct MapFlags: u32 {
        /// Allocate entries as they come instead of all at creation. Linux 4.6. Mandatory for LPM tries.
        const NO_PREALLOC = 1 << 0;
        /// A list of unused entries per CPU instead of a common one, in an LRU map. Linux 4.10.
        const NO_COMMON_LRU = 1 << 1;
        /// Allocate on the NUMA node that the spec names. Linux 4.14.
        const NUMA_NODE = 1 << 2;
        /// The descriptor that is returned can only read. A property of the descriptor, not of the map. Linux 4.15.
        const RDONLY = 1 << 3;
        /// The descriptor that is returned can only write. A property of the descriptor, not of the map. Linux 4.15.
        const WRONLY = 1 << 4;
        /// Keep build ids instead of addresses in a stack trace map. Linux 4.17.
        const STACK_BUILD_ID = 1 << 5;
        /// Hash with seed zero: a fixed order, for tests only. Linux 5.0.
        const ZERO_SEED = 1 << 6;
        /// Programs can only read. Linux 5.2.
        const RDONLY_PROG = 1 << 7;
        /// Programs can only write. Linux 5.2.
        const WRONLY_PROG = 1 << 8;
        /// Copy the storage to accepted sockets. Linux 5.4.
        const CLONE = 1 << 9;
        /// An array whose values can be mapped into memory. Linux 5.5.
        const MMAPABLE = 1 << 10;
        /// Perf events stay when the descriptor that set them is closed. Linux 5.10.
        const PRESERVE_ELEMS = 1 << 11;
        /// Inner maps may differ in `max_entries`. Linux 5.10.
        const INNER_MAP = 1 << 12;
        /// Bits that are younger than this library.
        const _ = !0;
    }
}

impl MapFlags {
    /// What belongs to the descriptor and isn't kept by the map (`bpf_map_flags_retain_permanent()` in the kernel).
    pub(crate) const OF_THE_DESCRIPTOR: MapFlags = MapFlags::RDONLY.union(MapFlags::WRONLY);
}

impl fmt::Display for MapFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() { f.write_str("none") } else { bitflags::parser::to_writer(self, f) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_round_trip() {
        for number in 0..64 {
            assert_eq!(MapType::from_raw(number).raw(), number);
        }
        assert_eq!(MapType::LpmTrie.raw(), 11);
        assert_eq!(MapType::from_raw(99).to_string(), "99");
    }

    #[test]
    fn flags_print_by_name() {
        assert_eq!(MapFlags::empty().to_string(), "none");
        assert_eq!(MapFlags::from_bits_retain(1 | 1 << 30).to_string(), "NO_PREALLOC | 0x40000000");
    }
}
