//! The slots of randomness, read in the order in which requests happen to need them.
//!
//! Request `i` owns number `i` of the stream of each purpose and site, as in [`crate::engine::draws`]. Requests
//! that are under way at the same time have numbers close to each other, so a column keeps the blocks that
//! were drawn last; older numbers are drawn one by one.

use rand::SeedableRng;
use rand::rand_core::Rng;
use rand_chacha::ChaCha8Rng;

use super::slab::id;
use crate::engine::draws::Purpose;

/// Numbers of a block.
const ROWS: usize = 128;

/// Blocks that a column keeps.
const BLOCKS: usize = 4;

/// What `SplitMix64` adds from number to number.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// Index of a column.
pub(super) type Column = u32;

/// Which columns there are; the same for all replications.
#[derive(Debug, Default)]
pub(super) struct ColumnNames {
    ids: std::collections::BTreeMap<(Purpose, String), Column>,
    streams: Vec<u64>,
}

/// The columns of one replication.
#[derive(Debug)]
pub(super) struct Numbers {
    seed: u64,
    columns: Vec<Blocks>,
}

#[derive(Debug)]
struct Blocks {
    stream: u64,
    generator: Option<Box<ChaCha8Rng>>,
    /// Block number plus 1 of each part of `values`; 0 is none.
    tags: [u64; BLOCKS],
    values: Vec<u64>,
    /// The newest block that was drawn, plus 1.
    newest: u64,
}

/// A small generator for the draws whose number no plan knows: balancers, back-off, enforcement.
///
/// `SplitMix64` (Steele, Lea, Flood, OOPSLA 2014), started from a slot.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Local(pub(super) u64);

/// A generator for draws of one request at one site that is started when the first number is needed: most
/// requests need none.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Later {
    column: Column,
    request: u64,
    /// The state that draws begin with, once it is known.
    start: Option<u64>,
    /// How many numbers were drawn or passed over.
    drawn: u64,
}

/// A generator that begins with one number of another one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Branch {
    /// Which number of the other one.
    place: u64,
    local: Option<Local>,
}

/// A remainder as an index.
fn remainder(number: u64, of: usize) -> usize {
    usize::try_from(number % of as u64).unwrap_or(0)
}

// === impl ColumnNames ===

impl ColumnNames {
    /// Returns the column of a purpose at a site.
    pub(super) fn column(&mut self, purpose: Purpose, site: &str) -> Column {
        let streams = &mut self.streams;
        *self.ids.entry((purpose, site.to_owned())).or_insert_with(|| {
            streams.push(purpose.stream(site));
            id(streams.len() - 1)
        })
    }
}

// === impl Numbers ===

impl Numbers {
    /// Prepares the columns of a replication.
    pub(super) fn new(names: &ColumnNames, seed: u64) -> Self {
        let column = |stream: &u64| Blocks {
            stream: *stream,
            generator: None,
            tags: [0; BLOCKS],
            values: Vec::new(),
            newest: 0,
        };
        Self { seed, columns: names.streams.iter().map(column).collect() }
    }

    /// Returns the number that a request owns in a column.
    #[inline]
    pub(super) fn get(&mut self, column: Column, request: u64) -> u64 {
        let block = request / ROWS as u64;
        let known = &mut self.columns[column as usize];
        match known.values.get(remainder(request, ROWS * BLOCKS)) {
            Some(value) if known.tags[remainder(block, BLOCKS)] == block + 1 => *value,
            _ => known.draw(self.seed, request),
        }
    }

    /// As [`Numbers::get`], for a further attempt at the same site.
    #[inline]
    pub(super) fn again(&mut self, column: Column, request: u64, attempt: u32) -> u64 {
        let first = self.get(column, request);
        if attempt == 0 { first } else { Local(first ^ (u64::from(attempt) << 32)).next() }
    }
}

// === impl Blocks ===

impl Blocks {
    #[cold]
    fn draw(&mut self, seed: u64, request: u64) -> u64 {
        let stream = self.stream;
        let generator = self.generator.get_or_insert_with(|| {
            let mut generator = ChaCha8Rng::seed_from_u64(seed);
            generator.set_stream(stream);
            Box::new(generator)
        });
        let block = request / ROWS as u64;
        if block + 1 < self.newest {
            // A 64-bit number takes two words.
            generator.set_word_pos(u128::from(request) * 2);
            return generator.next_u64();
        }
        if self.values.is_empty() {
            self.values = vec![0; ROWS * BLOCKS];
        }
        generator.set_word_pos(u128::from(block) * 2 * ROWS as u128);
        let part = remainder(block, BLOCKS);
        let values = &mut self.values[part * ROWS..(part + 1) * ROWS];
        for value in &mut *values {
            *value = generator.next_u64();
        }
        self.tags[part] = block + 1;
        self.newest = block + 1;
        values[remainder(request, ROWS)]
    }
}

// === impl Later ===

impl Later {
    /// Prepares the draws of a request in a column.
    pub(super) const fn new(column: Column, request: u64) -> Self {
        Self { column, request, start: None, drawn: 0 }
    }

    /// Draws a number.
    pub(super) fn next(&mut self, numbers: &mut Numbers) -> u64 {
        let place = self.drawn;
        self.drawn += 1;
        self.at(place, numbers)
    }

    /// Draws an index below `len`; 0 if `len` is 0. One place to choose from needs no number, but takes it.
    pub(super) fn below(&mut self, len: usize, numbers: &mut Numbers) -> usize {
        if len <= 1 {
            self.drawn += 1;
            return 0;
        }
        remainder(self.next(numbers), len)
    }

    /// Sets a number aside as the start of a generator of its own, which may never be needed.
    pub(super) const fn branch(&mut self) -> Branch {
        let place = self.drawn;
        self.drawn += 1;
        Branch { place, local: None }
    }

    fn at(&mut self, place: u64, numbers: &mut Numbers) -> u64 {
        let start = match self.start {
            Some(start) => start,
            None => *self.start.insert(numbers.get(self.column, self.request)),
        };
        Local(start.wrapping_add(STEP.wrapping_mul(place))).next()
    }
}

// === impl Branch ===

impl Branch {
    /// Draws a number.
    pub(super) fn next(&mut self, root: &mut Later, numbers: &mut Numbers) -> u64 {
        let place = self.place;
        self.local.get_or_insert_with(|| Local(root.at(place, numbers))).next()
    }
}

// === impl Local ===

impl Local {
    /// Draws a number.
    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::draws::{ColumnPlan, Columns};

    #[test]
    fn a_request_owns_the_number_that_replay_gives_it_in_whatever_order() {
        let mut plan = ColumnPlan::default();
        let theirs = plan.column(Purpose::Route, "entry>mockb");
        let mut columns = Columns::new(&plan, 7, 4_000);
        columns.fill(0, 4_000);
        let mut names = ColumnNames::default();
        names.column(Purpose::Abort, "entry");
        let ours = names.column(Purpose::Route, "entry>mockb");
        let mut numbers = Numbers::new(&names, 7);
        for request in [0, 1, 130, 3_999, 5, 3_500, 128, 127, 3_998, 600] {
            let expected = columns.get(theirs, request);
            assert_eq!(numbers.get(ours, request as u64), expected, "{request}");
        }
        assert_eq!(numbers.again(ours, 5, 0), columns.get(theirs, 5));
        assert_ne!(numbers.again(ours, 5, 1), numbers.again(ours, 5, 2));
    }
}
