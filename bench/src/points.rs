//! Single operations on hot maps of 1,000 entries: few enough to stay in the cache, so that 2 % can be seen at all; and
//! reads of a large array through its memory, where no system call is left.

use std::hint::black_box;

use pinfold::{LpmKey, Map, PerCpu};

use crate::compare::{Candidate, compare};
use crate::raw::Bare;
use crate::report::Report;
use crate::work::{
    ARRAY, ENTRIES, HASH, Hash, Indexed, LARGE_ARRAY, PER_CPU_HASH, PerCpuHash, TRIE, Trie, Value, refilling,
    scattered, shuffled, timed,
};

/// A bare call and the same again: the second shows what a difference is worth.
macro_rules! bare_twice {
    ($round:expr) => {
        vec![
            Candidate { name: "raw", round: Box::new($round) },
            Candidate { name: "raw again", round: Box::new($round) },
        ]
    };
}

pub fn run(report: &Report) -> pinfold::Result<()> {
    let keys: Vec<u64> = (0..ENTRIES as u64).collect();
    let hash = Map::create(&HASH)?;
    for key in &keys {
        hash.insert(key, &[*key, 1])?;
    }
    get_hit(report, &hash, &keys);
    get_miss(report, &hash, &keys);
    insert(report, &hash, &keys);
    remove(report, &hash, &keys);
    per_cpu_get(report, &keys)?;
    array_get(report)?;
    lpm_get(report)?;
    mapped_get(report)
}

fn get_hit(report: &Report, hash: &Hash, keys: &[u64]) {
    let bare = Bare::of(hash);
    let mut candidates = bare_twice!(|| timed(|index| {
        let mut value = Value::default();
        assert!(bare.lookup(&keys[index], &mut value));
        black_box(value);
    }));
    let ours = || timed(|index| assert!(black_box(hash.get(&keys[index])).is_ok_and(|value| value.is_some())));
    candidates.push(Candidate { name: "pinfold", round: Box::new(ours) });
    #[cfg(feature = "peers")]
    candidates.extend(crate::peers::get_hit(hash, keys));
    report.row(&compare("hash.get.hit@1k", candidates));
}

fn get_miss(report: &Report, hash: &Hash, keys: &[u64]) {
    let bare = Bare::of(hash);
    let absent: Vec<u64> = keys.iter().map(|key| key + (1 << 32)).collect();
    let mut candidates = bare_twice!(|| timed(|index| {
        let mut value = Value::default();
        assert!(!bare.lookup(&absent[index], &mut value));
        black_box(value);
    }));
    let ours = || timed(|index| assert!(black_box(hash.get(&absent[index])).is_ok_and(|value| value.is_none())));
    candidates.push(Candidate { name: "pinfold", round: Box::new(ours) });
    #[cfg(feature = "peers")]
    candidates.extend(crate::peers::get_miss(hash, &absent));
    report.row(&compare("hash.get.miss@1k", candidates));
}

fn insert(report: &Report, hash: &Hash, keys: &[u64]) {
    let bare = Bare::of(hash);
    let mut candidates = bare_twice!(|| timed(|index| assert!(bare.update(&keys[index], &[keys[index], 2]))));
    let ours = || timed(|index| assert!(hash.insert(&keys[index], &[keys[index], 2]).is_ok()));
    candidates.push(Candidate { name: "pinfold", round: Box::new(ours) });
    #[cfg(feature = "peers")]
    candidates.extend(crate::peers::insert(hash, keys));
    report.row(&compare("hash.insert@1k", candidates));
}

fn remove(report: &Report, hash: &Hash, keys: &[u64]) {
    let mut candidates = bare_twice!(|| refilling(hash, keys, |key| Bare::of(hash).delete(key)));
    let ours = || refilling(hash, keys, |key| hash.remove(key).is_ok_and(|found| found));
    candidates.push(Candidate { name: "pinfold", round: Box::new(ours) });
    #[cfg(feature = "peers")]
    candidates.extend(crate::peers::remove(hash, keys));
    report.row(&compare("hash.remove@1k", candidates));
}

