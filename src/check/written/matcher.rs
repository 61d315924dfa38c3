//! Envoy's header matchers, as the tests of `router_check_tool` write them.

use crate::config::decode::{Decode, Located, record};
use crate::config::node::Node;
use crate::data_plane::{HeaderMap, Regex, Request};
use crate::diagnostic::{Diagnostic, Diagnostics};

record! {
    /// A condition on a header.
    pub struct HeaderMatch("header matcher") {
        /// Name of the header.
        "name" => name: Option<Located<String>>,
        /// Condition on its value.
        "string_match" => string: Option<TextMatch>,
        /// Equal.
        "exact_match" => exact: Option<String>,
        /// Begins with.
        "prefix_match" => prefix: Option<String>,
        /// Ends with.
        "suffix_match" => suffix: Option<String>,
        /// Has inside.
        "contains_match" => contains: Option<String>,
        /// Matches as a whole.
        "safe_regex_match" => regex: Option<Pattern>,
        /// A whole number in a range.
        "range_match" => range: Option<Range>,
        /// Whether it is there.
        "present_match" => present: Option<bool>,
        /// It is there.
        "presence_match" => presence: Option<Anything>,
        /// Turns the condition round.
        "invert_match" => invert: bool,
    }
}

record! {
    /// A condition on a text.
    pub struct TextMatch("string matcher") {
        /// Equal.
        "exact" => exact: Option<String>,
        /// Begins with.
        "prefix" => prefix: Option<String>,
        /// Ends with.
        "suffix" => suffix: Option<String>,
        /// Has inside.
        "contains" => contains: Option<String>,
        /// Matches as a whole.
        "safe_regex" => regex: Option<Pattern>,
        /// Whether letter case does not matter; not for patterns.
        "ignore_case" => ignore_case: bool,
    }
}

record! {
    /// A pattern.
    pub struct Pattern("regex") {
        /// In RE2 syntax.
        "regex" => regex: Option<CompiledPattern>,
    }
    ignore ["google_re2"]
}

record! {
    /// From the start up to but without the end.
    pub struct Range("range") {
        /// The first number.
        "start" => start: i64,
        /// The first number that is too large.
        "end" => end: i64,
    }
}

/// A pattern that is known to be good.
#[derive(Clone, Debug, PartialEq)]
pub struct CompiledPattern(
    /// Compiled.
    pub Regex,
);

/// Any value, as of `presence_match`.
#[derive(Clone, Debug, PartialEq)]
pub struct Anything;

impl Decode for CompiledPattern {
    fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        let pattern = String::decode(node, problems)?;
        let compiled = Regex::new(&pattern).map_err(|error| {
            let message = format!("this is no regular expression: {error}");
            problems.push(Diagnostic::error("invalid-regex", node.place, message));
        });
        compiled.ok().map(Self)
    }
}

impl Decode for Anything {
    fn decode(_: &Node, _: &mut Diagnostics) -> Option<Self> {
        Some(Self)
    }
}

/// Returns the value of a header: all lines joined, or a part of the request line.
#[must_use]
pub fn value(name: &str, request: &Request, headers: &HeaderMap) -> Option<String> {
    match name.to_ascii_lowercase().as_str() {
        ":path" | "path" => Some(request.path.clone()),
        ":authority" | "authority" | "host" => Some(request.authority.clone()),
        ":method" | "method" => Some(request.method.clone()),
        ":scheme" => Some(request.scheme.clone()),
        name => {
            let values: Vec<&str> = headers.values(name).collect();
            (!values.is_empty()).then(|| values.join(","))
        }
    }
}

// === impl HeaderMatch ===

