//! A key with padding: lookups would compare bytes that nobody controls.
use pinfold::MapSpec;
use pinfold::zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

#[derive(FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
struct Endpoint {
    address: [u8; 4],
    port: u16,
    protocol: u32,
}

const SPEC: MapSpec<Endpoint, u64> = MapSpec::new("endpoints", 16);

fn main() {
    println!("{SPEC:?}");
}
