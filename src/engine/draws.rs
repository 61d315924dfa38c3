//! Random numbers in slots: request `i` meets the same number at the same place under any config.
//!
//! # Model
//! Every purpose at every site has a ChaCha8 stream of its own, named by the hash of both; inside it request
//! `i` owns the 64-bit number `i`. So a site that is added or taken away moves nobody else's numbers, any
//! range of requests can be drawn anywhere, and two runs with one seed differ only where their configs do.

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand::rand_core::Rng;
use rand_chacha::ChaCha8Rng;

use crate::data_plane::xxh64;

/// What a number is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// Which class a request belongs to.
    Class,
    /// The one number of a proxied request: split and mirrors (E-01, E-02).
    Route,
    /// Which host the given attempt of the proxy goes to, from 0.
    Host(u32),
    /// Which host the copy of the given mirror goes to.
    CopyHost(u32),
    /// Whether a fault delays the request (E-150).
    Delay,
    /// Whether a fault answers it (E-150).
    Abort,
    /// Whether an application fails by itself.
    AppError,
    /// Whether an application makes a call.
    CallMade,
}

/// Index of a column in [`Columns`].
pub type ColumnId = u32;

/// The columns that a program draws.
#[derive(Clone, Debug, Default)]
pub struct ColumnPlan {
    ids: BTreeMap<(Purpose, String), ColumnId>,
    streams: Vec<u64>,
}

/// The numbers of consecutive requests, a column per purpose and site.
#[derive(Debug)]
pub struct Columns {
    generators: Vec<ChaCha8Rng>,
    values: Vec<Vec<u64>>,
}

// === impl Purpose ===

impl Purpose {
    fn name(self) -> String {
        match self {
            Self::Class => "class".to_owned(),
            Self::Route => "route".to_owned(),
            Self::Host(attempt) => format!("host {attempt}"),
            Self::CopyHost(copy) => format!("copy host {copy}"),
            Self::Delay => "delay".to_owned(),
            Self::Abort => "abort".to_owned(),
            Self::AppError => "app error".to_owned(),
            Self::CallMade => "call made".to_owned(),
        }
    }

    /// Returns the number of the stream of this purpose at a site.
    #[must_use]
    pub fn stream(self, site: &str) -> u64 {
        xxh64(&format!("{}\n{site}", self.name()))
    }
}

// === impl ColumnPlan ===

impl ColumnPlan {
    /// Returns the column of a purpose at a site.
    pub fn column(&mut self, purpose: Purpose, site: &str) -> ColumnId {
        let streams = &mut self.streams;
        *self.ids.entry((purpose, site.to_owned())).or_insert_with(|| {
            streams.push(purpose.stream(site));
            ColumnId::try_from(streams.len() - 1).unwrap_or(ColumnId::MAX)
        })
    }
}

// === impl Columns ===

impl Columns {
    /// Prepares columns of `rows` requests.
    #[must_use]
    pub fn new(plan: &ColumnPlan, seed: u64, rows: usize) -> Self {
        let generator = |stream: &u64| {
            let mut generator = ChaCha8Rng::seed_from_u64(seed);
            generator.set_stream(*stream);
            generator
        };
        Self {
            generators: plan.streams.iter().map(generator).collect(),
            values: vec![vec![0; rows]; plan.streams.len()],
        }
    }

    /// Draws the numbers of the requests from `first` on.
    pub fn fill(&mut self, first: u64, rows: usize) {
        for (generator, values) in self.generators.iter_mut().zip(&mut self.values) {
            // A 64-bit number takes two words.
            generator.set_word_pos(u128::from(first) * 2);
            values.iter_mut().take(rows).for_each(|value| *value = generator.next_u64());
        }
    }

    /// Returns the number of a column for a row.
    #[must_use]
    pub fn get(&self, column: ColumnId, row: usize) -> u64 {
        self.values[column as usize][row]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_owns_its_number_whoever_draws_it() {
        let mut plan = ColumnPlan::default();
        let route = plan.column(Purpose::Route, "entry>mockb");
        assert_eq!(plan.column(Purpose::Route, "entry>mockb"), route);
        let mut all = Columns::new(&plan, 7, 100);
        all.fill(0, 100);
        let mut other = ColumnPlan::default();
        other.column(Purpose::Abort, "entry");
        let moved = other.column(Purpose::Route, "entry>mockb");
        let mut part = Columns::new(&other, 7, 10);
        part.fill(90, 10);
        for row in 0..10 {
            assert_eq!(part.get(moved, row), all.get(route, 90 + row));
        }
        assert_ne!(all.get(route, 0), all.get(route, 1));
    }

    #[test]
    fn seeds_sites_and_purposes_have_numbers_of_their_own() {
        let mut plan = ColumnPlan::default();
        let columns = [
            plan.column(Purpose::Route, "a"),
            plan.column(Purpose::Route, "b"),
            plan.column(Purpose::Host(0), "a"),
            plan.column(Purpose::Host(1), "a"),
        ];
        let mut one = Columns::new(&plan, 1, 1);
        let mut two = Columns::new(&plan, 2, 1);
        one.fill(0, 1);
        two.fill(0, 1);
        let mut seen: Vec<u64> =
            columns.iter().flat_map(|c| [one.get(*c, 0), two.get(*c, 0)]).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 8);
    }
}
