//! Whether one matcher takes every request of another.
//!
//! Conservative: `false` means "not certain". Regular expressions are compared by their text, by the texts
//! that they must begin with, and with exact texts.

use crate::control_plane::rules::Match;
use crate::data_plane::{HeaderMatcher, PathMatcher, Regex, RouteMatcher, StringMatcher};

/// Patterns that match every path or every value.
const UNIVERSAL: [&str; 8] = [".*", "^.*$", "^.*", ".*$", "(.*)", "/.*", "^/.*$", "^/.*"];

/// Tells whether every request that `inner` takes is one that `outer` takes.
pub(super) fn covers(outer: &RouteMatcher, inner: &RouteMatcher) -> bool {
    let header = |wanted: &HeaderMatcher| {
        inner.headers.iter().any(|given| header_follows(wanted, given)) || always_there(wanted)
    };
    path_follows(&outer.path, &inner.path)
        && outer.headers.iter().all(header)
        && outer.query.iter().all(|wanted| {
            inner.query.iter().any(|given| {
                given.name == wanted.name && value_follows(&wanted.value, &given.value)
            })
        })
        && outer.claims.iter().all(|wanted| inner.claims.contains(wanted))
}

/// Tells whether a route of a match exists wherever one of the other match exists.
pub(super) fn exists_wherever(outer: Option<&Match>, inner: Option<&Match>) -> bool {
    let Some(outer) = outer else { return true };
    let open = Match::default();
    let inner = inner.unwrap_or(&open);
    if outer.port != 0 && outer.port != inner.port {
        return false;
    }
    if !outer.gateways.is_empty() {
        // A waypoint drops matches with labels, also beside gateways.
        return !inner.gateways.is_empty()
            && inner.gateways.iter().all(|gateway| outer.gateways.contains(gateway))
            && (outer.source_labels.is_empty() || !inner.source_labels.is_empty());
    }
    let conditions = !outer.source_labels.is_empty() || !outer.source_namespace.is_empty();
    if conditions && !inner.gateways.is_empty() {
        return false;
    }
    let labels =
        outer.source_labels.iter().all(|(key, value)| inner.source_labels.get(key) == Some(value));
    let namespace =
        outer.source_namespace.is_empty() || outer.source_namespace == inner.source_namespace;
    labels && namespace
}

/// Pseudo headers that every request has.
fn always_there(wanted: &HeaderMatcher) -> bool {
    let pseudo = [":method", ":scheme", ":authority", ":path"];
    wanted.value == StringMatcher::Present && !wanted.without && pseudo.contains(&&*wanted.name)
}

fn path_follows(outer: &PathMatcher, inner: &PathMatcher) -> bool {
    if takes_all(outer) {
        // `OPTIONS *` is no path that begins with a slash.
        return !matches!(inner, PathMatcher::Exact { path, .. } if !path.starts_with('/'));
    }
    match (outer, inner) {
        (
            PathMatcher::Exact { path, ignore_case },
            PathMatcher::Exact { path: other, ignore_case: other_case },
        ) => {
            let same = if *ignore_case { path.eq_ignore_ascii_case(other) } else { path == other };
            same && (*ignore_case || !*other_case)
        }
        (PathMatcher::Prefix { prefix, ignore_case }, inner) => {
            under_prefix(prefix, *ignore_case, inner)
        }
        (PathMatcher::SegmentPrefix(prefix), inner) => {
            let below = format!("{prefix}/");
            match inner {
                PathMatcher::Exact { ignore_case: false, path } => outer.matches(path),
                PathMatcher::SegmentPrefix(other) => other == prefix || other.starts_with(&below),
                PathMatcher::Prefix { prefix: other, ignore_case: false } => {
                    other.starts_with(&below)
                }
                _ => false,
            }
        }
        (PathMatcher::Regex(regex), PathMatcher::Exact { path, ignore_case: false }) => {
            regex.matches(path)
        }
        (PathMatcher::Regex(regex), PathMatcher::Regex(other)) if regex == other => true,
        (PathMatcher::Regex(regex), inner) => {
            as_prefix(regex).is_some_and(|prefix| under_prefix(&prefix, false, inner))
        }
        _ => false,
    }
}

/// Tells whether a matcher takes every path that begins with a slash.
fn takes_all(path: &PathMatcher) -> bool {
    match path {
        PathMatcher::Any => true,
        PathMatcher::Prefix { prefix, .. } | PathMatcher::SegmentPrefix(prefix) => {
            prefix.is_empty() || prefix == "/"
        }
        PathMatcher::Regex(regex) => UNIVERSAL.contains(&regex.as_str()),
        PathMatcher::Exact { .. } => false,
    }
}

