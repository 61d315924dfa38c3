//! Shares as texts with fixed digits and as lengths along an axis, in whole billionths.

use crate::summary::Fixed;

/// 100 % in billionths, the precision of [`Fixed`].
pub(super) const WHOLE: u64 = 1_000_000_000;

/// Most steps of an axis.
const STEPS: u64 = 6;

/// An axis from zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Axis {
    /// Its end, in billionths.
    top: u64,
    /// Distance of its ticks.
    step: u64,
}

/// Returns a share in billionths; 0 for what is no number.
pub(super) fn billionths(share: Fixed) -> u64 {
    format!("{:.0}", share.value() * 1e9).parse().unwrap_or(0)
}

/// Returns how many decimals tell all of some shares from 0 % and 100 %, at least two.
pub(super) fn digits(shares: &[Fixed]) -> usize {
    let told = |share: &Fixed, digits: usize| {
        let text = percent(*share, digits);
        let zero = percent(Fixed::new(0.0), digits);
        let whole = percent(Fixed::new(1.0), digits);
        let exact = [0, WHOLE].contains(&billionths(*share));
        exact || (text != zero && text != whole)
    };
    (2..=7).find(|digits| shares.iter().all(|share| told(share, *digits))).unwrap_or(7)
}

/// Prints a share in percent.
pub(super) fn percent(share: Fixed, digits: usize) -> String {
    format!("{share:.digits$}")
}

// === impl Axis ===

impl Axis {
    /// Makes the axis that has room for a share and few round ticks.
    pub(super) fn new(highest: u64) -> Self {
        let highest = if highest == 0 { WHOLE } else { highest };
        let mut power = 1_u64;
        loop {
            for digit in [1, 2, 5] {
                let step = power.saturating_mul(digit);
                if highest.div_ceil(step) <= STEPS {
                    return Self { top: highest.div_ceil(step).saturating_mul(step), step };
                }
            }
            power = power.saturating_mul(10);
        }
    }

    /// Returns the pixels from zero to a share on an axis of `width` pixels; what is there shows.
    pub(super) fn length(self, share: u64, width: i32) -> i32 {
        let exact = u128::from(share.min(self.top)) * u128::try_from(width).unwrap_or(0);
        let pixels = (exact + u128::from(self.top / 2)) / u128::from(self.top);
        i32::try_from(pixels).unwrap_or(width).max(i32::from(share > 0))
    }

    /// Returns the distance of its ticks.
    pub(super) const fn step(self) -> u64 {
        self.step
    }

    /// Returns the ticks.
    pub(super) fn values(self) -> impl Iterator<Item = u64> {
        (0..=self.top / self.step).map(move |number| number * self.step)
    }

    /// Returns the ticks with their labels in percent.
    pub(super) fn ticks(self) -> impl Iterator<Item = (u64, String)> {
        // One percent is 10⁷ billionths.
        let digits =
            (0..7).find(|digits| self.step.is_multiple_of(10_u64.pow(7 - digits))).unwrap_or(7);
        let scale = 10_u64.pow(7 - digits);
        self.values().map(move |tick| {
            let scaled = tick / scale;
            let unit = 10_u64.pow(digits);
            let (whole, rest) = (scaled / unit, scaled % unit);
            let width = digits as usize;
            let label = if digits == 0 {
                format!("{whole} %")
            } else {
                format!("{whole}.{rest:0width$} %")
            };
            (tick, label)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiny_shares_get_the_decimals_they_need() {
        for (shares, wanted) in [
            (vec![0.5, 0.25], 2),
            (vec![0.0, 1.0], 2),
            (vec![0.5, 0.000_01], 3),
            (vec![0.999_99], 3),
            (vec![0.000_000_001], 7),
        ] {
            let shares: Vec<Fixed> = shares.into_iter().map(Fixed::new).collect();
            assert_eq!(digits(&shares), wanted, "{shares:?}");
        }
        assert_eq!(percent(Fixed::new(0.000_01), 3), "0.001 %");
    }

    #[test]
    fn axes_end_at_round_numbers() {
        for (highest, last, ticks) in [
            (WHOLE, "100 %", 6),
            (600_000_000, "60 %", 7),
            (602_000_000, "80 %", 5),
            (26_000_000, "3.0 %", 7),
            (10_000, "0.0010 %", 6),
            (1_003_000_000, "120 %", 7),
            (1_300_000_000, "150 %", 4),
            (0, "100 %", 6),
        ] {
            let all: Vec<_> = Axis::new(highest).ticks().collect();
            assert_eq!(all[all.len() - 1].1, last, "{highest}");
            assert_eq!(all.len(), ticks, "{highest}");
        }
    }

    #[test]
    fn the_axis_of_the_largest_share_still_ends() {
        assert!(Axis::new(u64::MAX).top > 0);
    }

    #[test]
    fn lengths_round_and_never_hide_what_is_there() {
        let axis = Axis::new(WHOLE);
        for (share, pixels) in [(0, 0), (1, 1), (500_000_000, 200), (WHOLE, 400), (2 * WHOLE, 400)]
        {
            assert_eq!(axis.length(share, 400), pixels);
        }
    }
}
