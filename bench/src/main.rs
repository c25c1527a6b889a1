//! Pinfold beside bare system calls, and with `--features peers` beside aya and libbpf-rs.
//!
//! ```text
//! cargo run --release --manifest-path bench/Cargo.toml -- points|threads [--json]
//! ```
//!
//! Every figure is a median of ratios taken in one process: all candidates of a row run in turn, round after round, in
//! rotating order. The bare call runs twice in each row; where the two differ by more than 1 % the row is taken again.

mod allocations;
mod compare;
#[cfg(feature = "peers")]
mod peers;
mod points;
mod raw;
mod report;
mod threads;
mod work;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: allocations::Counting = allocations::Counting;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["points"] => points::run(&report::Report::table()),
        ["points", "--json"] => points::run(&report::Report::json()),
        ["threads"] => threads::run(false),
        ["threads", "--json"] => threads::run(true),
        _ => {
            eprintln!("usage: bench points|threads [--json]");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}
