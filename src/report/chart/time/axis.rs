//! Axes of time, of values, and of latencies.

use crate::report::chart::share::Axis;
use crate::report::document::grouped;
use crate::units::Nanos;

/// Time from the start of a run, cut into columns of whole intervals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TimeAxis {
    /// Length of an interval, never 0.
    interval: u64,
    /// Intervals, at least one.
    pub(super) intervals: usize,
    /// Left end and width in pixels.
    left: i32,
    width: i32,
}

/// Latencies on a logarithmic scale, in integers: the same on every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LatencyAxis {
    /// The first and the last latency in nanoseconds, both 1, 2 or 5 times a power of ten.
    first: u64,
    last: u64,
    left: i32,
    width: i32,
}

// === impl TimeAxis ===

impl TimeAxis {
    pub(super) fn new(interval: Nanos, intervals: usize, left: i32, width: i32) -> Self {
        let interval = if interval.0 == 0 { Nanos::SECOND.0 } else { interval.0 };
        Self { interval, intervals: intervals.max(1), left, width }
    }

    /// Returns the length of an interval in nanoseconds.
    pub(super) const fn interval(self) -> u64 {
        self.interval
    }

    /// Returns how many intervals share a column, so that a column has at least `pixels` pixels.
    pub(super) fn per_column(self, pixels: i32) -> usize {
        let most = usize::try_from(self.width / pixels.max(1)).unwrap_or(1).max(1);
        self.intervals.div_ceil(most)
    }

    /// Returns the left end of an interval in pixels.
    pub(super) fn x(self, interval: usize) -> i32 {
        self.place(interval as u128 * u128::from(self.interval))
    }

    /// Returns where a time is; what is later than the end is at the end.
    pub(super) fn at(self, time: Nanos) -> i32 {
        self.place(u128::from(time.0))
    }

    fn place(self, time: u128) -> i32 {
        let end = self.end().max(1);
        let pixels = time.min(end) * u128::try_from(self.width).unwrap_or(0) / end;
        self.left + i32::try_from(pixels).unwrap_or(self.width)
    }

    fn end(self) -> u128 {
        u128::from(self.interval) * self.intervals as u128
    }

    /// Returns whether ticks print minutes.
    fn minutes(self) -> bool {
        self.end() >= 120 * u128::from(Nanos::SECOND.0)
    }

    /// Returns what the axis measures.
    pub(super) fn name(self) -> &'static str {
        if self.minutes() {
            "time since the start, minutes:seconds"
        } else {
            "time since the start"
        }
    }

    /// Prints a time as the axis does.
    pub(super) fn label(self, time: Nanos) -> String {
        if self.minutes() { clock(time.0) } else { spaced(time) }
    }

    /// Returns the ticks with their labels.
    pub(super) fn ticks(self) -> Vec<(i32, String)> {
        let end = u64::try_from(self.end()).unwrap_or(u64::MAX);
        let step = if self.minutes() { minutes_step(end) } else { Axis::new(end).step() };
        let ticks = (0..=end / step).map(|number| {
            let time = number * step;
            (self.at(Nanos(time)), self.label(Nanos(time)))
        });
        ticks.collect()
    }
}

/// The distance of ticks of at least two minutes.
fn minutes_step(end: u64) -> u64 {
    let seconds = end / Nanos::SECOND.0;
    let round = [15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400];
    let step = round.into_iter().find(|step| seconds / step <= 10);
    step.unwrap_or_else(|| (seconds / 10).max(1)).saturating_mul(Nanos::SECOND.0)
}

