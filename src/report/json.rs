//! `summary.json`.

use crate::summary::Summary;

/// Prints a summary as JSON with a final line end; fields stand in the order of the schema.
#[must_use]
pub fn json(summary: &Summary) -> String {
    // All keys are text and all numbers finite, so printing cannot fail.
    let mut text = serde_json::to_string_pretty(summary).unwrap_or_default();
    text.push('\n');
    text
}
