//! Chores: `cargo xtask tidy`.

mod tidy;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments == ["tidy"] {
        return tidy::run();
    }
    eprintln!("usage: cargo xtask tidy\n\ntidy   check what the compiler doesn't: see ARCHITECTURE.md");
    ExitCode::from(2)
}
