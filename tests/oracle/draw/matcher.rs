//! Conditions of routes.

use lanecast::data_plane::{
    ClaimMatcher, HeaderMatcher, PathMatcher, QueryMatcher, RouteMatcher, StringMatcher,
};
use proptest::collection::vec;
use proptest::prelude::*;

use super::path::{QUERY_NAMES, QUERY_VALUES, pattern, plain};
use super::{HEADERS, VALUES, one_of};

/// All conditions of a route.
pub(super) fn matcher() -> impl Strategy<Value = RouteMatcher> {
    let headers = prop_oneof![2 => Just(Vec::new()), 3 => vec(header(), 0..3)];
    let claims = prop_oneof![24 => Just(Vec::new()), 1 => vec(claim(), 1..2)];
    let query = prop_oneof![4 => Just(Vec::new()), 1 => vec(query(), 0..3)];
    (path(), headers, query, claims).prop_map(|(path, headers, query, claims)| RouteMatcher {
        path,
        headers,
        query,
        claims,
    })
}

fn path() -> impl Strategy<Value = PathMatcher> {
    let case = || proptest::bool::weighted(0.2);
    let exact =
        prop_oneof![20 => plain(), 1 => one_of(&["", "/%7Bid%7D", "/a;x=1", "/a//b", "/a%2Fb"])];
    let prefix = prop_oneof![12 => plain(), 1 => one_of(&["", "//", "/a%2F", "/a;"])];
    prop_oneof![
        3 => Just(PathMatcher::Any),
        3 => (exact, case()).prop_map(|(path, ignore_case)| PathMatcher::Exact { path, ignore_case }),
        5 => (prefix, case())
            .prop_map(|(prefix, ignore_case)| PathMatcher::Prefix { prefix, ignore_case }),
        3 => plain().prop_map(|text| {
            let trimmed = text.trim_end_matches('/');
            PathMatcher::SegmentPrefix(if trimmed.is_empty() { "/" } else { trimmed }.to_owned())
        }),
        3 => pattern().prop_map(PathMatcher::Regex),
    ]
}

fn header() -> impl Strategy<Value = HeaderMatcher> {
    let without = || proptest::bool::weighted(0.3);
    let plain = (one_of(&HEADERS), string(&VALUES), without());
    let pseudo = prop_oneof![
        (one_of(&[":method"]), string(&["GET", "POST", "get", "OPTIONS"]), without()),
        (
            one_of(&[":authority", "host"]),
            string(&["shop.test", "shop.test:80", "SHOP"]),
            without()
        ),
        (one_of(&[":path"]), string(&["/a", "/a?q=1", "/"]), without()),
        (one_of(&[":scheme", "x-forwarded-proto"]), string(&["http", "https", "HTTPS"]), without()),
    ];
    let added = one_of(&[
        "x-request-id",
        "x-forwarded-for",
        "x-envoy-external-address",
        "x-envoy-retry-on",
        "x-forwarded-client-cert",
        "te",
        "keep-alive",
        "x-envoy-internal",
        "x-envoy-attempt-count",
        "x-envoy-original-path",
        "x-envoy-upstream-rq-timeout-foo",
    ]);
    let added = (added, Just(StringMatcher::Present), without());
    prop_oneof![8 => plain, 2 => pseudo, 1 => added]
        .prop_map(|(name, value, without)| HeaderMatcher { name, value, without })
}

fn query() -> impl Strategy<Value = QueryMatcher> {
    (one_of(&QUERY_NAMES), string(&QUERY_VALUES))
        .prop_map(|(name, value)| QueryMatcher { name, value })
}

fn claim() -> impl Strategy<Value = ClaimMatcher> {
    (one_of(&["sub", "group.id"]), string(&VALUES), any::<bool>())
        .prop_map(|(claim, value, without)| ClaimMatcher { claim, value, without })
}

/// A condition on a value that is often one of some texts.
pub(super) fn string(texts: &'static [&'static str]) -> BoxedStrategy<StringMatcher> {
    let prefix = one_of(texts).prop_map(|text| {
        let shorter: String = text.chars().take(text.chars().count().div_ceil(2)).collect();
        StringMatcher::Prefix(if shorter.is_empty() { "v".to_owned() } else { shorter })
    });
    prop_oneof![
        1 => Just(StringMatcher::Present),
        4 => one_of(texts).prop_map(StringMatcher::Exact),
        2 => prefix,
        2 => pattern().prop_map(StringMatcher::Regex),
    ]
    .boxed()
}
