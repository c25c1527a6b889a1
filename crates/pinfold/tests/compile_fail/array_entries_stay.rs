//! The entries of an array can't be removed.
use pinfold::{Array, Map, MapSpec};

const SPEC: MapSpec<u32, u64, Array> = MapSpec::new("settings", 16);

fn main() {
    let map = Map::create(&SPEC).unwrap();
    map.remove(&1).unwrap();
}
