//! Single operations on hot maps of 1,000 entries: few enough to stay in the cache, so that 2 % can be seen at all; and
//! reads of a large array through its memory, where no system call is left.

use std::hint::black_box;

use pinfold::{Key, Kind, LpmKey, Map, MapSpec, PerCpu};

use crate::compare::{Candidate, compare};
#[cfg(feature = "peers")]
use crate::peers;
use crate::raw::Bare;
use crate::report::Report;
use crate::work::{
    ARRAY, ENTRIES, HASH, Hash, Indexed, LARGE_ARRAY, LRU_HASH, PER_CPU_ARRAY, PER_CPU_HASH, PerCpuHash, PerCpuIndexed,
    TRIE, Value, refilling, scattered, shuffled, timed,
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

/// What the peers do in the same row, where they are built in.
macro_rules! peers {
    ($candidates:expr) => {{
        #[cfg(feature = "peers")]
        let candidates = Vec::from($candidates);
        #[cfg(not(feature = "peers"))]
        let candidates = Vec::new();
        candidates
    }};
}

pub fn run(report: &Report) -> pinfold::Result<()> {
    let keys: Vec<u64> = (0..ENTRIES as u64).collect();
    let hash = filled(&HASH, &keys)?;
    get(
        report,
        "hash.get.hit@1k",
        &hash,
        &keys,
        true,
        peers!(peers::get_hit(peers::aya_hash(hash.id()), hash.id(), &keys)),
    );
    let absent: Vec<u64> = keys.iter().map(|key| key + (1 << 32)).collect();
    get(
        report,
        "hash.get.miss@1k",
        &hash,
        &absent,
        false,
        peers!(peers::get_miss(peers::aya_hash(hash.id()), hash.id(), &absent)),
    );
    insert(report, "hash.insert@1k", &hash, &keys, peers!(peers::insert(peers::aya_hash(hash.id()), hash.id(), &keys)));
    remove(report, &hash, &keys, peers!(peers::remove(&hash, &keys)));

    let lru = filled(&LRU_HASH, &keys)?;
    get(
        report,
        "lru_hash.get.hit@1k",
        &lru,
        &keys,
        true,
        peers!(peers::get_hit(peers::aya_lru(lru.id()), lru.id(), &keys)),
    );
    insert(report, "lru_hash.insert@1k", &lru, &keys, peers!(peers::insert(peers::aya_lru(lru.id()), lru.id(), &keys)));

    let per_cpu: PerCpuHash = Map::create(&PER_CPU_HASH)?;
    let indexes: Vec<u32> = (0..ENTRIES as u32).collect();
    for key in &keys {
        per_cpu.insert(key, &PerCpu::from_fn(|cpu| [*key, cpu as u64])?)?;
    }
    let found = peers!(peers::per_cpu_get(&per_cpu, &keys));
    per_cpu_get(report, "percpu_hash.get.hit@1k", &per_cpu, &keys, found);
    per_cpu_insert(report, &per_cpu, &keys, peers!(peers::per_cpu_insert(&per_cpu, &keys)))?;
    let per_cpu: PerCpuIndexed = Map::create(&PER_CPU_ARRAY)?;
    let found = peers!(peers::per_cpu_array_get(&per_cpu));
    per_cpu_get(report, "percpu_array.get.hit@1k", &per_cpu, &indexes, found);

    let array: Indexed = Map::create(&ARRAY)?;
    get(report, "array.get.hit@1k", &array, &indexes, true, peers!(peers::array_get(&array)));
    let hosts: Vec<LpmKey<[u8; 4]>> = indexes.iter().map(|n| LpmKey::host((0x0a00_0000 + n).to_be_bytes())).collect();
    let trie = filled(&TRIE, &hosts)?;
    get(report, "lpm.get.hit@1k", &trie, &hosts, true, peers!(peers::lpm_get(&trie)));
    mapped_get(report)
}

fn filled<K: Key, T: Kind<K>>(spec: &MapSpec<K, Value, T>, keys: &[K]) -> pinfold::Result<Map<K, Value, T>> {
    let map = Map::create(spec)?;
    keys.iter().try_for_each(|key| map.insert(key, &[7, 1]))?;
    Ok(map)
}

fn get<'a, K: Key, T: Kind<K>>(
    report: &Report,
    name: &'static str,
    map: &'a Map<K, Value, T>,
    keys: &'a [K],
    found: bool,
    peers: Vec<Candidate<'a>>,
) {
    let bare = Bare::of(map);
    let mut candidates = bare_twice!(|| timed(|index| {
        let mut value = Value::default();
        assert_eq!(bare.lookup(&keys[index], &raw mut value), found);
        black_box(value);
    }));
    let ours = || timed(|index| assert!(black_box(map.get(&keys[index])).is_ok_and(|value| value.is_some() == found)));
    candidates.push(Candidate { name: "pinfold", round: Box::new(ours) });
    candidates.extend(peers);
    report.row(&compare(name, candidates));
}

