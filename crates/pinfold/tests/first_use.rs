//! Facts that are found out once per process, where finding out is made hard. In a process of its own, before anything
//! else in it has asked.

use pinfold::{ErrorKind, LpmKey, LpmTrie, Map, MapSpec, PerCpu, host};

/// Something else over the kernel's list of CPUs, even another file of sysfs, would make buffers too short.
#[test]
fn a_forged_number_of_cpus_is_not_believed() {
    const SPEC: MapSpec<u32, PerCpu<u64>> = MapSpec::new("per_cpu", 4);
    testkit::without_bpffs(|| {
        testkit::bind_over("/sys/devices/system/cpu/kernel_max", "/sys/devices/system/cpu/possible");
        let error = host::possible_cpus().unwrap_err();
        assert_eq!((error.kind(), error.remedy()), (ErrorKind::Unsupported, Some("mount the host's sysfs on /sys")));
        let error = Map::create(&SPEC).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    });
    // That answer wasn't kept.
    assert!(host::possible_cpus().unwrap().count() >= 1);
    Map::create(&SPEC).unwrap();
}

/// Whoever may not try whether conditions are heeded is told that, and not that this kernel is too old.
#[test]
fn a_condition_that_can_not_be_probed() {
    const SPEC: MapSpec<LpmKey<[u8; 4]>, u32, LpmTrie> = MapSpec::new("trie", 4);
    let map = Map::create(&SPEC).unwrap();
    let prefix = LpmKey::host([127, 0, 0, 1]);
    let error = testkit::without_capabilities(|| map.insert_if_absent(&prefix, &1).unwrap_err());
    assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
    assert_eq!(
        error.cause(),
        "whether LPM tries of this kernel heed conditions can't be found out: this process lacks CAP_BPF"
    );
    assert_eq!(map.get(&prefix).unwrap(), None);
}