/// Tells whether all paths of a matcher begin with a text.
fn under_prefix(prefix: &str, ignore_case: bool, inner: &PathMatcher) -> bool {
    let begins = |text: &str, other_case: bool| {
        if ignore_case {
            let head = text.as_bytes().get(..prefix.len());
            return head.is_some_and(|head| head.eq_ignore_ascii_case(prefix.as_bytes()));
        }
        !other_case && text.starts_with(prefix)
    };
    match inner {
        PathMatcher::Any => false,
        PathMatcher::Exact { path, ignore_case } => begins(path, *ignore_case),
        PathMatcher::Prefix { prefix, ignore_case } => begins(prefix, *ignore_case),
        PathMatcher::SegmentPrefix(prefix) => begins(prefix, false),
        PathMatcher::Regex(regex) => begins(&literal_head(regex), false),
    }
}

fn header_follows(wanted: &HeaderMatcher, given: &HeaderMatcher) -> bool {
    if wanted.name != given.name || wanted.without != given.without {
        return false;
    }
    if !wanted.without {
        return value_follows(&wanted.value, &given.value);
    }
    // What `wanted` forbids, `given` forbids as well; a missing header counts as the empty text.
    match (&wanted.value, &given.value) {
        (StringMatcher::Present, given) => *given == StringMatcher::Present,
        (wanted, StringMatcher::Present) => !wanted.matches(""),
        (wanted, given) => value_follows(given, wanted),
    }
}

/// Tells whether every value that satisfies `given` satisfies `wanted`.
fn value_follows(wanted: &StringMatcher, given: &StringMatcher) -> bool {
    match (wanted, given) {
        (StringMatcher::Present, _) => true,
        (StringMatcher::Regex(regex), _) if UNIVERSAL[..5].contains(&regex.as_str()) => true,
        (wanted, StringMatcher::Exact(text)) => wanted.matches(text),
        (StringMatcher::Prefix(prefix), StringMatcher::Prefix(text)) => {
            text.starts_with(prefix.as_str())
        }
        (StringMatcher::Prefix(prefix), StringMatcher::Regex(regex)) => {
            literal_head(regex).starts_with(prefix.as_str())
        }
        (StringMatcher::Regex(regex), StringMatcher::Regex(other)) => regex == other,
        (StringMatcher::Regex(regex), StringMatcher::Prefix(text)) => {
            as_prefix(regex).is_some_and(|prefix| text.starts_with(&prefix))
        }
        _ => false,
    }
}

/// The prefix that a pattern such as `^/api/.*$` is; `None` for any other pattern.
fn as_prefix(regex: &Regex) -> Option<String> {
    let pattern = regex.as_str();
    let pattern = pattern.strip_prefix('^').unwrap_or(pattern);
    let pattern = pattern.strip_suffix('$').unwrap_or(pattern);
    let head = pattern.strip_suffix(".*")?;
    let plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '~' | '=' | ',' | ' ');
    head.chars().all(plain).then(|| head.to_owned())
}

