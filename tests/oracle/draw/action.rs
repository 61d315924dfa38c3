//! What routes do.

use lanecast::data_plane::{
    Abort, Cors, Destination, DirectResponse, Fault, Forward, Fraction, HashKey, Mirror,
    PathRewrite, Redirect, RedirectPath, RetryPolicy, RouteAction, StringMatcher,
};
use lanecast::units::Nanos;
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;

use super::path::pattern;
use super::{matcher, one_of, ops};
use crate::world::{ALL, MISSING, SERVING};

/// Any action; most forward.
pub(super) fn action() -> impl Strategy<Value = RouteAction> {
    prop_oneof![
        8 => forward().prop_map(|forward| RouteAction::Forward(Box::new(forward))),
        1 => redirect().prop_map(RouteAction::Redirect),
        1 => direct().prop_map(RouteAction::Direct),
    ]
}

fn forward() -> impl Strategy<Value = Forward> {
    let destinations = prop_oneof![
        1 => vec(destination(), 1..2),
        4 => vec(destination(), 2..6),
    ];
    let host = weighted(0.15, one_of(&["new.test", "shop.test", "v2.shop.test:8080"]));
    let routing = (destinations, ops::request(), host, weighted(0.25, rewrite()));
    let timeout = weighted(0.2, select(&[5_000_u64, 30_000][..]).prop_map(Nanos::from_millis));
    let mirrors = prop_oneof![5 => Just(Vec::new()), 1 => vec(mirror(), 1..3)];
    let hash = prop_oneof![3 => Just(Vec::new()), 2 => vec(hash_key(), 1..4)];
    let policy = (timeout, weighted(0.5, retry()), mirrors, hash, select(&[503_u16, 500, 404][..]));
    (routing, policy).prop_map(
        |((destinations, request_ops, host_rewrite, path_rewrite), policy)| {
            let (timeout, retry, mirrors, hash, missing_cluster_status) = policy;
            Forward {
                destinations,
                request_ops,
                host_rewrite,
                path_rewrite,
                timeout,
                retry,
                mirrors,
                hash,
                missing_cluster_status,
            }
        },
    )
}

fn destination() -> impl Strategy<Value = Destination> {
    let cluster = || prop_oneof![8 => one_of(&SERVING), 1 => one_of(&MISSING)];
    let weight = select(&[0_u32, 1, 2, 5, 30, 50, 70, 100, 1_000_000, 400_000_000][..]);
    let host = weighted(0.1, one_of(&["d.test", "shop.test"]));
    // What has a fallback fails more often.
    let clusters = prop_oneof![
        6 => (cluster(), Just(None)),
        1 => (one_of(&ALL), cluster().prop_map(Some)),
    ];
    let blocks = prop_oneof![
        3 => Just(Default::default()),
        1 => (ops::request(), ops::response()),
    ];
    (clusters, weight, host, blocks).prop_map(
        |((cluster, fallback), weight, host_rewrite, (request_ops, response_ops))| Destination {
            cluster,
            weight,
            request_ops,
            response_ops,
            host_rewrite,
            fallback,
        },
    )
}

fn rewrite() -> impl Strategy<Value = PathRewrite> {
    let substitution = one_of(&["/x", "x", r"/\0-", r"\\", r"<\1>", r"/\2/\1"]);
    let regex = (pattern(), substitution).prop_map(|(pattern, substitution)| {
        let highest = substitution.bytes().filter(u8::is_ascii_digit).max().unwrap_or(b'0');
        // Envoy refuses groups that the pattern does not have.
        let known = usize::from(highest - b'0') <= pattern.groups();
        let substitution = if known { substitution } else { "/y".to_owned() };
        PathRewrite::Regex { pattern, substitution }
    });
    let prefix =
        one_of(&["/", "/new", "/v2/", "/new/deep", "/n?", "n"]).prop_map(PathRewrite::Prefix);
    prop_oneof![prefix, regex]
}

fn mirror() -> impl Strategy<Value = Mirror> {
    let cluster = prop_oneof![6 => one_of(&SERVING), 1 => one_of(&MISSING)];
    (cluster, certain()).prop_map(|(cluster, fraction)| Mirror { cluster, fraction })
}

