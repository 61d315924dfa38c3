//! The inverse of a distribution function as a table over both tails.
//!
//! # Model
//! A random number is read as a distance from the nearer end of (0, 1). Every halving of that distance has
//! [`CELLS`] cells, down to 2^-[`OCTAVES`]; beyond, the tail is cut off. Inside a cell the quantile is a straight
//! line. The nodes are scaled so that the mean of what the table draws is the mean of the distribution. Cells
//! are so narrow that an exponential quantile is off by at most 3e-5 of its mean, its variance by 1e-4.

use crate::units::Nanos;

/// Cells per octave: 2^6.
const CELL_BITS: u32 = 6;
const CELLS: usize = 1 << CELL_BITS;

/// Octaves of a tail.
const OCTAVES: usize = 40;

/// Nodes of a tail, both ends of every cell.
const NODES: usize = OCTAVES * CELLS + 1;

/// Binary digits behind the point of a nanosecond.
const FRACTION_BITS: u32 = 16;

/// A share of the distribution, measured from the end where it is small: in (0, 1/2].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Tail {
    /// From below.
    Lower(f64),
    /// From above.
    Upper(f64),
}

/// Quantiles in nanoseconds with [`FRACTION_BITS`] binary digits, from the outer end inwards: the lower tail,
/// then the upper one.
///
/// One table for both: which tail it is comes from a random digit, and a branch on that is guessed wrong every
/// other time.
#[derive(Clone, Debug)]
pub(super) struct QuantileTable {
    nodes: Box<[u64]>,
}

// === impl QuantileTable ===

impl QuantileTable {
    /// Tabulates a quantile function in nanoseconds; it is asked from the outside inwards, the lower tail
    /// first. The table is scaled to the mean.
    pub(super) fn new(mean: f64, mut quantile: impl FnMut(Tail) -> f64) -> Self {
        let lower: Vec<f64> = (0..NODES).map(|node| quantile(Tail::Lower(share(node)))).collect();
        let upper: Vec<f64> = (0..NODES).map(|node| quantile(Tail::Upper(share(node)))).collect();
        let drawn = part_of_mean(&lower) + part_of_mean(&upper);
        let scale = if drawn > 0.0 && drawn.is_finite() { mean / drawn } else { 1.0 };
        let both = lower.into_iter().chain(upper);
        Self { nodes: both.map(|value| fixed_point(value * scale)).collect() }
    }

    /// Returns the quantile at `word` / 2^64.
    #[inline]
    pub(super) fn at(&self, word: u64) -> Nanos {
        let is_upper = word >> 63;
        let distance = word ^ is_upper.wrapping_neg();
        let first = is_upper as usize * NODES;
        let zeros = distance.leading_zeros() as usize;
        if zeros > OCTAVES {
            return rounded(self.nodes[first]);
        }
        // What follows the leading 1 says where in its octave the distance lies.
        let rest = (distance << (zeros - 1)) << 2;
        let cell = first + (OCTAVES - zeros) * CELLS + (rest >> (64 - CELL_BITS)) as usize;
        let inside = i128::from((rest << CELL_BITS) >> 32);
        let (from, to) = (i128::from(self.nodes[cell]), i128::from(self.nodes[cell + 1]));
        let value = from + (((to - from) * inside) >> 32);
        rounded(u64::try_from(value).unwrap_or_default())
    }
}

/// The share of a tail that a node marks: octaves double it, cells divide an octave evenly.
fn share(node: usize) -> f64 {
    let (octave, cell) = (node / CELLS, node % CELLS);
    let start = (octave as f64 - OCTAVES as f64 - 1.0).exp2();
    start * (1.0 + cell as f64 / CELLS as f64)
}

/// What a tail of straight lines adds to the mean.
fn part_of_mean(values: &[f64]) -> f64 {
    let cells = values.windows(2).enumerate();
    let inner: f64 =
        cells.map(|(node, ends)| (share(node + 1) - share(node)) * (ends[0] + ends[1]) / 2.0).sum();
    inner + share(0) * values.first().copied().unwrap_or_default()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates: times end at three days, which no service takes"
)]
fn fixed_point(nanos: f64) -> u64 {
    (nanos * f64::from(1_u32 << FRACTION_BITS)).round() as u64
}

#[inline]
const fn rounded(value: u64) -> Nanos {
    Nanos((value >> FRACTION_BITS) + ((value >> (FRACTION_BITS - 1)) & 1))
}
