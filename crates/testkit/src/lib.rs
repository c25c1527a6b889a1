//! What Pinfold's own tests share: file systems and threads that keep tests apart, and memory and descriptors under
//! watch. Never published.
//!
//! All tests need root: they talk to the real kernel.

mod descriptors;
mod freeze;
mod guarded;
mod isolated;
mod link;

pub use descriptors::leaves_no_descriptor;
pub use freeze::freeze;
pub use guarded::GuardedBuf;
pub use isolated::{as_nobody, bind_over, bpffs, without_bpffs, without_capabilities};
pub use link::link;
