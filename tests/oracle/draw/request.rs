//! Requests that are aimed at a route of a table, and miss it now and then.

use lanecast::data_plane::{
    HeaderMatcher, PathMatcher, QueryMatcher, Route, RouteTable, StringMatcher, VirtualHost,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::{HEADERS, VALUES, one_of, path};
use crate::scene::Asked;

/// A request before it is aimed.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    host: Index,
    domain: Index,
    route: Index,
    /// Which parts follow the route; a part that does not is random.
    follows: [bool; 4],
    label: String,
    spelling: Spelling,
    /// The first that a condition takes is used.
    paths: Vec<String>,
    query: Option<String>,
    lines: Vec<(String, String)>,
    method: String,
    pick: u64,
}

/// Methods that clients use.
const METHODS: [&str; 7] = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];

/// How a host is spelt.
#[derive(Clone, Copy, Debug)]
enum Spelling {
    Plain,
    Upper,
    Port(&'static str),
}

/// A request that is aimed later.
pub(crate) fn draft() -> impl Strategy<Value = Draft> {
    let often = || proptest::bool::weighted(0.9);
    let follows = (often(), often(), often(), often()).prop_map(|(a, b, c, d)| [a, b, c, d]);
    let place = (any::<Index>(), any::<Index>(), any::<Index>(), follows);
    let spelling = prop_oneof![
        8 => Just(Spelling::Plain),
        1 => Just(Spelling::Upper),
        2 => select(&[":80", ":8443", ":443", ":", ":x", ":80:90"][..]).prop_map(Spelling::Port),
    ];
    let label = one_of(&["a", "b", "x.y", "cart-", "shop", "zz-v2"]);
    let lines = vec(line(), 0..4);
    let method = prop_oneof![
        6 => Just("GET".to_owned()),
        1 => one_of(&METHODS),
    ];
    let query = proptest::option::weighted(0.3, path::query());
    let rest = (vec(path::sent(), 6), query, lines, method, any::<u64>());
    (place, label, spelling, rest).prop_map(
        |((host, domain, route, follows), label, spelling, (paths, query, lines, method, pick))| {
            Draft {
                host,
                domain,
                route,
                follows,
                label,
                spelling,
                paths,
                query,
                lines,
                method,
                pick,
            }
        },
    )
}

fn line() -> impl Strategy<Value = (String, String)> {
    let usual = (one_of(&HEADERS), one_of(&VALUES));
    let cased = (one_of(&["X-A", "X-Lane", "Accept"]), one_of(&VALUES));
    let proxy = prop_oneof![
        (
            one_of(&["x-forwarded-proto"]),
            one_of(&["http", "https", "HTTPS", "gopher", "", "https,http"])
        ),
        (one_of(&["x-forwarded-for"]), one_of(&["192.0.2.7", "192.0.2.7, 10.1.1.1", "nonsense"])),
        (one_of(&["x-request-id"]), one_of(&["mine", "", "11111111-2222-4333-8444-555555555555"])),
        (one_of(&["x-envoy-retry-on", "x-envoy-max-retries"]), one_of(&["5xx", "3"])),
        (one_of(&["x-envoy-upstream-rq-timeout-ms", "x-envoy-internal"]), one_of(&["1", "true"])),
        (
            one_of(&["te"]),
            one_of(&["trailers", "gzip", "Trailers", "gzip, trailers", "trailers;q=1"])
        ),
        (
            one_of(&["keep-alive", "proxy-connection", "x-forwarded-client-cert"]),
            one_of(&["a", "b"])
        ),
        (
            // None so short that it could end.
            one_of(&["grpc-timeout"]),
            one_of(&[
                "20S",
                "7000m",
                " 6000000u",
                "+1M",
                "9 H",
                "99999999H",
                "123456789m",
                "1",
                "x"
            ])
        ),
        (one_of(&["access-control-request-method"]), one_of(&["PUT", ""])),
        (one_of(&["access-control-request-headers"]), one_of(&["x-a", "x-a,x-b"])),
        (one_of(&["x-envoy-original-path", "x-envoy-original-host"]), one_of(&["/fake", "fake"])),
        (one_of(&["x-envoy-attempt-count", "x-envoy-decorator-operation"]), one_of(&["7", "fake"])),
        (one_of(&["x-envoy-upstream-rq-timeout-foo", "x-envoy-external-address"]), one_of(&["7"])),
        (one_of(&["via", "referer", "authorization", "x-forwarded-host"]), one_of(&VALUES)),
    ];
    prop_oneof![8 => usual, 1 => cased, 3 => proxy]
}

// === impl Draft ===

impl Draft {
    /// Writes the request for a table.
    pub(crate) fn aim(mut self, table: &RouteTable) -> Asked {
        let hosts = table.virtual_hosts();
        let host = self.host.get(hosts);
        let name = self.name(host);
        let route = (!host.routes.is_empty()).then(|| self.route.get(&host.routes));
        let matcher = route.map(|route| &route.matcher);
        let path = match matcher.filter(|_| self.follows[1]) {
            Some(matcher) => self.path(&matcher.path),
            None => self.paths.swap_remove(0),
        };
        let mut query = self.query.take();
        if let (Some(matcher), true) = (matcher, self.follows[2]) {
            for condition in &matcher.query {
                add_parameter(&mut query, condition);
            }
            for condition in &matcher.headers {
                self.add_line(condition);
            }
        }
        if let (Some(route), true) = (route, self.follows[3]) {
            self.make_preflight(route);
        }
        // A request line without a path is no request.
        let path = if path.is_empty() { "/".to_owned() } else { path };
        let path = match query {
            Some(query) => format!("{path}?{query}"),
            None => path,
        };
        Asked { method: self.method, host: name, path, lines: self.lines, pick: self.pick }
    }

