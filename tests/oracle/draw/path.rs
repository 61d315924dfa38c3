//! Paths, queries and patterns.

use lanecast::data_plane::Regex;
use proptest::collection::vec;
use proptest::prelude::*;

use super::one_of;

/// Segments without surprises.
const PLAIN: [&str; 10] = ["a", "b", "ab", "api", "v1", "v22", "A", "1", "a.b", "x-y"];
/// Segments that normalisation may change, and some that it must not.
const ODD: [&str; 22] = [
    "", ".", "..", "%2e", "%2E%2e", "..;x", ".;a=1", "%2e%2e;x", "a;x=1", "%61", "%2F", "%2fb",
    "%5C", "a\\b", "%20", "%zz", "%4", "{id}", "a|b^", "~_-.", "[x]'@:!", "a+b&c=d",
];

/// A path without a query, as tables name it.
pub(super) fn plain() -> impl Strategy<Value = String> + Clone {
    let segments = vec(one_of(&PLAIN), 0..4).prop_map(|segments| segments.join("/"));
    (segments, proptest::bool::weighted(0.15))
        .prop_map(|(path, slash)| format!("/{path}{}", if slash { "/" } else { "" }))
}

/// A path without a query, as clients send it.
pub(super) fn sent() -> impl Strategy<Value = String> {
    let segment = prop_oneof![6 => one_of(&PLAIN), 1 => one_of(&ODD)];
    let odd = vec(segment, 0..6).prop_map(|segments| format!("/{}", segments.join("/")));
    prop_oneof![3 => odd, 2 => plain(), 1 => unacceptable()]
}

/// Now and then a path that is answered 400.
fn unacceptable() -> impl Strategy<Value = String> {
    prop_oneof![8 => plain(), 1 => one_of(&["/a#b", "/a%00", "a", "*", "/a%00b/../c"])]
}

/// A query without its question mark.
pub(super) fn query() -> impl Strategy<Value = String> {
    let pair =
        (one_of(&QUERY_NAMES), one_of(&["", "=", "=1", "=v%201", "=v 1", "=x=y", "=+", "=/../"]))
            .prop_map(|(name, value)| format!("{name}{}", value.replace(' ', "+")));
    vec(prop_oneof![9 => pair, 1 => one_of(&["", "&", "="])], 1..4)
        .prop_map(|pairs| pairs.join("&"))
}

/// Names of query parameters.
pub(super) const QUERY_NAMES: [&str; 4] = ["q", "Q", "a", "lane"];
/// Values of query parameters, as tables name them.
pub(super) const QUERY_VALUES: [&str; 6] = ["", "1", "v%201", "x=y", "+", "/../"];

/// A random pattern in RE2's language, with a few letters so that it has something to match.
pub(super) fn pattern() -> impl Strategy<Value = Regex> {
    let written = one_of(&[
        ".*",
        "/.*",
        "/a.*",
        "/[^/]+",
        "/[^/]+/.*",
        "(?i)/A(/.*)?",
        "/(a|b)/?",
        "^/a$",
        "/a|/ab",
        r"/v\d+(/.*)?",
        r"/\w+",
        "/[[:alpha:]]+",
        r"/a\.b",
        r"\Q/a.b\E",
        "/%2[fF].*",
        "v[0-9]",
        "(?:v1|s1)",
        "[a-z,]+",
        "",
        ".",
        "a{1,2}b?",
        "(/[^/]*)*",
        r"[\w.-]+",
        r"/(\w)(\w*)/?",
    ]);
    let pattern = prop_oneof![3 => written, 2 => composed()];
    pattern.prop_filter_map("RE2 has more to say", |pattern| Regex::new(&pattern).ok())
}

fn composed() -> impl Strategy<Value = String> {
    let atom = one_of(&[
        "/",
        "a",
        "b",
        "v",
        "1",
        ".",
        r"\d",
        r"\w",
        r"\W",
        r"\.",
        "[a-c]",
        "[^/]",
        "[^a]",
        "[/ab]",
        "(a)",
        "(?:b|v)",
        "(/)",
        "[[:digit:]]",
        r"\x61",
        r"[\d.]",
        "-",
        "}",
        "]",
    ]);
    let count = one_of(&["", "", "", "*", "+", "?", "{2}", "{1,2}", "{0,}", "*?", "+?", "??"]);
    let piece = (atom, count).prop_map(|(atom, count)| format!("{atom}{count}"));
    let sequence = vec(piece, 1..5).prop_map(|pieces| pieces.concat());
    let choice = vec(sequence, 1..3).prop_map(|choices| choices.join("|"));
    (choice, one_of(&["", "", "/", "^", "^/", "(?i)"]))
        .prop_map(|(text, start)| format!("{start}{text}"))
}
