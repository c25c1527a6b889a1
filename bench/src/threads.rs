//! Two threads that hammer one map, through one descriptor and through one each.
//!
//! A scaling of 2 would mean that neither slows the other down. Threads that share a descriptor contend for the
//! reference count of its file; [`Map::reopen_independent`] gives each its own.

use std::sync::Barrier;
use std::time::Instant;

use pinfold::Map;

use crate::work::{ENTRIES, HASH, Hash};

const ROUNDS: usize = 61;
/// Operations of each thread in one round: about 20 ms.
const OPERATIONS: usize = 20_000;

pub fn run(json: bool) -> pinfold::Result<()> {
    let hash = Map::create(&HASH)?;
    for key in 0..ENTRIES as u64 {
        hash.insert(&key, &[key, 1])?;
    }
    let (own, other) = (hash.reopen_independent()?, hash.reopen_independent()?);
    let mut scalings = [Vec::new(), Vec::new()];
    let mut ones = Vec::new();
    for _ in 0..ROUNDS {
        let one = hammer(&[&hash]);
        ones.push(one);
        scalings[0].push(hammer(&[&hash, &hash]) / one);
        scalings[1].push(hammer(&[&own, &other]) / one);
    }
    let ns = 1e9 / median(ones);
    for (row, scaling) in ["hash.get.2threads.shared", "hash.get.2threads.own"].into_iter().zip(scalings) {
        let scaling = median(scaling);
        if json {
            println!(
                "{{\"suite\":\"threads\",\"row\":\"{row}\",\"baseline\":\"one thread\",\"baseline_ns\":{ns:.1},\"scaling\":{scaling:.3}}}"
            );
        } else {
            println!("{row:<28} scaling {scaling:.2} over one thread ({ns:.0} ns a get)");
        }
    }
    Ok(())
}

/// Gets a second, of all threads together.
fn hammer(maps: &[&Hash]) -> f64 {
    let barrier = Barrier::new(maps.len());
    let seconds: Vec<f64> = std::thread::scope(|scope| {
        let threads = maps.iter().map(|map| {
            scope.spawn(|| {
                barrier.wait();
                let start = Instant::now();
                for key in 0..OPERATIONS as u64 {
                    assert!(map.get(&(key % ENTRIES as u64)).is_ok_and(|value| value.is_some()));
                }
                start.elapsed().as_secs_f64()
            })
        });
        let threads: Vec<_> = threads.collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    seconds.iter().map(|seconds| OPERATIONS as f64 / seconds).sum()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
