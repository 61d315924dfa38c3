//! Requests per unit of time as integers, in the notation `200/s`, `30/m`, `0.5/h`.

use std::fmt;
use std::str::FromStr;

/// Requests per second, in whole billionths.
///
/// Parses a decimal number with `/s`, `/m` or `/h`; digits below a billionth per second are cut off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(pub u64);

/// Why a text is no rate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvalidRate {
    /// Something else than a number and a unit.
    Syntax,
    /// More than 10^10 per second.
    TooHigh,
}

/// Billionths in a whole.
const BILLION: u128 = 1_000_000_000;

// === impl Rate ===

impl Rate {
    /// Nothing happens.
    pub const ZERO: Self = Self(0);

    /// The highest rate: 10^10 per second.
    pub const MAX: Self = Self(10_000_000_000_000_000_000);

    /// Builds a rate from whole requests per second; at most [`Rate::MAX`].
    #[must_use]
    pub const fn per_second(requests: u64) -> Self {
        let rate = requests.saturating_mul(1_000_000_000);
        if rate > Self::MAX.0 { Self::MAX } else { Self(rate) }
    }

    /// Returns requests per second.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// Returns the part `numerator / denominator` of the rate, rounded down; all of it if the
    /// denominator is 0, at most [`Rate::MAX`].
    #[must_use]
    pub fn part(self, numerator: u64, denominator: u64) -> Self {
        if denominator == 0 {
            return self;
        }
        let part = u128::from(self.0) * u128::from(numerator) / u128::from(denominator);
        u64::try_from(part).map_or(Self::MAX, |part| Self(part.min(Self::MAX.0)))
    }
}

impl FromStr for Rate {
    type Err = InvalidRate;

    fn from_str(text: &str) -> Result<Self, InvalidRate> {
        let (number, unit) = text.trim().split_once('/').ok_or(InvalidRate::Syntax)?;
        let seconds = match unit.trim() {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            _ => return Err(InvalidRate::Syntax),
        };
        let rate = billionths(number.trim_end())? / seconds;
        match u64::try_from(rate) {
            Ok(rate) if rate <= Self::MAX.0 => Ok(Self(rate)),
            _ => Err(InvalidRate::TooHigh),
        }
    }
}

/// A decimal number without sign or exponent in billionths, digits below cut off; `_` may stand between
/// digits.
fn billionths(text: &str) -> Result<u128, InvalidRate> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    if (whole.is_empty() && fraction.is_empty()) || !is_digits(whole) || !is_digits(fraction) {
        return Err(InvalidRate::Syntax);
    }
    let digits: String = whole.chars().filter(|c| *c != '_').collect();
    if digits.len() > 20 {
        return Err(InvalidRate::TooHigh);
    }
    let mut total = digits.bytes().fold(0_u128, |sum, d| sum * 10 + u128::from(d - b'0')) * BILLION;
    let mut scale = BILLION / 10;
    for digit in fraction.bytes().filter(u8::is_ascii_digit) {
        total += u128::from(digit - b'0') * scale;
        scale /= 10;
    }
    Ok(total)
}

impl fmt::Display for Rate {
    /// Prints requests per second with as many decimals as needed, `0.5/s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 1_000_000_000, self.0 % 1_000_000_000);
        if rest == 0 {
            return write!(f, "{whole}/s");
        }
        let digits = format!("{rest:09}");
        write!(f, "{whole}.{}/s", digits.trim_end_matches('0'))
    }
}

// === impl InvalidRate ===

impl fmt::Display for InvalidRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Syntax => "a rate is a number with a unit, such as 200/s, 30/m or 0.5/h",
            Self::TooHigh => "the rate is higher than 10^10 per second",
        })
    }
}

impl std::error::Error for InvalidRate {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_integers_of_billionths_per_second() {
        for (text, rate) in [
            ("200/s", 200_000_000_000),
            ("1_000 / s", 1_000_000_000_000),
            ("30/m", 500_000_000),
            ("0.5/s", 500_000_000),
            (".25/s", 250_000_000),
            ("1/h", 277_777),
            ("0/s", 0),
            ("1.0000000019/s", 1_000_000_001),
        ] {
            assert_eq!(text.parse(), Ok(Rate(rate)), "{text}");
        }
    }

    #[test]
    fn texts_that_are_no_rates_are_refused() {
        use InvalidRate::{Syntax, TooHigh};
        for (text, error) in [
            ("", Syntax),
            ("200", Syntax),
            ("/s", Syntax),
            ("5/d", Syntax),
            ("-1/s", Syntax),
            ("1e3/s", Syntax),
            ("1.2.3/s", Syntax),
            ("10000000001/s", TooHigh),
            ("99999999999999999999999/s", TooHigh),
        ] {
            assert_eq!(text.parse::<Rate>(), Err(error), "{text}");
        }
    }

    #[test]
    fn rates_print_per_second_and_divide() {
        assert_eq!(Rate::per_second(200).to_string(), "200/s");
        assert_eq!(Rate(500_000_000).to_string(), "0.5/s");
        assert_eq!(Rate::per_second(90).part(1, 3), Rate::per_second(30));
        assert_eq!(Rate::per_second(90).part(1, 0), Rate::per_second(90));
        assert_eq!(Rate::MAX.part(u64::MAX, 1), Rate::MAX);
        assert_eq!(Rate::per_second(u64::MAX), Rate::MAX);
    }
}
