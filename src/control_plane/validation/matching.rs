//! Conditions on texts, and regular expressions (R-085).

use super::report::{Report as _, exclusive, place_of};
use crate::config::decode::Located;
use crate::config::istio::virtual_service::StringMatch;
use crate::data_plane::Regex;
use crate::diagnostic::Diagnostics;

/// The longest pattern in bytes.
const LONGEST_REGEX: usize = 1024;

/// Whether an empty prefix is a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EmptyPrefix {
    /// It is: for `uri` it matches everything (R-068).
    Allowed,
    /// It is not.
    Refused,
}

/// Checks a condition.
pub(super) fn check(
    condition: Option<&StringMatch>,
    empty_prefix: EmptyPrefix,
    problems: &mut Diagnostics,
) {
    let Some(condition) = condition else { return };
    check_kinds(condition, problems);
    if empty_prefix == EmptyPrefix::Refused
        && let Some(prefix) = condition.prefix.as_ref().filter(|prefix| prefix.value.is_empty())
    {
        problems.refuse_with(
            "empty-match",
            prefix.place,
            "the prefix is empty",
            "to ask whether there is any value, write `{}`",
        );
    }
    if let Some(regex) = &condition.regex {
        check_filled_regex(regex, problems);
    }
}

/// A condition has one kind at most.
pub(super) fn check_kinds(condition: &StringMatch, problems: &mut Diagnostics) {
    let kinds = [
        ("exact", place_of(condition.exact.as_ref())),
        ("prefix", place_of(condition.prefix.as_ref())),
        ("regex", place_of(condition.regex.as_ref())),
    ];
    exclusive(&kinds, problems);
}

/// Checks a pattern that must not be empty.
pub(super) fn check_filled_regex(pattern: &Located<String>, problems: &mut Diagnostics) {
    if pattern.value.is_empty() {
        problems.refuse_with(
            "empty-match",
            pattern.place,
            "the regular expression is empty",
            "for any text write `.*`",
        );
        return;
    }
    check_regex(pattern, problems);
}

/// Checks that a pattern is RE2 and not too long.
pub(super) fn check_regex(pattern: &Located<String>, problems: &mut Diagnostics) {
    let text = &pattern.value;
    if text.len() > LONGEST_REGEX {
        let message = format!(
            "the regular expression has {} characters, at most {LONGEST_REGEX} are allowed",
            text.len()
        );
        problems.refuse("regex-too-long", pattern.place, message);
        return;
    }
    if has_any_byte(text) {
        let message = format!("`{text}` is no regular expression: istiod does not know `\\C`");
        problems.refuse_with(
            "invalid-regex",
            pattern.place,
            message,
            "for any character write `.`",
        );
        return;
    }
    let Err(error) = Regex::new(text) else { return };
    let message = format!("`{text}` is no regular expression: {error}");
    let help = if ["(?=", "(?!", "(?<=", "(?<!"].iter().any(|look| text.contains(look)) {
        "RE2 cannot look ahead or behind; order the rules instead, the first that fits wins"
    } else {
        "the syntax is RE2"
    };
    problems.refuse_with("invalid-regex", pattern.place, message, help);
}

/// Tells whether a pattern has `\C`: Envoy's RE2 reads it as any byte, istiod's check is written in Go, whose
/// RE2 does not have it.
fn has_any_byte(pattern: &str) -> bool {
    let mut rest = pattern;
    while let Some(at) = rest.find('\\') {
        let escape = rest[at + 1..].chars().next();
        let behind = rest[at + 1..].strip_prefix(|_: char| true).unwrap_or_default();
        rest = match escape {
            Some('C') => return true,
            // What stands between `\Q` and `\E` is plain text.
            Some('Q') => behind.split_once("\\E").map_or("", |(_, rest)| rest),
            _ => behind,
        };
    }
    false
}

#[cfg(test)]
mod tests {
    use super::has_any_byte;

    #[test]
    fn any_byte_is_found_where_it_is_one() {
        for (pattern, expected) in [
            (r"a\Cb", true),
            (r"a\\Cb", false),
            (r"a\\\Cb", true),
            (r"\Q\C\E", false),
            (r"\Q\C\E\C", true),
            (r"\", false),
            ("é", false),
        ] {
            assert_eq!(has_any_byte(pattern), expected, "{pattern}");
        }
    }
}
