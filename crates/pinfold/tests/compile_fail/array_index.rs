//! An array is indexed by 32 bits.
use pinfold::{Array, MapSpec};

const SPEC: MapSpec<u64, u64, Array> = MapSpec::new("settings", 16);

fn main() {
    println!("{SPEC:?}");
}
