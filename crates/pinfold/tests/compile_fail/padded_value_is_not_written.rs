//! A value with padding can be read, but not written.
use pinfold::zerocopy::{FromBytes, Immutable, KnownLayout};
use pinfold::{Map, MapSpec};

#[derive(FromBytes, Immutable, KnownLayout)]
#[repr(C)]
struct Sample {
    kind: u8,
    amount: u32,
}

const SPEC: MapSpec<u32, Sample> = MapSpec::new("samples", 16);

fn main() {
    let map = Map::create(&SPEC).unwrap();
    let _readable = map.get(&1).unwrap();
    map.insert(&1, &Sample { kind: 1, amount: 2 }).unwrap();
}
