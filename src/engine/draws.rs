//! Random numbers in slots: request `i` meets the same number at the same place under any config.
//!
//! # Model
//! Every purpose at every site has a ChaCha8 stream of its own, named by the hash of both; inside it request
//! `i` owns the 64-bit number `i`. So a site that is added or taken away moves nobody else's numbers, any
//! range of requests can be drawn anywhere, and two runs with one seed differ only where their configs do.
//! What happens again below a further attempt, or a second call of one kind, has streams of its own, named by the attempt too.

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
    /// Time until the next request of a class arrives.
    Arrival,
    /// Time that a worker spends on a request.
    ServiceTime,
    /// Time that a user thinks.
    ThinkTime,
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
    streams: Vec<u64>,
    first: u64,
    values: Vec<Vec<u64>>,
}

/// Names the attempts that lead to a place; the default is first attempts all the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Again(u64);

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
            Self::Arrival => "arrival".to_owned(),
            Self::ServiceTime => "service time".to_owned(),
            Self::ThinkTime => "think time".to_owned(),
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
            streams: plan.streams.clone(),
            first: 0,
            values: vec![vec![0; rows]; plan.streams.len()],
        }
    }

    /// Draws the numbers of the requests from `first` on.
    pub fn fill(&mut self, first: u64, rows: usize) {
        self.first = first;
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

    /// Returns the number of a column for a row below further attempts.
    #[must_use]
    pub fn get_again(&self, column: ColumnId, row: usize, again: Again) -> u64 {
        if again == Again::default() {
            return self.get(column, row);
        }
        let mut generator = self.generators[column as usize].clone();
        generator.set_stream(self.streams[column as usize] ^ again.0);
        generator.set_word_pos((u128::from(self.first) + row as u128) * 2);
        generator.next_u64()
    }

    /// Returns the name of what lies below an attempt whose host the column draws.
    #[must_use]
    pub fn name(&self, column: ColumnId) -> Again {
        Again(self.streams[column as usize])
    }
}

// === impl Again ===

impl Again {
    /// Names what lies below a site.
    #[must_use]
    pub fn named(site: &str) -> Self {
        Self(xxh64(site))
    }

    /// Returns the name of what lies below both; below a first attempt nothing changes.
    #[must_use]
    pub fn below(self, inner: Self) -> Self {
        if inner == Self::default() { self } else { Self(self.0.rotate_left(7) ^ inner.0) }
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
    fn further_attempts_have_numbers_of_their_own_and_requests_own_those_too() {
        let mut plan = ColumnPlan::default();
        let (error, second) =
            (plan.column(Purpose::AppError, "a"), plan.column(Purpose::Host(1), "a"));
        let third = plan.column(Purpose::Host(2), "a");
        let mut all = Columns::new(&plan, 7, 100);
        all.fill(0, 100);
        let below = [second, third].map(|column| all.name(column));
        let nested = below[0].below(all.name(second));
        let draw = |again| all.get_again(error, 95, again);
        let mut seen = vec![draw(Again::default()), draw(below[0]), draw(below[1]), draw(nested)];
        assert_eq!(seen[0], all.get(error, 95));
        let mut part = Columns::new(&plan, 7, 10);
        part.fill(90, 10);
        assert_eq!(part.get_again(error, 5, nested), seen[3]);
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 4);
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
