//! Rows as a table for people, or as one JSON object a line for programs.

use crate::compare::{Figure, Row};

/// The candidate that the others are held against.
const OURS: &str = "pinfold";

pub struct Report {
    json: bool,
}

impl Report {
    pub fn table() -> Report {
        println!(
            "{:<26}{:<12}{:>10}{:>10}{:>10}{:>10}{:>10}",
            "row", "who", "ns", "raw ns", "ratio", "speedup", "allocs"
        );
        Report { json: false }
    }

    pub fn json() -> Report {
        Report { json: true }
    }

    pub fn row(&self, row: &Row) {
        if self.json {
            self.json_row(row);
        } else {
            self.table_row(row);
        }
    }

    fn table_row(&self, row: &Row) {
        let raw = &row.figures[0];
        for figure in &row.figures[1..] {
            let Figure { name, ns, ratio, allocations } = figure;
            let void = if row.is_void() { "  void: too noisy" } else { "" };
            println!(
                "{:<26}{name:<12}{ns:>10.1}{:>10.1}{ratio:>10.3}{:>10.2}{allocations:>10.2}{void}",
                row.name,
                raw.ns,
                figure.speedup(raw),
            );
        }
    }

    /// Ours beside each of the others: `ns`, `ratio` and `allocs` are ours in every object.
    fn json_row(&self, row: &Row) {
        let Some(ours) = row.figures.iter().find(|figure| figure.name == OURS) else { return };
        for other in row.figures.iter().filter(|figure| !matches!(figure.name, OURS | "raw again")) {
            println!(
                "{{\"suite\":\"points\",\"row\":\"{}\",\"ns\":{:.1},\"baseline\":\"{}\",\"baseline_ns\":{:.1},\
                 \"ratio\":{:.4},\"speedup\":{:.2},\"allocs\":{},\"baseline_allocs\":{},\"noise\":{:.4},\"void\":{}}}",
                row.name,
                ours.ns,
                other.name,
                other.ns,
                ours.ratio / other.ratio,
                ours.speedup(other),
                ours.allocations,
                other.allocations,
                row.noise(),
                row.is_void(),
            );
        }
    }
}
