//! Lengths of time in integer nanoseconds, in the notation of Go and Istio (`1h30m`, `0.5s`, `10ms`).

use std::fmt;
use std::str::FromStr;

/// A length of time, in whole nanoseconds.
///
/// Parses and prints Go's notation: a sequence of decimal numbers with a unit
/// (`ns`, `us`, `ms`, `s`, `m`, `h`), such as `1.5s` or `1h30m`; `0` needs no unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nanos(pub u64);

/// Why a text is no length of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvalidDuration {
    /// Nothing, or a number without a unit, or something else than numbers and units.
    Syntax,
    /// The text starts with a minus sign.
    Negative,
    /// More than about 584 years.
    TooLong,
}

// === impl Nanos ===

impl Nanos {
    /// One microsecond.
    pub const MICROSECOND: Self = Self(1_000);
    /// One millisecond.
    pub const MILLISECOND: Self = Self(1_000_000);
    /// One second.
    pub const SECOND: Self = Self(1_000_000_000);

    /// Returns the length in seconds.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// Returns the whole milliseconds, rounded down.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000_000
    }

    /// Builds a length from whole milliseconds; saturates at the longest length.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// Builds a length from seconds, rounded to the nearest nanosecond.
    ///
    /// Negative numbers and NaN give zero, numbers beyond the range the longest length.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "`as` saturates, which is what this function promises"
    )]
    pub fn from_secs_f64(seconds: f64) -> Self {
        Self((seconds * 1e9).round() as u64)
    }
}

impl FromStr for Nanos {
    type Err = InvalidDuration;

    fn from_str(text: &str) -> Result<Self, InvalidDuration> {
        if text == "0" {
            return Ok(Self(0));
        }
        if text.starts_with('-') {
            return Err(InvalidDuration::Negative);
        }
        let mut rest = text.strip_prefix('+').unwrap_or(text);
        if rest.is_empty() {
            return Err(InvalidDuration::Syntax);
        }
        let mut total: u128 = 0;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
            let (number, tail) = rest.split_at(digits);
            let letters = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
            let (unit, tail) = tail.split_at(letters);
            total = total.saturating_add(part(number, unit)?);
            rest = tail;
        }
        u64::try_from(total).map(Self).map_err(|_| InvalidDuration::TooLong)
    }
}

/// One `number unit` pair in nanoseconds.
fn part(number: &str, unit: &str) -> Result<u128, InvalidDuration> {
    let scale: u128 = match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return Err(InvalidDuration::Syntax),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return Err(InvalidDuration::Syntax);
    }
    if whole.len() > 19 {
        return Err(InvalidDuration::TooLong);
    }
    let whole: u128 = if whole.is_empty() { 0 } else { parse_digits(whole)? };
    // More than 18 digits behind the point are below a nanosecond for every unit.
    let fraction = &fraction[..fraction.len().min(18)];
    let parts = if fraction.is_empty() { 0 } else { parse_digits(fraction)? };
    let denominator = 10_u128.pow(u32::try_from(fraction.len()).unwrap_or(18));
    Ok(whole * scale + parts * scale / denominator)
}

fn parse_digits(digits: &str) -> Result<u128, InvalidDuration> {
    digits.parse().map_err(|_| InvalidDuration::Syntax)
}

impl fmt::Display for Nanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, scale) = match self.0 {
            0 => return f.write_str("0s"),
            n if n < 1_000 => ("ns", 1),
            n if n < 1_000_000 => ("us", 1_000),
            n if n < 1_000_000_000 => ("ms", 1_000_000),
            _ => ("s", 1_000_000_000),
        };
        let (whole, rest) = (self.0 / scale, self.0 % scale);
        if rest == 0 {
            return write!(f, "{whole}{unit}");
        }
        let width = scale.ilog10() as usize;
        let digits = format!("{rest:0width$}");
        write!(f, "{whole}.{}{unit}", digits.trim_end_matches('0'))
    }
}

// === impl InvalidDuration ===

impl fmt::Display for InvalidDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Syntax => "a duration is a number with a unit, such as 10ms, 1.5s or 1h30m",
            Self::Negative => "a duration cannot be negative",
            Self::TooLong => "the duration is longer than 584 years",
        })
    }
}

impl std::error::Error for InvalidDuration {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_parse_as_in_go() {
        for (text, nanos) in [
            ("0", 0),
            ("0s", 0),
            ("10ms", 10_000_000),
            ("1.5s", 1_500_000_000),
            (".5s", 500_000_000),
            ("1h30m", 5_400_000_000_000),
            ("1us", 1_000),
            ("+3ns", 3),
            ("0.0000000019s", 1),
        ] {
            assert_eq!(text.parse(), Ok(Nanos(nanos)), "{text}");
        }
    }

    #[test]
    fn texts_that_are_no_durations_are_refused() {
        use InvalidDuration::{Negative, Syntax, TooLong};
        for (text, error) in [
            ("", Syntax),
            ("5", Syntax),
            ("s", Syntax),
            ("1.2.3s", Syntax),
            (".s", Syntax),
            ("5 s", Syntax),
            ("5d", Syntax),
            ("-1s", Negative),
            ("99999999999999999999h", TooLong),
            ("9999999999h", TooLong),
        ] {
            assert_eq!(text.parse::<Nanos>(), Err(error), "{text}");
        }
    }

    #[test]
    fn durations_print_with_the_largest_unit_below_a_minute() {
        for (nanos, text) in [
            (0, "0s"),
            (7, "7ns"),
            (1_500, "1.5us"),
            (25_000_000, "25ms"),
            (1_000_000_000, "1s"),
            (90_500_000_000, "90.5s"),
        ] {
            assert_eq!(Nanos(nanos).to_string(), text);
        }
    }

    #[test]
    fn seconds_round_to_nanoseconds_and_saturate() {
        assert_eq!(Nanos::from_secs_f64(1.25), Nanos(1_250_000_000));
        assert_eq!(Nanos::from_secs_f64(-1.0), Nanos(0));
        assert_eq!(Nanos::from_secs_f64(f64::INFINITY), Nanos(u64::MAX));
    }
}