/// The text that everything which matches a pattern begins with; empty if that is not plain to see.
fn literal_head(regex: &Regex) -> String {
    let pattern = regex.as_str();
    if pattern.contains('|') || pattern.contains("(?") {
        return String::new();
    }
    let pattern = pattern.strip_prefix('^').unwrap_or(pattern);
    let plain = |c: &char| {
        c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '~' | '=' | ',' | ' ')
    };
    let mut head: String = pattern.chars().take_while(plain).collect();
    // A quantifier behind the last character makes it optional.
    if pattern.chars().nth(head.chars().count()).is_some_and(|c| matches!(c, '*' | '?' | '{')) {
        head.pop();
    }
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regex(pattern: &str) -> Regex {
        Regex::new(pattern).unwrap()
    }

    fn exact(path: &str) -> PathMatcher {
        PathMatcher::Exact { path: path.to_owned(), ignore_case: false }
    }

    fn prefix(prefix: &str) -> PathMatcher {
        PathMatcher::Prefix { prefix: prefix.to_owned(), ignore_case: false }
    }

    fn segment(prefix: &str) -> PathMatcher {
        PathMatcher::SegmentPrefix(prefix.to_owned())
    }

    #[test]
    fn a_path_lies_under_another() {
        let pattern = |text: &str| PathMatcher::Regex(regex(text));
        let caseless = PathMatcher::Exact { path: "/A".to_owned(), ignore_case: true };
        for (outer, inner, expected) in [
            (prefix("/api"), prefix("/api/v2"), true),
            (prefix("/api"), exact("/apix"), true),
            (prefix("/api/"), exact("/api"), false),
            (prefix("/api"), PathMatcher::Any, false),
            (PathMatcher::Any, pattern("/x|/y"), true),
            (pattern("/.*"), prefix("/x"), true),
            (pattern("/a.*"), prefix("/ab"), true),
            (pattern("/a+.*"), prefix("/ab"), false),
            (pattern("/[ab]"), exact("/b"), true),
            (pattern("/a"), pattern("/a"), true),
            (prefix("/ab"), pattern("/abc?.*"), true),
            (prefix("/abc"), pattern("/abc?.*"), false),
            (prefix("/a"), pattern("/a|/b"), false),
            (segment("/a"), exact("/ab"), false),
            (segment("/a"), exact("/a/b"), true),
            (segment("/a"), prefix("/a"), false),
            (segment("/a"), prefix("/a/"), true),
            (prefix("/a"), segment("/a"), true),
            (exact("/A"), caseless.clone(), false),
            (caseless, exact("/a"), true),
            (PathMatcher::Any, exact("*"), false),
        ] {
            assert_eq!(path_follows(&outer, &inner), expected, "{outer:?} {inner:?}");
        }
    }

    #[test]
    fn a_header_condition_follows_from_another() {
        let header =
            |value: StringMatcher, without| HeaderMatcher { name: "x".to_owned(), value, without };
        let text = |text: &str| StringMatcher::Exact(text.to_owned());
        let head = |text: &str| StringMatcher::Prefix(text.to_owned());
        for (wanted, given, expected) in [
            (header(StringMatcher::Present, false), header(text("a"), false), true),
            (header(text("a"), false), header(StringMatcher::Present, false), false),
            (header(head("a"), false), header(head("ab"), false), true),
            (header(StringMatcher::Regex(regex("a|b")), false), header(text("b"), false), true),
            (header(text("ab"), true), header(head("a"), true), true),
            (header(head("a"), true), header(text("ab"), true), false),
            (header(text("a"), true), header(StringMatcher::Present, true), true),
            (header(text(""), true), header(StringMatcher::Present, true), false),
            (header(StringMatcher::Present, true), header(text("a"), true), false),
            (header(text("a"), false), header(text("a"), true), false),
        ] {
            assert_eq!(header_follows(&wanted, &given), expected, "{wanted:?} {given:?}");
        }
    }

    #[test]
    fn an_outer_condition_on_anything_else_is_not_followed() {
        let mut outer = RouteMatcher::path(prefix("/a"));
        let inner = RouteMatcher::path(exact("/a"));
        assert!(covers(&outer, &inner));
        outer.headers.push(HeaderMatcher {
            name: ":method".to_owned(),
            value: StringMatcher::Present,
            without: false,
        });
        assert!(covers(&outer, &inner));
        outer.headers[0].value = StringMatcher::Exact("GET".to_owned());
        assert!(!covers(&outer, &inner));
    }

    #[test]
    fn a_match_that_is_not_everywhere_covers_only_what_is_nowhere_else() {
        let on = |port, gateways: &[&str], namespace: &str| Match {
            port,
            gateways: gateways.iter().map(|g| (*g).to_owned()).collect(),
            source_namespace: namespace.to_owned(),
            ..Match::default()
        };
        for (outer, inner, expected) in [
            (on(0, &[], ""), on(80, &["mesh"], ""), true),
            (on(80, &[], ""), on(0, &[], ""), false),
            (on(80, &[], ""), on(80, &[], "shop"), true),
            (on(0, &["mesh"], ""), on(0, &[], ""), false),
            (on(0, &["mesh", "a/g"], ""), on(0, &["a/g"], ""), true),
            (on(0, &[], "shop"), on(0, &["mesh"], "shop"), false),
            (on(0, &[], "shop"), on(0, &[], "shop"), true),
        ] {
            assert_eq!(
                exists_wherever(Some(&outer), Some(&inner)),
                expected,
                "{outer:?} {inner:?}"
            );
        }
        assert!(!exists_wherever(Some(&on(80, &[], "")), None));
    }
}
