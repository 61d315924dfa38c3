//! Policies of a route as plain data: faults, retries, mirrors, CORS, hash keys.

use super::matcher::StringMatcher;
use super::path::split_query;
use super::request::Request;
use crate::units::Nanos;

/// A share of requests, drawn as `random mod denominator < numerator`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fraction {
    /// How many of `denominator`.
    pub numerator: u32,
    /// 100, 10,000 or 1,000,000; never 0.
    pub denominator: u32,
}

/// Fault injection of a route: delay first, then abort, independent draws.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fault {
    /// How long and how often requests wait before the router sees them.
    pub delay: Option<(Nanos, Fraction)>,
    /// How often requests are answered by the proxy instead.
    pub abort: Option<(Abort, Fraction)>,
}

/// The answer of an aborted request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Abort {
    /// This status with the body `fault filter abort`.
    Http(u16),
    /// Status 200 with this grpc-status.
    Grpc(u32),
}

/// When and how often a failed attempt is repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Retries beyond the first attempt.
    pub attempts: u32,
    /// Envoy's conditions in order.
    pub on: Vec<String>,
    /// Statuses behind `retriable-status-codes`.
    pub status_codes: Vec<u16>,
    /// Limit of one attempt.
    pub per_try_timeout: Option<Nanos>,
    /// First back-off interval; Envoy's 25 ms if absent.
    pub backoff: Option<Nanos>,
    /// Whether a retry looks for a host that was not tried yet.
    pub another_host: bool,
    /// Whether retries may leave the locality priorities already tried (E-119).
    pub remote_localities: bool,
}

/// A copy of requests to another cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirror {
    /// Name of the cluster that gets the copy, whether it exists or not.
    pub cluster: String,
    /// Drawn with the request's one random number (E-02).
    pub fraction: Fraction,
}

/// Cross-origin policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cors {
    /// Origins that are served, compared as plain text.
    pub origins: Vec<StringMatcher>,
    /// `access-control-allow-methods`, joined; empty: not sent.
    pub methods: Vec<String>,
    /// `access-control-allow-headers`, joined; empty: not sent.
    pub headers: Vec<String>,
    /// `access-control-expose-headers`, joined; empty: not sent.
    pub expose: Vec<String>,
    /// `access-control-max-age` in seconds.
    pub max_age: Option<u64>,
    /// Whether `access-control-allow-credentials: true` is sent.
    pub credentials: bool,
    /// Whether preflights of foreign origins go to the application.
    pub forward_unmatched_preflights: bool,
}

/// Where a consistent-hash balancer takes its key from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HashKey {
    /// All values of a header; the name as written.
    Header(String),
    /// A cookie; generated if `ttl` is given.
    Cookie {
        /// Name of the cookie.
        name: String,
        /// Life time; `Some(0)` is a session cookie.
        ttl: Option<Nanos>,
        /// Path of a generated cookie.
        path: Option<String>,
        /// Further attributes of a generated cookie.
        attributes: Vec<(String, Option<String>)>,
    },
    /// The client's address.
    SourceIp,
    /// The first value of a query parameter.
    QueryParameter(String),
}

// === impl Fraction ===

impl Fraction {
    /// All requests.
    pub const ALL: Self = Self { numerator: 100, denominator: 100 };

    /// Tells whether a random number draws the fraction.
    #[must_use]
    pub fn draws(self, random: u64) -> bool {
        random % u64::from(self.denominator) < u64::from(self.numerator)
    }

    /// Returns the share in percent.
    #[must_use]
    pub fn percent(self) -> f64 {
        f64::from(self.numerator) * 100.0 / f64::from(self.denominator)
    }
}

// === impl RetryPolicy ===

impl RetryPolicy {
    /// Tells whether an answer of the endpoint makes the proxy try again (E-120).
    #[must_use]
    pub fn retries_status(&self, status: u16) -> bool {
        self.on.iter().any(|condition| match condition.as_str() {
            "5xx" => (500..600).contains(&status),
            "gateway-error" => (502..=504).contains(&status),
            "retriable-4xx" => status == 409,
            "retriable-status-codes" => self.status_codes.contains(&status),
            _ => false,
        })
    }
}

// === impl Cors ===

impl Cors {
    /// Tells whether a request is a preflight.
    #[must_use]
    pub fn is_preflight(request: &Request) -> bool {
        request.method == "OPTIONS"
            && request.headers.first("origin").is_some_and(|origin| !origin.is_empty())
            && request
                .headers
                .first("access-control-request-method")
                .is_some_and(|method| !method.is_empty())
    }

    /// Returns the request's origin if the policy serves it; what matches the text `*` serves all.
    #[must_use]
    pub fn served_origin<'r>(&self, request: &'r Request) -> Option<&'r str> {
        let origin = request.headers.first("origin").filter(|origin| !origin.is_empty())?;
        let serves = |matcher: &StringMatcher| matcher.matches("*") || matcher.matches(origin);
        self.origins.iter().any(serves).then_some(origin)
    }
}

// === impl HashKey ===

