//! Candidates for the same work, timed in turn.

use std::time::Duration;

use crate::allocations;
use crate::work::OPERATIONS;

/// Rounds a row; the figures are medians over them.
const ROUNDS: usize = 201;
/// By how much the bare call may differ from itself.
const NOISE_MAX: f64 = 0.01;
/// How often a row is taken again before it is reported as noisy.
const TRIES_MAX: usize = 8;

/// One way to do the work: does [`OPERATIONS`] of them and says how long they took.
pub struct Candidate<'a> {
    pub name: &'static str,
    pub round: Box<dyn FnMut() -> Duration + 'a>,
}

/// What a candidate came to beside the bare call.
pub struct Figure {
    pub name: &'static str,
    pub ns: f64,
    pub ratio: f64,
    pub allocations: f64,
}

impl Figure {
    /// How many times as fast as another one: its time divided by ours. From the ratios rather than from `ns`, because
    /// those were taken side by side.
    pub fn speedup(&self, other: &Figure) -> f64 {
        other.ratio / self.ratio
    }
}

/// All figures of one row. The first is the bare call, the second the bare call again.
pub struct Row {
    pub name: &'static str,
    pub figures: Vec<Figure>,
}

impl Row {
    /// How far the bare call is from itself.
    pub fn noise(&self) -> f64 {
        (self.figures[1].ratio - 1.0).abs()
    }

    /// Whether the bare call differs too much from itself for the other figures to mean anything.
    pub fn is_void(&self) -> bool {
        self.noise() > NOISE_MAX
    }
}

/// Times all candidates, the first of which is the bare call and the second the same again.
pub fn compare(name: &'static str, mut candidates: Vec<Candidate<'_>>) -> Row {
    let mut row = take(name, &mut candidates);
    for _ in 1..TRIES_MAX {
        if !row.is_void() {
            break;
        }
        row = take(name, &mut candidates);
    }
    row
}

fn take(name: &'static str, candidates: &mut [Candidate<'_>]) -> Row {
    let count = candidates.len();
    let mut times = vec![Vec::with_capacity(ROUNDS); count];
    let mut allocated = vec![0; count];
    for (index, candidate) in candidates.iter_mut().enumerate() {
        allocated[index] = allocations::during(|| {
            (candidate.round)();
        });
    }
    for round in 0..ROUNDS {
        for turn in 0..count {
            let index = (round + turn) % count;
            times[index].push((candidates[index].round)().as_secs_f64());
        }
    }
    let figures = candidates.iter().enumerate().map(|(index, candidate)| Figure {
        name: candidate.name,
        ns: median(times[index].clone()) * 1e9 / OPERATIONS as f64,
        ratio: median(times[index].iter().zip(&times[0]).map(|(ours, bare)| ours / bare).collect()),
        allocations: allocated[index] as f64 / OPERATIONS as f64,
    });
    Row { name, figures: figures.collect() }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