/// Prints `1:30` for 90 seconds.
fn clock(time: u64) -> String {
    let seconds = time / Nanos::SECOND.0;
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

// === impl LatencyAxis ===

impl LatencyAxis {
    /// Makes the axis from the shortest to the longest latency.
    pub(super) fn new(shortest: Nanos, longest: Nanos, left: i32, width: i32) -> Self {
        let first = marks().take_while(|mark| *mark <= shortest.0.max(1)).last().unwrap_or(1);
        let last = marks().find(|mark| *mark >= longest.0 && *mark > first).unwrap_or(u64::MAX);
        Self { first, last, left, width }
    }

    /// Returns where a latency is.
    pub(super) fn x(self, latency: Nanos) -> i32 {
        let from = log2(self.first);
        let part = log2(latency.0.clamp(self.first, self.last)) - from;
        let pixels =
            part * u64::try_from(self.width).unwrap_or(0) / (log2(self.last) - from).max(1);
        self.left + i32::try_from(pixels).unwrap_or(self.width)
    }

    /// Returns the ticks with their labels.
    pub(super) fn ticks(self) -> Vec<(i32, String)> {
        let ticks = marks().filter(|mark| (self.first..=self.last).contains(mark));
        ticks.map(|mark| (self.x(Nanos(mark)), spaced(Nanos(mark)))).collect()
    }
}

/// 1, 2, 5, 10, 20, 50, … as far as there are such numbers.
fn marks() -> impl Iterator<Item = u64> {
    let powers = (0..20).map(|power| 10_u64.pow(power));
    powers.flat_map(|power| [1, 2, 5].map(|digit| power.checked_mul(digit))).flatten()
}

/// Returns the binary logarithm of a positive number in 1/65,536, rounded down.
fn log2(number: u64) -> u64 {
    let whole = number.max(1).ilog2();
    // The number as 1.x with 31 bits behind the point; each squaring tells one bit of the logarithm.
    let mut mantissa =
        if whole > 31 { number >> (whole - 31) } else { number.max(1) << (31 - whole) };
    let mut bits = u64::from(whole);
    for _ in 0..16 {
        mantissa = (mantissa * mantissa) >> 31;
        let carry = mantissa >> 32;
        mantissa >>= carry;
        bits = bits << 1 | carry;
    }
    bits
}

/// Prints `25 ms`.
pub(super) fn spaced(time: Nanos) -> String {
    let text = time.to_string();
    let digits = text.find(|it: char| it.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    format!("{number} {}", unit.replace("us", "µs"))
}

/// Prints thousandths without needless decimals: `1500` as `1.5`.
pub(super) fn thousandths(value: u64) -> String {
    let (whole, rest) = (value / 1000, value % 1000);
    if rest == 0 {
        return grouped(whole);
    }
    let decimals = format!("{rest:03}");
    format!("{}.{}", grouped(whole), decimals.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_stand_at_their_logarithms() {
        let axis = LatencyAxis::new(Nanos(1_000_000), Nanos(70_000_000), 10, 200);
        for (nanos, x) in [
            (1_000_000, 10),
            (2_000_000, 40),
            (10_000_000, 110),
            (50_000_000, 179),
            (100_000_000, 210),
            (5, 10),
            (u64::MAX, 210),
        ] {
            assert_eq!(axis.x(Nanos(nanos)), x, "{nanos}");
        }
        let labels: Vec<String> = axis.ticks().into_iter().map(|(_, label)| label).collect();
        assert_eq!(labels, ["1 ms", "2 ms", "5 ms", "10 ms", "20 ms", "50 ms", "100 ms"]);
    }

    #[test]
    fn binary_logarithms_are_exact_to_their_last_bit() {
        for number in [1, 2, 3, 7, 10, 1000, 123_456_789, 1 << 40, u64::MAX / 3, u64::MAX] {
            let wanted = (number as f64).log2() * 65_536.0;
            let found = log2(number) as f64;
            assert!((wanted - found).abs() < 2.0, "{number}: {found} is not {wanted}");
        }
    }

    #[test]
    fn every_latency_has_an_axis() {
        for (shortest, longest) in [(0, 0), (7, 7), (1, u64::MAX), (u64::MAX, u64::MAX)] {
            let axis = LatencyAxis::new(Nanos(shortest), Nanos(longest), 0, 100);
            assert!(axis.first < axis.last, "{axis:?}");
            assert!(!axis.ticks().is_empty(), "{axis:?}");
        }
    }

    #[test]
    fn long_runs_print_minutes() {
        let labels = |seconds: usize| -> Vec<String> {
            let axis = TimeAxis::new(Nanos::SECOND, seconds, 0, 800);
            axis.ticks().into_iter().map(|(_, label)| label).collect()
        };
        assert_eq!(labels(60), ["0 s", "10 s", "20 s", "30 s", "40 s", "50 s", "60 s"]);
        assert_eq!(labels(150)[..3], ["0:00", "0:15", "0:30"]);
        assert_eq!(labels(600)[..3], ["0:00", "1:00", "2:00"]);
    }

    #[test]
    fn rates_print_without_needless_decimals() {
        for (value, text) in [(0, "0"), (500, "0.5"), (1500, "1.5"), (2_000_000, "2,000")] {
            assert_eq!(thousandths(value), text);
        }
    }
}
