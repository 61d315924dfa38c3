//! Seeded requests walked through the decision graph: parallel, without state between requests.
//!
//! [`Program::new`] compiles the graph and its outcomes into flat arrays; [`Program::run`] draws the numbers
//! of blocks of requests, walks each request once and adds up. Sums do not depend on order, so the result is
//! the same for any number of threads.

mod compile;
mod walk;

use rayon::prelude::*;

use super::draws::{Again, ColumnId, ColumnPlan, Columns};
use crate::data_plane::Fraction;
use crate::topology::{FailurePolicy, RetryOn};

/// How many requests share one filling of the columns.
const BLOCK: usize = 1_024;

/// How many requests are one piece of work for a thread.
const CHUNK: u64 = 65_536;

/// A compiled flow.
#[derive(Clone, Debug)]
pub struct Program {
    calls: Vec<PCall>,
    runs: Vec<PRun>,
    /// Per class: its entry call, and the slot of its first outcome.
    roots: Vec<(u32, u32)>,
    /// Cumulative weights of the classes.
    classes: Vec<u64>,
    class_column: ColumnId,
    columns: ColumnPlan,
    slots: usize,
}

/// What many requests did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Counts by slot of the layout.
    pub slots: Vec<u64>,
    /// Requests per class.
    pub classes: Vec<u64>,
}

/// A choice among entries with cumulative weights; without a column it is always the first.
#[derive(Clone, Debug, Default)]
struct Choice {
    column: Option<ColumnId>,
    total: u64,
    bounds: Vec<u64>,
}

/// A draw of a fraction.
#[derive(Clone, Copy, Debug)]
struct Chance {
    column: ColumnId,
    fraction: Fraction,
}

#[derive(Clone, Debug)]
struct PCall {
    visits: u32,
    delay: Option<(Chance, u32)>,
    /// Chance, slot, status, outcome.
    abort: Option<(Chance, u32, u16, u32)>,
    split: Choice,
    legs: Vec<PLeg>,
}

#[derive(Clone, Debug)]
struct PLeg {
    /// `u32::MAX` for the answer of a proxy that has no legs.
    taken: u32,
    target: PTarget,
    copies: Vec<PCopy>,
}

#[derive(Clone, Debug)]
enum PTarget {
    /// Status and outcome.
    Answer(u16, u32),
    /// A waypoint's call, and its outcomes here.
    Through(u32, Vec<u32>),
    Hosts(PHosts),
}

#[derive(Clone, Debug)]
struct PHosts {
    slot: u32,
    choice: Choice,
    /// Per host: its run, and the entry in `outcomes`.
    hosts: Vec<(u32, u32)>,
    /// From outcomes of a run to those of the call.
    outcomes: Vec<Vec<u32>>,
    retry: Option<Box<PRetry>>,
}

#[derive(Clone, Debug)]
struct PRetry {
    slot: u32,
    policy: crate::data_plane::RetryPolicy,
    /// The column of each further attempt.
    columns: Vec<ColumnId>,
    weights: Vec<u64>,
    excluding: bool,
}

#[derive(Clone, Debug)]
struct PCopy {
    /// `None` copies every request.
    chance: Option<Chance>,
    made: u32,
    hosts: Option<PHosts>,
}

#[derive(Clone, Debug)]
struct PRun {
    /// Column, numerator, denominator, slot, outcome.
    error: Option<(ColumnId, u64, u64, u32, u32)>,
    status: u16,
    steps: Vec<Vec<PRunCall>>,
    codes: super::exact::Codes,
    /// The outcome of a run without calls.
    only: u32,
}

#[derive(Clone, Debug)]
struct PRunCall {
    /// Column, numerator, denominator of the probability, if it is below 1.
    made: Option<(ColumnId, u64, u64)>,
    attempts: Vec<PAttempt>,
    retry_on: RetryOn,
    on_failure: FailurePolicy,
}

#[derive(Clone, Copy, Debug)]
struct PAttempt {
    call: u32,
    /// The unit of its digit.
    unit: u128,
    /// The name of what lies below it.
    again: Again,
}

// === impl Program ===

impl Program {
    /// Walks `requests` requests on the threads of the current pool.
    #[must_use]
    pub fn run(&self, seed: u64, requests: u64) -> Tally {
        let chunks = requests.div_ceil(CHUNK);
        (0..chunks)
            .into_par_iter()
            .fold(
                || self.empty(),
                |mut tally, chunk| {
                    let first = chunk * CHUNK;
                    self.run_range(seed, first, (requests - first).min(CHUNK), &mut tally);
                    tally
                },
            )
            .reduce(|| self.empty(), Tally::merged)
    }

    /// Walks the requests from `first` on and adds what they did.
    pub fn run_range(&self, seed: u64, first: u64, requests: u64, tally: &mut Tally) {
        let mut columns = Columns::new(&self.columns, seed, BLOCK);
        let mut done = 0;
        while done < requests {
            let left = usize::try_from(requests - done).unwrap_or(BLOCK);
            let rows = left.min(BLOCK);
            columns.fill(first + done, rows);
            let mut walker = walk::Walker {
                program: self,
                columns: &columns,
                row: 0,
                again: Again::default(),
                tally,
            };
            for row in 0..rows {
                walker.row = row;
                walker.request();
            }
            done += rows as u64;
        }
    }

    /// Returns a tally without requests.
    #[must_use]
    pub fn empty(&self) -> Tally {
        Tally { slots: vec![0; self.slots], classes: vec![0; self.roots.len()] }
    }
}

// === impl Tally ===

impl Tally {
    /// Adds two tallies.
    #[must_use]
    pub fn merged(mut self, other: Self) -> Self {
        self.slots.iter_mut().zip(other.slots).for_each(|(a, b)| *a += b);
        self.classes.iter_mut().zip(other.classes).for_each(|(a, b)| *a += b);
        self
    }
}

// === impl Choice ===

impl Choice {
    /// Returns the entry that a random number falls into.
    fn pick(&self, random: u64) -> usize {
        let value = random % self.total.max(1);
        match self.bounds.as_slice() {
            // Two entries are by far the most common.
            [first, _] => usize::from(value >= *first),
            bounds => bounds.partition_point(|bound| *bound <= value),
        }
    }
}

#[cfg(test)]
mod tests;
