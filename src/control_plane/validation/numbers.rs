//! Percentages and numbers that must not be negative.

use super::report::Report as _;
use crate::config::decode::Located;
use crate::config::istio::virtual_service::Percent;
use crate::diagnostic::Diagnostics;

/// Checks the percentage of a fault: 0, or 0.0001 to 100.
pub(super) fn check_percentage(percentage: Option<&Percent>, problems: &mut Diagnostics) {
    let Some(value) = percentage.and_then(|percentage| percentage.value.as_ref()) else { return };
    if value.value != 0.0 && !(0.0001..=100.0).contains(&value.value) {
        let message = format!("{} is neither 0 nor between 0.0001 and 100", value.value);
        problems.refuse("invalid-percentage", value.place, message);
    }
}

/// Checks a percentage from 0 to 100.
pub(super) fn check_share(value: Option<&Located<f64>>, problems: &mut Diagnostics) {
    if let Some(value) = value.filter(|value| !(0.0..=100.0).contains(&value.value)) {
        let message = format!("{} is not between 0 and 100", value.value);
        problems.refuse("invalid-percentage", value.place, message);
    }
}

/// Checks a whole percentage from 0 to 100.
pub(super) fn check_percent(value: Option<&Located<i32>>, problems: &mut Diagnostics) {
    if let Some(value) = value.filter(|value| !(0..=100).contains(&value.value)) {
        let message = format!("{} is not between 0 and 100", value.value);
        problems.refuse("invalid-percentage", value.place, message);
    }
}

/// Checks numbers that must not be negative.
pub(super) fn check_not_negative(values: &[Option<&Located<i32>>], problems: &mut Diagnostics) {
    for value in values.iter().copied().flatten().filter(|value| value.value < 0) {
        let message = format!("{} is negative", value.value);
        problems.refuse_with("negative-number", value.place, message, "0 stands for no limit");
    }
}
