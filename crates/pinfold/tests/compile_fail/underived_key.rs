//! A key without the four traits.
use pinfold::MapSpec;

#[repr(C)]
struct Endpoint {
    address: [u8; 4],
}

const SPEC: MapSpec<Endpoint, u64> = MapSpec::new("endpoints", 16);

fn main() {
    println!("{SPEC:?}");
}