/// Nothing or everything: other shares depend on numbers that only Envoy knows.
fn certain() -> impl Strategy<Value = Fraction> {
    (select(&[100_u32, 10_000, 1_000_000][..]), proptest::bool::weighted(0.7)).prop_map(
        |(denominator, all)| Fraction { numerator: if all { denominator } else { 0 }, denominator },
    )
}

fn retry() -> impl Strategy<Value = RetryPolicy> {
    let on = vec(one_of(&["connect-failure", "reset", "refused-stream", "cancelled"]), 1..3);
    let codes = vec(select(&[500_u16, 502, 503][..]), 0..3);
    let time =
        |share| weighted(share, select(&[2_000_u64, 8_000][..]).prop_map(Nanos::from_millis));
    (0_u32..4, on, codes, time(0.3), time(0.2), any::<bool>(), proptest::bool::weighted(0.1))
        .prop_map(
            |(
                attempts,
                on,
                status_codes,
                per_try_timeout,
                backoff,
                another_host,
                remote_localities,
            )| {
                RetryPolicy {
                    attempts,
                    on,
                    status_codes,
                    per_try_timeout,
                    backoff,
                    another_host,
                    remote_localities,
                }
            },
        )
}

fn hash_key() -> impl Strategy<Value = HashKey> {
    let cookie = one_of(&["u", "a", "nobody"]).prop_map(|name| HashKey::Cookie {
        name,
        ttl: None,
        path: None,
        attributes: Vec::new(),
    });
    prop_oneof![
        3 => one_of(&["X-A", "x-b", "x-oracle-id", ":authority", ":path"]).prop_map(HashKey::Header),
        2 => cookie,
        1 => Just(HashKey::SourceIp),
        1 => one_of(&["q", "a"]).prop_map(HashKey::QueryParameter),
    ]
}

fn redirect() -> impl Strategy<Value = Redirect> {
    let path = prop_oneof![
        Just(RedirectPath::Keep),
        one_of(&["/new", "/new?x=1", "new", "/"]).prop_map(RedirectPath::Full),
        one_of(&["/p", "/", "p", "/p/"]).prop_map(RedirectPath::Prefix),
    ];
    let scheme = weighted(0.5, one_of(&["http", "https"]));
    let authority = weighted(0.4, one_of(&["n.test", "n.test:1"]));
    let port = weighted(0.3, select(&[80_u16, 443, 8443][..]));
    (scheme, authority, path, port, select(&[301_u16, 302, 303, 307, 308][..])).prop_map(
        |(scheme, authority, path, port, status)| Redirect {
            scheme,
            authority,
            path,
            port,
            status,
        },
    )
}

fn direct() -> impl Strategy<Value = DirectResponse> {
    let status = select(&[200_u16, 201, 302, 400, 404, 429, 500, 503, 599][..]);
    (status, one_of(&["", "hello", "{\"a\": 1}\n"]))
        .prop_map(|(status, body)| DirectResponse { status, body })
}

/// Faults for nobody or everybody; delays are short.
pub(super) fn fault() -> impl Strategy<Value = Fault> {
    let abort = prop_oneof![
        select(&[200_u16, 400, 418, 503, 599][..]).prop_map(Abort::Http),
        select(&[0_u32, 5, 14][..]).prop_map(Abort::Grpc),
    ];
    let delay = weighted(0.3, (Just(Nanos::MILLISECOND), certain()));
    (delay, weighted(0.8, (abort, certain()))).prop_map(|(delay, abort)| Fault { delay, abort })
}

/// Cross-origin policies.
pub(super) fn cors() -> impl Strategy<Value = Cors> {
    let origins: BoxedStrategy<StringMatcher> =
        matcher::string(&["http://a.test", "https://b.test:8443", "http://A.test"]);
    let list = |texts: &'static [&'static str]| {
        prop_oneof![Just(Vec::new()), vec(one_of(texts), 1..3), Just(vec!["*".to_owned()])]
    };
    let lists = (list(&["GET", "PUT"]), list(&["x-a", "X-B"]), list(&["x-app", "x-a"]));
    let age = weighted(0.5, select(&[0_u64, 600][..]));
    (vec(origins, 0..3), lists, age, any::<bool>(), any::<bool>()).prop_map(
        |(origins, (methods, headers, expose), max_age, credentials, forward)| Cors {
            origins,
            methods,
            headers,
            expose,
            max_age,
            credentials,
            forward_unmatched_preflights: forward,
        },
    )
}
