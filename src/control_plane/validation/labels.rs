//! Labels and selectors.

use super::hosts::is_label_text;
use super::report::{Report as _, at_most, at_most_entries};
use crate::config::decode::Located;
use crate::diagnostic::{Diagnostics, Place};

/// Labels in written order.
pub(super) type Labels = [(Located<String>, Located<String>)];

/// The longest name part of a key, and the longest value of a selector.
const LONGEST: usize = 63;
/// The longest prefix of a key.
const LONGEST_PREFIX: usize = 253;

/// Checks labels that endpoints or callers carry.
pub(super) fn check(labels: &Labels, problems: &mut Diagnostics) {
    for (key, value) in labels {
        if !is_key(&key.value) {
            let message = format!("`{}` is no label key", key.value);
            problems.refuse_with(
                "invalid-label",
                key.place,
                message,
                "`[domain/]name`: letters, digits, inner `-`, `_`, `.`, at most 63 characters",
            );
        }
        if !value.value.is_empty() && !is_qualified(&value.value) {
            let message = format!("`{}` is no label value", value.value);
            problems.refuse_with(
                "invalid-label",
                value.place,
                message,
                "letters, digits and inner `-`, `_`, `.`, or nothing",
            );
        }
    }
}

fn is_key(key: &str) -> bool {
    let (prefix, name) = key.split_once('/').map_or((None, key), |(p, name)| (Some(p), name));
    let prefix_fits = prefix.is_none_or(|prefix| {
        prefix.len() <= LONGEST_PREFIX && prefix.split('.').all(is_label_text)
    });
    prefix_fits && name.len() <= LONGEST && is_qualified(name)
}

fn is_qualified(text: &str) -> bool {
    let ends = text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.ends_with(|c: char| c.is_ascii_alphanumeric());
    ends && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// Checks the labels of a selector: `most` entries at most, no wildcards; one without labels selects
/// everything and warns.
pub(super) fn check_selector(
    labels: &Labels,
    place: Place,
    most: usize,
    problems: &mut Diagnostics,
) {
    if labels.is_empty() {
        problems.warn_with(
            "empty-selector",
            place,
            "this selector has no labels: it selects every workload of the namespace",
            "remove it, or write the labels that are meant",
        );
    }
    at_most_entries(labels.len(), most, place, problems);
    for (key, value) in labels {
        if key.value.is_empty() {
            problems.refuse("invalid-selector", key.place, "a label key cannot be empty");
        }
        for text in [key, value] {
            if text.value.contains('*') {
                let message = format!("`{}`: a selector knows no wildcards", text.value);
                problems.refuse("invalid-selector", text.place, message);
            }
        }
        at_most(value, LONGEST, problems);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_keys_are_those_of_kubernetes() {
        let long = "a".repeat(64);
        for (key, fits) in [
            ("app", true),
            ("app.kubernetes.io/name", true),
            ("A_b.c-d", true),
            ("a", true),
            ("", false),
            ("a b", false),
            ("-a", false),
            ("a-", false),
            ("/a", false),
            ("a/", false),
            ("a/b/c", false),
            ("a_b/c", false),
            ("a..b/c", false),
            (long.as_str(), false),
        ] {
            assert_eq!(is_key(key), fits, "{key}");
        }
    }
}