impl HeaderMatch {
    /// Tells whether the condition holds for a value; `None` is an absent header.
    #[must_use]
    pub fn holds(&self, value: Option<&str>) -> bool {
        if let Some(present) = self.present {
            return (value.is_some() == present) != self.invert;
        }
        // An absent header never matches, inverted or not, unless presence is all that is asked.
        let Some(value) = value else { return self.invert && !self.asks_for_value() };
        let regex = |pattern: &Option<Pattern>| pattern.as_ref().is_none_or(|it| it.matches(value));
        let held = self.exact.as_ref().is_none_or(|text| text == value)
            && self.prefix.as_ref().is_none_or(|text| value.starts_with(text))
            && self.suffix.as_ref().is_none_or(|text| value.ends_with(text))
            && self.contains.as_ref().is_none_or(|text| value.contains(text))
            && regex(&self.regex)
            && self.string.as_ref().is_none_or(|matcher| matcher.holds(value))
            && self.range.as_ref().is_none_or(|range| range.holds(value));
        held != self.invert
    }

    const fn asks_for_value(&self) -> bool {
        self.exact.is_some()
            || self.prefix.is_some()
            || self.suffix.is_some()
            || self.contains.is_some()
            || self.regex.is_some()
            || self.string.is_some()
            || self.range.is_some()
    }
}

// === impl TextMatch ===

impl TextMatch {
    fn holds(&self, value: &str) -> bool {
        let fold = |text: &str| {
            if self.ignore_case { text.to_ascii_lowercase() } else { text.to_owned() }
        };
        let folded = fold(value);
        self.exact.as_ref().is_none_or(|text| fold(text) == folded)
            && self.prefix.as_ref().is_none_or(|text| folded.starts_with(&fold(text)))
            && self.suffix.as_ref().is_none_or(|text| folded.ends_with(&fold(text)))
            && self.contains.as_ref().is_none_or(|text| folded.contains(&fold(text)))
            && self.regex.as_ref().is_none_or(|pattern| pattern.matches(value))
    }
}

// === impl Pattern ===

impl Pattern {
    fn matches(&self, value: &str) -> bool {
        self.regex.as_ref().is_none_or(|pattern| pattern.0.matches(value))
    }
}

// === impl Range ===

impl Range {
    fn holds(&self, value: &str) -> bool {
        value.parse::<i64>().is_ok_and(|number| (self.start..self.end).contains(&number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::yaml;
    use crate::diagnostic::Sources;

    fn matcher(text: &str) -> HeaderMatch {
        let mut problems = Diagnostics::new();
        let source = Sources::new().add("t", text);
        let nodes = yaml::parse(source, text, &mut problems);
        let matcher = HeaderMatch::decode(&nodes[0], &mut problems);
        assert!(problems.is_empty(), "{text}");
        matcher.unwrap()
    }

    #[test]
    fn conditions_hold_as_in_envoy() {
        for (text, value, expected) in [
            ("{name: a, exact_match: b}", Some("b"), true),
            ("{name: a, exact_match: b}", Some("B"), false),
            ("{name: a, exact_match: b}", None, false),
            ("{name: a, exact_match: b, invert_match: true}", Some("c"), true),
            ("{name: a, exact_match: b, invert_match: true}", None, false),
            ("{name: a, prefix_match: b}", Some("bc"), true),
            ("{name: a, suffix_match: c}", Some("bc"), true),
            ("{name: a, contains_match: x}", Some("bc"), false),
            ("{name: a, range_match: {start: 1, end: 3}}", Some("2"), true),
            ("{name: a, range_match: {start: 1, end: 3}}", Some("3"), false),
            ("{name: a, safe_regex_match: {regex: 'b.'}}", Some("bc"), true),
            ("{name: a, safe_regex_match: {regex: 'b.'}}", Some("bcd"), false),
            ("{name: a, string_match: {exact: B, ignore_case: true}}", Some("b"), true),
            ("{name: a, string_match: {suffix: c}}", Some("bc"), true),
            ("{name: a, present_match: true}", Some(""), true),
            ("{name: a, present_match: false}", None, true),
            ("{name: a, presence_match: {}}", Some("b"), true),
            ("{name: a, presence_match: {}}", None, false),
            ("{name: a, presence_match: {}, invert_match: true}", None, true),
        ] {
            assert_eq!(matcher(text).holds(value), expected, "{text} {value:?}");
        }
    }
}
