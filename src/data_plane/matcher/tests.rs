use super::super::headers::HeaderMap;
use super::*;

fn request(path: &str, lines: &[(&str, &str)]) -> Request {
    let mut request = Request::get("Shop.example:8080", path);
    request.headers = HeaderMap::decode(lines.iter().copied());
    request
}

fn exact(text: &str) -> StringMatcher {
    StringMatcher::Exact(text.to_owned())
}

fn header(name: &str, value: StringMatcher, without: bool) -> RouteMatcher {
    let headers = vec![HeaderMatcher { name: name.to_owned(), value, without }];
    RouteMatcher { headers, ..RouteMatcher::path(PathMatcher::Any) }
}

#[test]
fn path_conditions_look_at_the_path_without_query() {
    let prefix = |text: &str, ignore_case| PathMatcher::Prefix { prefix: text.into(), ignore_case };
    let exact = |text: &str, ignore_case| PathMatcher::Exact { path: text.into(), ignore_case };
    let segments = |text: &str| PathMatcher::SegmentPrefix(text.into());
    let regex = |text: &str| PathMatcher::Regex(Regex::new(text).unwrap());
    for (matcher, path, expected) in [
        (prefix("/foo", false), "/foobar", true),
        (prefix("/foo/", false), "/foo", false),
        (prefix("/foo", false), "/FOO", false),
        (prefix("/foo", true), "/FOObar", true),
        (prefix("", false), "/x", true),
        (prefix("/longer", true), "/l", false),
        (exact("/foo", false), "/foo?q=/bar", true),
        (exact("/foo", false), "/foo/", false),
        (exact("/foo", true), "/Foo", true),
        (exact("", false), "/", false),
        (segments("/foo"), "/foo", true),
        (segments("/foo"), "/foo/x", true),
        (segments("/foo"), "/foobar", false),
        (segments("/"), "/foobar", true),
        (regex("/a|/ab"), "/ab", true),
        (regex("/a"), "/ab", false),
    ] {
        let matcher = RouteMatcher::path(matcher);
        assert_eq!(matcher.matches(&request(path, &[])), expected, "{matcher:?} {path}");
    }
}

#[test]
fn header_conditions_test_line_by_line() {
    let two = [("x", "a"), ("X", "b"), ("e", "")];
    let present = || StringMatcher::Present;
    let any = || StringMatcher::Regex(Regex::new(".*").unwrap());
    for (name, value, without, expected) in [
        ("x", exact("b"), false, true),
        ("x", exact("a,b"), false, false),
        ("x", exact("b"), true, false),
        ("x", exact("c"), true, true),
        ("x", present(), false, true),
        ("x", present(), true, false),
        ("y", present(), false, false),
        ("y", present(), true, true),
        ("y", exact("a"), true, true),
        ("y", exact(""), true, false),
        ("y", exact(""), false, false),
        ("y", any(), false, false),
        ("y", any(), true, false),
        ("e", exact(""), false, true),
        ("e", present(), false, true),
        (":authority", exact("Shop.example:8080"), false, true),
        ("host", exact("shop.example"), false, false),
        (":path", exact("/p?q"), false, true),
        (":method", exact("GET"), true, false),
        ("method", exact("GET"), false, false),
    ] {
        let matcher = header(name, value, without);
        assert_eq!(matcher.matches(&request("/p?q", &two)), expected, "{matcher:?}");
    }
}

#[test]
fn query_conditions_see_the_first_raw_value() {
    for (query, name, value, expected) in [
        ("?a=1&a=2", "a", exact("2"), false),
        ("?a=1&a=2", "a", exact("1"), true),
        ("?a=%31", "a", exact("1"), false),
        ("?a=%31", "a", exact("%31"), true),
        ("?a", "a", exact(""), true),
        ("?a=", "a", exact(""), true),
        ("?A", "a", StringMatcher::Present, false),
        ("?&&a=b=c", "a", exact("b=c"), true),
        ("", "a", StringMatcher::Present, false),
        ("?x?a=1", "a", StringMatcher::Present, false),
    ] {
        let query_matcher = QueryMatcher { name: name.to_owned(), value };
        let matcher =
            RouteMatcher { query: vec![query_matcher], ..RouteMatcher::path(PathMatcher::Any) };
        assert_eq!(matcher.matches(&request(&format!("/{query}"), &[])), expected, "{query}");
    }
}

#[test]
fn a_claim_needs_a_token() {
    let claim = |without| {
        let claims = vec![ClaimMatcher { claim: "groups".into(), value: exact("dev"), without }];
        RouteMatcher { claims, ..RouteMatcher::path(PathMatcher::Any) }
    };
    let mut anonymous = request("/", &[("@request.auth.claims.groups", "dev")]);
    assert!(!claim(false).matches(&anonymous));
    assert!(claim(true).matches(&anonymous));
    anonymous.claims.push(("groups".into(), "dev".into()));
    assert!(claim(false).matches(&anonymous));
    assert!(!claim(true).matches(&anonymous));
}

#[test]
fn the_first_unmet_condition_is_named() {
    let mut matcher = header("x", exact("1"), false);
    matcher.path = PathMatcher::Prefix { prefix: "/a".into(), ignore_case: false };
    let path = matcher.path.clone();
    assert_eq!(matcher.mismatch(&request("/b", &[])), Some(Mismatch::Path(&path)));
    let named = matcher.mismatch(&request("/a", &[]));
    assert!(matches!(named, Some(Mismatch::Header(header)) if header.name == "x"));
}

#[test]
fn only_unconditional_roots_are_catch_alls() {
    let root = |text: &str| PathMatcher::Prefix { prefix: text.into(), ignore_case: true };
    let regex = |text: &str| PathMatcher::Regex(Regex::new(text).unwrap());
    for (path, expected) in [
        (PathMatcher::Any, true),
        (root("/"), true),
        (root(""), false),
        (regex(".*"), true),
        (regex("/.*"), false),
        (PathMatcher::SegmentPrefix("/".into()), true),
    ] {
        assert_eq!(RouteMatcher::path(path.clone()).is_catch_all(), expected, "{path:?}");
    }
    assert!(!header(":method", StringMatcher::Present, false).is_catch_all());
}
