//! aya and libbpf-rs on the very same maps, each through a descriptor of its own, as their documentation shows.

use std::hint::black_box;
use std::time::Duration;

use aya::maps::lpm_trie::Key;
use aya::maps::{Array, HashMap, LpmTrie, Map, MapData, PerCpuArray, PerCpuHashMap, PerCpuValues};
use libbpf_rs::{MapCore as _, MapFlags, MapHandle};

use crate::compare::Candidate;
use crate::work::{ENTRIES, Hash, Indexed, PerCpuHash, PerCpuIndexed, Trie, Value, refilling, timed};

fn aya_data(id: u32) -> MapData {
    MapData::from_id(id).expect("aya opens the map")
}

pub fn aya_hash(id: u32) -> HashMap<MapData, u64, Value> {
    Map::HashMap(aya_data(id)).try_into().expect("aya takes it for what it is")
}

pub fn aya_lru(id: u32) -> HashMap<MapData, u64, Value> {
    Map::LruHashMap(aya_data(id)).try_into().expect("aya takes it for what it is")
}

fn libbpf(id: u32) -> MapHandle {
    MapHandle::from_map_id(id).expect("libbpf-rs opens the map")
}

fn candidates<'a>(aya: impl FnMut() -> Duration + 'a, libbpf: impl FnMut() -> Duration + 'a) -> [Candidate<'a>; 2] {
    [Candidate { name: "aya", round: Box::new(aya) }, Candidate { name: "libbpf-rs", round: Box::new(libbpf) }]
}

pub fn get_hit(aya: HashMap<MapData, u64, Value>, id: u32, keys: &[u64]) -> [Candidate<'_>; 2] {
    let libbpf = libbpf(id);
    candidates(
        move || timed(|index| assert!(black_box(aya.get(&keys[index], 0)).is_ok())),
        move || {
            timed(|index| {
                let value = black_box(libbpf.lookup(&keys[index].to_ne_bytes(), MapFlags::ANY));
                assert!(value.is_ok_and(|value| value.is_some()));
            })
        },
    )
}

pub fn get_miss(aya: HashMap<MapData, u64, Value>, id: u32, absent: &[u64]) -> [Candidate<'_>; 2] {
    let libbpf = libbpf(id);
    candidates(
        move || timed(|index| assert!(black_box(aya.get(&absent[index], 0)).is_err())),
        move || {
            timed(|index| {
                let value = black_box(libbpf.lookup(&absent[index].to_ne_bytes(), MapFlags::ANY));
                assert!(value.is_ok_and(|value| value.is_none()));
            })
        },
    )
}

fn bytes(value: Value) -> [u8; 16] {
    let [low, high] = value.map(u64::to_ne_bytes);
    std::array::from_fn(|index| if index < 8 { low[index] } else { high[index - 8] })
}

pub fn insert(mut aya: HashMap<MapData, u64, Value>, id: u32, keys: &[u64]) -> [Candidate<'_>; 2] {
    let libbpf = libbpf(id);
    candidates(
        move || timed(|index| assert!(aya.insert(keys[index], [keys[index], 2], 0).is_ok())),
        move || {
            timed(|index| {
                let key = keys[index];
                assert!(libbpf.update(&key.to_ne_bytes(), &bytes([key, 2]), MapFlags::ANY).is_ok());
            })
        },
    )
}

pub fn remove<'a>(map: &'a Hash, keys: &'a [u64]) -> [Candidate<'a>; 2] {
    let (mut aya, libbpf) = (aya_hash(map.id()), libbpf(map.id()));
    candidates(
        move || refilling(map, keys, |key| aya.remove(key).is_ok()),
        move || refilling(map, keys, |key| libbpf.delete(&key.to_ne_bytes()).is_ok()),
    )
}

