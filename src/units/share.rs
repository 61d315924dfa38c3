//! Shares of a whole as exact fractions: `60%`, `0.6`, `3/5`.

use std::fmt;
use std::str::FromStr;

/// A share as an exact fraction in lowest terms; the denominator is never 0.
///
/// Parses `60%`, `12.5 %`, `0.125`, `1` and `1/8`. Not limited to [0, 1]: use [`Share::is_probability`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Share {
    numerator: u64,
    denominator: u64,
}

/// Why a text is no share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidShare;

// === impl Share ===

impl Share {
    /// Nothing.
    pub const ZERO: Self = Self { numerator: 0, denominator: 1 };
    /// The whole.
    pub const ONE: Self = Self { numerator: 1, denominator: 1 };

    /// Builds `numerator / denominator` in lowest terms; `None` if the denominator is 0.
    #[must_use]
    pub fn new(numerator: u64, denominator: u64) -> Option<Self> {
        if denominator == 0 {
            return None;
        }
        let divisor = gcd(numerator, denominator);
        Some(Self { numerator: numerator / divisor, denominator: denominator / divisor })
    }

    /// Returns the numerator of the fraction in lowest terms.
    #[must_use]
    pub const fn numerator(self) -> u64 {
        self.numerator
    }

    /// Returns the denominator of the fraction in lowest terms.
    #[must_use]
    pub const fn denominator(self) -> u64 {
        self.denominator
    }

    /// Returns the nearest float.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        self.numerator as f64 / self.denominator as f64
    }

    /// Tells whether the share lies in [0, 1].
    #[must_use]
    pub const fn is_probability(self) -> bool {
        self.numerator <= self.denominator
    }
}

impl Default for Share {
    fn default() -> Self {
        Self::ZERO
    }
}

const fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

impl FromStr for Share {
    type Err = InvalidShare;

    fn from_str(text: &str) -> Result<Self, InvalidShare> {
        let text = text.trim();
        if let Some(percent) = text.strip_suffix('%') {
            let (numerator, denominator) = decimal(percent.trim_end())?;
            let denominator = denominator.checked_mul(100).ok_or(InvalidShare)?;
            return Self::new(numerator, denominator).ok_or(InvalidShare);
        }
        if let Some((numerator, denominator)) = text.split_once('/') {
            let whole = |part: &str| part.trim().parse::<u64>().map_err(|_| InvalidShare);
            return Self::new(whole(numerator)?, whole(denominator)?).ok_or(InvalidShare);
        }
        let (numerator, denominator) = decimal(text)?;
        Self::new(numerator, denominator).ok_or(InvalidShare)
    }
}

/// A decimal number without sign or exponent, as numerator and power of ten.
fn decimal(text: &str) -> Result<(u64, u64), InvalidShare> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit() || b == b'_') {
        return Err(InvalidShare);
    }
    let numerator = digits.replace('_', "").parse().map_err(|_| InvalidShare)?;
    let places = u32::try_from(fraction.len()).map_err(|_| InvalidShare)?;
    Ok((numerator, 10_u64.checked_pow(places).ok_or(InvalidShare)?))
}

impl fmt::Display for Share {
    /// Prints percent with up to four decimals, `33.3333%`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{:.4}", self.as_f64() * 100.0);
        write!(f, "{}%", text.trim_end_matches('0').trim_end_matches('.'))
    }
}

// === impl InvalidShare ===

impl fmt::Display for InvalidShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a share is written 60%, 0.6 or 3/5")
    }
}

impl std::error::Error for InvalidShare {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_exact_fractions() {
        for (text, numerator, denominator) in [
            ("60%", 3, 5),
            ("12.5 %", 1, 8),
            ("0.2", 1, 5),
            ("1", 1, 1),
            ("100%", 1, 1),
            ("1/3", 1, 3),
            ("2 / 6", 1, 3),
            (".5", 1, 2),
            ("150%", 3, 2),
            ("0", 0, 1),
        ] {
            let share: Share = text.parse().unwrap();
            assert_eq!(
                (share.numerator(), share.denominator()),
                (numerator, denominator),
                "{text}"
            );
        }
    }

    #[test]
    fn texts_that_are_no_shares_are_refused() {
        for text in ["", "%", "-1%", "1/0", "a", "1e3", "1.2.3", "1/", "0.00000000000000000000001"]
        {
            assert_eq!(text.parse::<Share>(), Err(InvalidShare), "{text}");
        }
    }

    #[test]
    fn shares_print_as_percent() {
        assert_eq!(Share::new(1, 3).unwrap().to_string(), "33.3333%");
        assert_eq!(Share::ONE.to_string(), "100%");
        assert_eq!(Share::ZERO.to_string(), "0%");
    }
}
