//! Quantities with a unit: lengths of time, rates and shares, parsed from text and printed.
//!
//! Everything that has a unit in a file has a type here, so that no bare `f64` seconds or
//! percentages travel through the program. Knows no other module.

mod duration;
mod rate;
mod share;

pub use duration::{InvalidDuration, Nanos};
pub use rate::{InvalidRate, Rate};
pub use share::{InvalidShare, Share};