impl HashKey {
    /// Returns the hash of the key in a request, `None` if the request does not have it (E-58).
    #[must_use]
    pub fn hash(&self, request: &Request, client: &str) -> Option<u64> {
        match self {
            Self::Header(name) => {
                let name = name.to_ascii_lowercase();
                let mut values: Vec<&str> = match name.as_str() {
                    ":authority" | "host" => vec![&request.authority],
                    ":path" => vec![&request.path],
                    ":method" => vec![&request.method],
                    _ => request.headers.values(&name).collect(),
                };
                values.sort_unstable();
                // Each value is hashed with the hash of the ones before it as the seed.
                let chained =
                    |seed, value: &&str| xxhash_rust::xxh64::xxh64(value.as_bytes(), seed);
                (!values.is_empty()).then(|| values.iter().fold(0, chained))
            }
            Self::Cookie { name, .. } => cookie(request, name).map(xxh64),
            Self::SourceIp => Some(xxh64(client)),
            Self::QueryParameter(name) => {
                let query = split_query(&request.path).1.unwrap_or_default();
                let pieces = query.split('&').filter(|piece| !piece.is_empty());
                let mut pairs = pieces.map(|piece| piece.split_once('=').unwrap_or((piece, "")));
                pairs.find(|(key, _)| key == name).map(|(_, value)| xxh64(value))
            }
        }
    }
}

/// Combines the hashes of several keys as Envoy does: rotate left by one, then exclusive or (E-58).
#[must_use]
pub fn combined_hash(keys: &[HashKey], request: &Request, client: &str) -> Option<u64> {
    let hashes = keys.iter().filter_map(|key| key.hash(request, client));
    hashes.fold(None, |sum: Option<u64>, hash| {
        Some(sum.map_or(hash, |sum| sum.rotate_left(1) ^ hash))
    })
}

/// The first cookie of a name on any Cookie line; quotes around the value are not part of it, and an empty one is
/// none.
fn cookie<'r>(request: &'r Request, name: &'r str) -> Option<&'r str> {
    let pieces = request.headers.values("cookie").flat_map(|line| line.split(';'));
    let mut pairs = pieces.filter_map(|piece| piece.trim().split_once('='));
    let value = pairs.find(|(key, _)| *key == name)?.1;
    let bare = value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap_or(value);
    (!bare.is_empty()).then_some(bare)
}

/// XXH64 with seed 0.
#[must_use]
pub fn xxh64(text: &str) -> u64 {
    xxhash_rust::xxh64::xxh64(text.as_bytes(), 0)
}

#[cfg(test)]
mod tests {
    use super::super::headers::HeaderMap;
    use super::*;

    fn request(path: &str, lines: &[(&str, &str)]) -> Request {
        let mut request = Request::get("shop", path);
        request.headers = HeaderMap::decode(lines.iter().copied());
        request
    }

    #[test]
    fn hashes_are_those_of_envoy() {
        // E-58 and the recorded xxh64 values of spec/envoy-golden.json.
        let header = HashKey::Header("X-User".into());
        assert_eq!(
            header.hash(&request("/", &[("x-user", "alice")]), ""),
            Some(0x73a3_ea48_5f2e_6049)
        );
        assert_eq!(header.hash(&request("/", &[]), ""), None);
        let two = request("/", &[("x-user", "b"), ("x-user", "a")]);
        let chained = xxhash_rust::xxh64::xxh64(b"b", xxh64("a"));
        assert_eq!(header.hash(&two, ""), Some(chained));
        let query = HashKey::QueryParameter("u".into());
        assert_eq!(query.hash(&request("/?a=1&u=alice&u=b", &[]), ""), Some(xxh64("alice")));
        let cookie =
            HashKey::Cookie { name: "u".into(), ttl: None, path: None, attributes: Vec::new() };
        let jar = request("/", &[("cookie", "a=1; u=\"alice\"; u=b")]);
        assert_eq!(cookie.hash(&jar, ""), Some(xxh64("alice")));
        for empty in ["u=", "u=; u=b", "u=\"\""] {
            assert_eq!(cookie.hash(&request("/", &[("cookie", empty)]), ""), None, "{empty}");
        }
    }

    #[test]
    fn an_origin_is_served_by_its_own_matcher_or_by_one_that_takes_the_star() {
        let exact = |text: &str| StringMatcher::Exact(text.into());
        let regex = |text: &str| StringMatcher::Regex(super::super::re2::Regex::new(text).unwrap());
        for (matcher, expected) in [
            (exact("http://a.test"), true),
            (exact("http://b.test"), false),
            (exact("*"), true),
            (regex("."), true),
            (regex("http"), false),
            (StringMatcher::Prefix("http".into()), true),
        ] {
            let cors = Cors { origins: vec![matcher.clone()], ..Cors::default() };
            let request = request("/", &[("origin", "http://a.test")]);
            assert_eq!(cors.served_origin(&request).is_some(), expected, "{matcher:?}");
        }
    }

    #[test]
    fn several_keys_combine_by_rotation() {
        let keys = [HashKey::Header("a".into()), HashKey::Header("b".into()), HashKey::SourceIp];
        let request = request("/", &[("a", "1"), ("b", "2")]);
        let expected = (xxh64("1").rotate_left(1) ^ xxh64("2")).rotate_left(1) ^ xxh64("10.0.0.1");
        assert_eq!(combined_hash(&keys, &request, "10.0.0.1"), Some(expected));
        assert_eq!(combined_hash(&keys[..0], &request, ""), None);
    }

    #[test]
    fn a_fraction_is_drawn_by_remainder() {
        let half = Fraction { numerator: 50, denominator: 100 };
        assert!(half.draws(149) && !half.draws(150));
        assert!((half.percent() - 50.0).abs() < 1e-12);
    }
}
