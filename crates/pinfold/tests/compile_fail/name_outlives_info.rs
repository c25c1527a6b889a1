//! What the kernel says of a map is borrowed from the handle, and goes with it.
use pinfold::{Map, MapSpec};

const SPEC: MapSpec<u32, u64> = MapSpec::new("flows", 16);

fn name() -> &'static str {
    let map = Map::create(&SPEC).unwrap();
    &map.info().name
}

fn main() {
    println!("{}", name());
}
