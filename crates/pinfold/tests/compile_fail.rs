//! What must not compile, and what the compiler says then: these messages are read by users.

use std::process::Command;

/// The compiler whose words the `.stderr` files have. `TRYBUILD=overwrite cargo test --test compile_fail` writes them
/// anew.
const COMPILER: &str = "rustc 1.95.";

#[test]
fn compile_errors_say_what_to_do() {
    let version = Command::new("rustc").arg("--version").output().unwrap().stdout;
    let version = String::from_utf8_lossy(&version);
    if version.starts_with(COMPILER) {
        trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
    } else {
        // Another compiler refuses the same, in other words; the doctests marked `compile_fail` show that.
        println!("SKIPPED: the expected messages are those of {COMPILER}x, and this is {version}");
    }
}