pub fn per_cpu_get<'a>(map: &PerCpuHash, keys: &'a [u64]) -> [Candidate<'a>; 2] {
    let data = Map::PerCpuHashMap(aya_data(map.id()));
    let aya: PerCpuHashMap<MapData, u64, Value> = data.try_into().expect("aya takes it for what it is");
    let libbpf = libbpf(map.id());
    candidates(
        move || timed(|index| assert!(black_box(aya.get(&keys[index], 0)).is_ok())),
        move || {
            timed(|index| {
                let values = black_box(libbpf.lookup_percpu(&keys[index].to_ne_bytes(), MapFlags::ANY));
                assert!(values.is_ok_and(|values| values.is_some()));
            })
        },
    )
}

pub fn per_cpu_insert<'a>(map: &PerCpuHash, keys: &'a [u64]) -> [Candidate<'a>; 2] {
    let data = Map::PerCpuHashMap(aya_data(map.id()));
    let mut aya: PerCpuHashMap<MapData, u64, Value> = data.try_into().expect("aya takes it for what it is");
    let libbpf = libbpf(map.id());
    let cpus = map.as_raw().value_len() / size_of::<Value>();
    let ours: Vec<Value> = vec![[0, 2]; cpus];
    let theirs: Vec<Vec<u8>> = vec![bytes([0, 2]).to_vec(); cpus];
    candidates(
        move || {
            timed(|index| {
                // It takes the values by value, so that they have to be made each time.
                let values = PerCpuValues::try_from(ours.clone()).expect("one for each CPU");
                assert!(aya.insert(keys[index], values, 0).is_ok());
            })
        },
        move || {
            timed(|index| {
                assert!(libbpf.update_percpu(&keys[index].to_ne_bytes(), &theirs, MapFlags::ANY).is_ok());
            })
        },
    )
}

pub fn per_cpu_array_get<'a>(map: &PerCpuIndexed) -> [Candidate<'a>; 2] {
    let data = Map::PerCpuArray(aya_data(map.id()));
    let aya: PerCpuArray<MapData, Value> = data.try_into().expect("aya takes it for what it is");
    let libbpf = libbpf(map.id());
    candidates(
        move || timed(|index| assert!(black_box(aya.get(&(index as u32), 0)).is_ok())),
        move || {
            timed(|index| {
                let values = black_box(libbpf.lookup_percpu(&(index as u32).to_ne_bytes(), MapFlags::ANY));
                assert!(values.is_ok_and(|values| values.is_some()));
            })
        },
    )
}

pub fn array_get<'a>(map: &Indexed) -> [Candidate<'a>; 2] {
    let aya: Array<MapData, Value> = Map::Array(aya_data(map.id())).try_into().expect("aya takes it for what it is");
    let libbpf = libbpf(map.id());
    candidates(
        move || timed(|index| assert!(black_box(aya.get(&(index as u32), 0)).is_ok())),
        move || {
            timed(|index| {
                let value = black_box(libbpf.lookup(&(index as u32).to_ne_bytes(), MapFlags::ANY));
                assert!(value.is_ok_and(|value| value.is_some()));
            })
        },
    )
}

pub fn lpm_get<'a>(map: &Trie) -> [Candidate<'a>; 2] {
    let data = Map::LpmTrie(aya_data(map.id()));
    let aya: LpmTrie<MapData, [u8; 4], Value> = data.try_into().expect("aya takes it for what it is");
    let libbpf = libbpf(map.id());
    let addresses: Vec<[u8; 4]> = (0..ENTRIES as u32).map(|n| (0x0a00_0000 + n).to_be_bytes()).collect();
    let aya_keys: Vec<Key<[u8; 4]>> = addresses.iter().map(|address| Key::new(32, *address)).collect();
    candidates(
        move || timed(|index| assert!(black_box(aya.get(&aya_keys[index], 0)).is_ok())),
        move || {
            timed(|index| {
                let mut key = [0; 8];
                key[..4].copy_from_slice(&32_u32.to_ne_bytes());
                key[4..].copy_from_slice(&addresses[index]);
                let value = black_box(libbpf.lookup(&key, MapFlags::ANY));
                assert!(value.is_ok_and(|value| value.is_some()));
            })
        },
    )
}
