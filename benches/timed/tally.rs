//! What both models written for the bench count of answers.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// Latencies by cells that are 0.1 % wide, and failures.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Tally {
    cells: Vec<u64>,
    /// The cells in use.
    used: Range<usize>,
    pub(crate) sum: u128,
    pub(crate) count: u64,
    failed: u64,
}

// === impl Tally ===

impl Tally {
    /// Counts an answer.
    pub(crate) fn add(&mut self, latency: u64, status: u16) {
        let shift = (latency | 2_047).ilog2() - 10;
        let cell = (shift as usize) * 1_024 + usize::try_from(latency >> shift).unwrap_or(0);
        if !self.used.contains(&cell) {
            let start = if self.count == 0 { cell } else { self.used.start.min(cell) };
            self.used = start..self.used.end.max(cell + 1);
            self.cells.resize(self.cells.len().max(self.used.end), 0);
        }
        self.cells[cell] += 1;
        self.sum += u128::from(latency);
        self.count += 1;
        self.failed += u64::from(status >= 500);
    }

    /// Returns the cells of the median and of the 99th percentile, and forgets everything.
    pub(crate) fn take_quantiles(&mut self) -> [usize; 2] {
        let cells = &mut self.cells[self.used.clone()];
        let (mut cell, mut total) = (0, 0);
        let quantiles = [self.count.div_ceil(2), self.count - self.count / 100].map(|rank| {
            while total < rank {
                total += cells[cell];
                cell += 1;
            }
            self.used.start + cell
        });
        cells.fill(0);
        (self.used, self.sum, self.count, self.failed) = (0..0, 0, 0, 0);
        quantiles
    }
}