fn per_cpu_get(report: &Report, keys: &[u64]) -> pinfold::Result<()> {
    let map: PerCpuHash = Map::create(&PER_CPU_HASH)?;
    for key in keys {
        map.insert(key, &PerCpu::from_fn(|cpu| [*key, cpu as u64])?)?;
    }
    let bare = Bare::of(&map);
    // Large enough for any number of CPUs that this is run on; the kernel writes as much as it needs.
    assert!(map.as_raw().value_len() <= size_of::<[Value; 1024]>());
    let mut candidates = bare_twice!({
        let mut values = Box::new([Value::default(); 1024]);
        move || {
            timed(|index| {
                assert!(bare.lookup(&keys[index], &mut *values));
                black_box(&values[0]);
            })
        }
    });
    let mut buf = map.buf();
    let map = &map;
    let ours = move || {
        timed(|index| assert!(black_box(map.get_into(&keys[index], &mut buf)).is_ok_and(|value| value.is_some())))
    };
    candidates.push(Candidate { name: "pinfold", round: Box::new(ours) });
    #[cfg(feature = "peers")]
    candidates.extend(crate::peers::per_cpu_get(map, keys));
    report.row(&compare("percpu_hash.get.hit@1k", candidates));
    Ok(())
}

fn array_get(report: &Report) -> pinfold::Result<()> {
    let map: Indexed = Map::create(&ARRAY)?;
    let bare = Bare::of(&map);
    let mut candidates = bare_twice!(|| timed(|index| {
        let mut value = Value::default();
        assert!(bare.lookup(&(index as u32), &mut value));
        black_box(value);
    }));
    let ours = || timed(|index| assert!(black_box(map.get(&(index as u32))).is_ok_and(|value| value.is_some())));
    candidates.push(Candidate { name: "pinfold", round: Box::new(ours) });
    #[cfg(feature = "peers")]
    candidates.extend(crate::peers::array_get(&map));
    report.row(&compare("array.get.hit@1k", candidates));
    Ok(())
}

fn lpm_get(report: &Report) -> pinfold::Result<()> {
    let map: Trie = Map::create(&TRIE)?;
    let hosts: Vec<LpmKey<[u8; 4]>> =
        (0..ENTRIES as u32).map(|n| LpmKey::host((0x0a00_0000 + n).to_be_bytes())).collect();
    for host in &hosts {
        map.insert(host, &Value::default())?;
    }
    let bare = Bare::of(&map);
    let mut candidates = bare_twice!(|| timed(|index| {
        let mut value = Value::default();
        assert!(bare.lookup(&hosts[index], &mut value));
        black_box(value);
    }));
    let ours = || timed(|index| assert!(black_box(map.get(&hosts[index])).is_ok_and(|value| value.is_some())));
    candidates.push(Candidate { name: "pinfold", round: Box::new(ours) });
    #[cfg(feature = "peers")]
    candidates.extend(crate::peers::lpm_get(&map));
    report.row(&compare("lpm.get.hit@1k", candidates));
    Ok(())
}

fn mapped_get(report: &Report) -> pinfold::Result<()> {
    let map: Indexed = Map::create(&LARGE_ARRAY)?;
    let mapped = map.mapped()?;
    let order = shuffled();
    for index in &order {
        mapped.set(*index, &[u64::from(*index), 1])?;
    }
    let bare = Bare::of(&map);
    let lookup = |index: u32| {
        let mut value = Value::default();
        assert!(bare.lookup(&index, &mut value));
        black_box(value);
    };
    let ours = |index| assert!(black_box(mapped.get(index)).is_ok_and(|value| value.is_some()));
    let candidates = vec![
        Candidate { name: "raw", round: Box::new(scattered(&order, 0, lookup)) },
        Candidate { name: "raw again", round: Box::new(scattered(&order, 40, lookup)) },
        Candidate { name: "pinfold", round: Box::new(scattered(&order, 80, ours)) },
    ];
    report.row(&compare("array.mmap.get@1m", candidates));
    Ok(())
}