fn insert<'a, T: Kind<u64>>(
    report: &Report,
    name: &'static str,
    map: &'a Map<u64, Value, T>,
    keys: &'a [u64],
    peers: Vec<Candidate<'a>>,
) {
    let bare = Bare::of(map);
    let mut candidates =
        bare_twice!(|| timed(|index| assert!(bare.update(&keys[index], &[keys[index], 2] as *const Value))));
    let ours = || timed(|index| assert!(map.insert(&keys[index], &[keys[index], 2]).is_ok()));
    candidates.push(Candidate { name: "pinfold", round: Box::new(ours) });
    candidates.extend(peers);
    report.row(&compare(name, candidates));
}

fn remove<'a>(report: &Report, hash: &'a Hash, keys: &'a [u64], peers: Vec<Candidate<'a>>) {
    let mut candidates = bare_twice!(|| refilling(hash, keys, |key| Bare::of(hash).delete(key)));
    let ours = || refilling(hash, keys, |key| hash.remove(key).is_ok_and(|found| found));
    candidates.push(Candidate { name: "pinfold", round: Box::new(ours) });
    candidates.extend(peers);
    report.row(&compare("hash.remove@1k", candidates));
}

/// Room for one value of all CPUs.
fn room<K, T>(map: &Map<K, PerCpu<Value>, T>) -> Box<[u8]> {
    vec![0; map.as_raw().value_len()].into_boxed_slice()
}

fn per_cpu_get<'a, K: Key, T: Kind<K>>(
    report: &Report,
    name: &'static str,
    map: &'a Map<K, PerCpu<Value>, T>,
    keys: &'a [K],
    peers: Vec<Candidate<'a>>,
) {
    let bare = Bare::of(map);
    let mut candidates = bare_twice!({
        let mut values = room(map);
        move || {
            timed(|index| {
                assert!(bare.lookup(&keys[index], values.as_mut_ptr()));
                black_box(&values);
            })
        }
    });
    let mut buf = map.buf();
    let ours = move || {
        timed(|index| assert!(black_box(map.get_into(&keys[index], &mut buf)).is_ok_and(|value| value.is_some())))
    };
    candidates.push(Candidate { name: "pinfold", round: Box::new(ours) });
    candidates.extend(peers);
    report.row(&compare(name, candidates));
}

fn per_cpu_insert<'a>(
    report: &Report,
    map: &'a PerCpuHash,
    keys: &'a [u64],
    peers: Vec<Candidate<'a>>,
) -> pinfold::Result<()> {
    let bare = Bare::of(map);
    let mut candidates = bare_twice!({
        let values = room(map);
        move || timed(|index| assert!(bare.update(&keys[index], values.as_ptr())))
    });
    let value = PerCpu::from_fn(|cpu| [cpu as u64, 2])?;
    let ours = move || timed(|index| assert!(map.insert(&keys[index], &value).is_ok()));
    candidates.push(Candidate { name: "pinfold", round: Box::new(ours) });
    candidates.extend(peers);
    report.row(&compare("percpu_hash.insert@1k", candidates));
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
        assert!(bare.lookup(&index, &raw mut value));
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