    fn name(&self, host: &VirtualHost) -> String {
        let domain = self.domain.get(&host.domains);
        let name = if !self.follows[0] {
            format!("{}.shop.test", self.label)
        } else if let Some(suffix) = domain.strip_prefix('*') {
            format!("{}{suffix}", self.label)
        } else if let Some(prefix) = domain.strip_suffix('*') {
            format!("{prefix}{}", self.label)
        } else {
            domain.clone()
        };
        match self.spelling {
            Spelling::Plain => name,
            Spelling::Upper => name.to_uppercase(),
            Spelling::Port(port) => format!("{name}{port}"),
        }
    }

    /// A path that the condition takes, with a tail where one is allowed.
    fn path(&self, matcher: &PathMatcher) -> String {
        let tail = self.paths[0].trim_start_matches('/');
        match matcher {
            PathMatcher::Any => self.paths[0].clone(),
            PathMatcher::Exact { path, .. } => path.clone(),
            PathMatcher::Prefix { prefix, .. } => format!("{prefix}{tail}"),
            PathMatcher::SegmentPrefix(prefix) => {
                format!("{}/{tail}", prefix.trim_end_matches('/'))
            }
            PathMatcher::Regex(regex) => {
                let fits = self.paths.iter().find(|path| regex.matches(path));
                fits.unwrap_or(&self.paths[0]).clone()
            }
        }
    }

    fn add_line(&mut self, condition: &HeaderMatcher) {
        if condition.without {
            return;
        }
        let Some(value) = fitting(&condition.value, &VALUES) else { return };
        match condition.name.as_str() {
            // Envoy's HTTP/1 parser knows capital methods only.
            ":method" if METHODS.contains(&value.as_str()) => self.method = value,
            name if name.starts_with(':') || name == "host" => {}
            name => self.lines.push((name.to_owned(), value)),
        }
    }

    /// Half of the requests to a route with a cross-origin policy ask what such policies are about.
    fn make_preflight(&mut self, route: &Route) {
        let Some(cors) = &route.cors else { return };
        if self.pick.is_multiple_of(2) {
            let origins = ["http://a.test", "https://b.test:8443"];
            let fits = cors.origins.iter().find_map(|origin| fitting(origin, &origins));
            let origin = fits.unwrap_or_else(|| "http://foreign.test".to_owned());
            self.lines.push(("origin".to_owned(), origin));
        }
        if self.pick.is_multiple_of(4) {
            "OPTIONS".clone_into(&mut self.method);
            self.lines.push(("access-control-request-method".to_owned(), "PUT".to_owned()));
        }
    }
}

fn add_parameter(query: &mut Option<String>, condition: &QueryMatcher) {
    let Some(value) = fitting(&condition.value, &path::QUERY_VALUES) else { return };
    let pair = format!("{}={value}", condition.name);
    *query = Some(match query.take() {
        Some(query) => format!("{query}&{pair}"),
        None => pair,
    });
}

/// A value that a condition takes, if one is easily found.
fn fitting(matcher: &StringMatcher, values: &[&str]) -> Option<String> {
    match matcher {
        StringMatcher::Exact(text) => Some(text.clone()),
        StringMatcher::Prefix(text) => Some(format!("{text}1")),
        StringMatcher::Present | StringMatcher::Regex(_) => {
            values.iter().find(|value| matcher.matches(value)).map(|value| (*value).to_owned())
        }
    }
}
