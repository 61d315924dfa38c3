//! Numbers with fixed digits, so that equal results are equal bytes everywhere.

use std::fmt;

use serde::{Serialize, Serializer};

/// A number with nine decimals.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Fixed(f64);

/// A number with seven significant digits.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct PValue(f64);

impl Fixed {
    /// Rounds a number.
    #[must_use]
    pub fn new(value: f64) -> Self {
        // Printing rounds correctly; -0 has no place in a report.
        let rounded = format!("{value:.9}").parse().unwrap_or(value);
        Self(if rounded == 0.0 { 0.0 } else { rounded })
    }

    /// Returns the number.
    #[must_use]
    pub const fn value(self) -> f64 {
        self.0
    }
}

impl PValue {
    /// Rounds a number.
    #[must_use]
    pub fn new(value: f64) -> Self {
        Self(format!("{value:.6e}").parse().unwrap_or(value))
    }

    /// Returns the number.
    #[must_use]
    pub const fn value(self) -> f64 {
        self.0
    }
}

impl Serialize for Fixed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        finite(self.0, serializer)
    }
}

impl Serialize for PValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        finite(self.0, serializer)
    }
}

/// JSON has no infinity; `null` stands for it.
fn finite<S: Serializer>(value: f64, serializer: S) -> Result<S::Ok, S::Error> {
    if value.is_finite() { serializer.serialize_f64(value) } else { serializer.serialize_none() }
}

impl fmt::Display for Fixed {
    /// Prints percent with two decimals by default, `{:.3}` with three.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(2);
        f.pad_integral(true, "", &format!("{:.digits$} %", self.0 * 100.0))
    }
}

impl fmt::Display for PValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.0 {
            p if !p.is_finite() => "-".to_owned(),
            p if p >= 0.001 || p == 0.0 => format!("{p:.3}"),
            p => format!("{p:.1e}"),
        };
        f.pad_integral(true, "", &text)
    }
}
