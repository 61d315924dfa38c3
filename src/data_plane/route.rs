//! Routes and what they do: forward to weighted clusters, redirect, or answer directly.

use super::grpc;
use super::matcher::{PathMatcher, RouteMatcher};
use super::mutation::HeaderOps;
use super::policy::{Cors, Fault, HashKey, Mirror, RetryPolicy};
use super::request::Request;
use super::rewrite::{PathRewrite, Redirect, kept_host};
use crate::units::Nanos;

/// One entry of a virtual host.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// Envoy's name of the route, `<rule>.<match>`.
    pub name: String,
    /// The rule it was made from; `None` for routes that nobody wrote.
    pub source: Option<RouteSource>,
    /// Which requests it takes.
    pub matcher: RouteMatcher,
    /// What it does with them.
    pub action: RouteAction,
    /// Faults that are injected before the action.
    pub fault: Option<Fault>,
    /// Cross-origin policy.
    pub cors: Option<Cors>,
    /// Operations on every answer.
    pub response_ops: HeaderOps,
}

/// The rule of a config object that a route was made from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RouteSource {
    /// `VirtualService shop/reviews`.
    pub object: String,
    /// Index of the http entry in the object.
    pub rule: usize,
    /// Name of the http entry; empty if it has none.
    pub rule_name: String,
    /// Index of the match inside the entry; `None` if the entry has no match.
    pub condition: Option<usize>,
}

/// What a route does.
#[derive(Clone, Debug, PartialEq)]
pub enum RouteAction {
    /// Sends the request on.
    Forward(Box<Forward>),
    /// Answers with a redirect.
    Redirect(Redirect),
    /// Answers itself.
    Direct(DirectResponse),
}

/// An answer that the proxy gives itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectResponse {
    /// Status.
    pub status: u16,
    /// Body; empty if none.
    pub body: String,
}

/// Where and how requests are sent on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Forward {
    /// The weighted clusters in listed order; weight 0 is kept and never picked.
    pub destinations: Vec<Destination>,
    /// Operations of the route, after those of the picked destination.
    pub request_ops: HeaderOps,
    /// New Host, before that of the destination.
    pub host_rewrite: Option<String>,
    /// New path.
    pub path_rewrite: Option<PathRewrite>,
    /// Limit of the whole request; `None` is none.
    pub timeout: Option<Nanos>,
    /// Retries; `None` is no policy at all.
    pub retry: Option<RetryPolicy>,
    /// Copies.
    pub mirrors: Vec<Mirror>,
    /// Keys of consistent-hash balancers, in order.
    pub hash: Vec<HashKey>,
    /// Status when the picked cluster does not exist: 503, or 500 for Gateway API.
    pub missing_cluster_status: u16,
}

/// One weighted cluster of a route.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Destination {
    /// Name of the cluster, whether it exists or not; the subset `$label` is looked up per request.
    pub cluster: String,
    /// Relative weight.
    pub weight: u32,
    /// Operations of this destination.
    pub request_ops: HeaderOps,
    /// Operations on answers from this destination.
    pub response_ops: HeaderOps,
    /// New Host.
    pub host_rewrite: Option<String>,
    /// ASM: the cluster that takes over when this one has no healthy endpoint (asm-lanes 2.5).
    pub fallback: Option<String>,
}

// === impl Route ===

impl Route {
    /// Builds a route that nobody wrote, without faults, cross-origin policy or header operations.
    #[must_use]
    pub fn new(name: impl Into<String>, matcher: RouteMatcher, action: RouteAction) -> Self {
        Self {
            name: name.into(),
            source: None,
            matcher,
            action,
            fault: None,
            cors: None,
            response_ops: HeaderOps::default(),
        }
    }
}

// === impl DirectResponse ===

impl DirectResponse {
    /// Returns the `location` that Envoy adds to a 201 and to every 3xx: the address of the request.
    #[must_use]
    pub fn location(&self, request: &Request) -> Option<String> {
        let Request { scheme, path, .. } = request;
        let has_one = matches!(self.status, 201 | 300..=399);
        has_one.then(|| format!("{scheme}://{}{path}", kept_host(scheme, request)))
    }
}

// === impl Forward ===

impl Forward {
    /// Returns the sum of the weights.
    #[must_use]
    pub fn total_weight(&self) -> u64 {
        self.destinations.iter().map(|destination| u64::from(destination.weight)).sum()
    }

    /// Picks a destination with the request's one random number (E-50): the first interval of
    /// `random mod total` in listed order. A single destination needs no number.
    #[must_use]
    pub fn pick(&self, random: u64) -> usize {
        let total = self.total_weight();
        if total == 0 {
            return 0;
        }
        let mut left = random % total;
        for (index, destination) in self.destinations.iter().enumerate() {
            let weight = u64::from(destination.weight);
            if left < weight {
                return index;
            }
            left -= weight;
        }
        0
    }

    /// Returns the request that leaves for a destination: headers, then Host, then path.
    #[must_use]
    pub fn forwarded(
        &self,
        matched: &PathMatcher,
        destination: usize,
        request: &Request,
    ) -> Request {
        let mut sent = request.clone();
        let Some(destination) = self.destinations.get(destination) else { return sent };
        // The destination's block first, so the route's wins.
        destination.request_ops.apply_to_request(&mut sent.headers, request);
        // so does its Host; values of the route's block see the destination's Host.
        match &destination.host_rewrite {
            Some(host) => {
                let line = Request { authority: host.clone(), ..request.clone() };
                self.request_ops.apply_to_request(&mut sent.headers, &line);
                sent.authority.clone_from(host);
            }
            None => self.request_ops.apply_to_request(&mut sent.headers, request),
        }
        if let Some(host) = &self.host_rewrite {
            sent.headers.set("x-envoy-original-host", sent.authority.clone());
            sent.authority.clone_from(host);
        }
        if let Some(rewrite) = &self.path_rewrite {
            // Left there even if the path stays as it is.
            sent.headers.set("x-envoy-original-path", sent.path.clone());
            sent.path = rewrite.apply(matched, &request.path);
        }
        if let Some(millis) = self.expected_timeout_ms(request) {
            sent.headers.set("x-envoy-expected-rq-timeout-ms", millis.to_string());
            if request.is_grpc() {
                sent.headers.set("grpc-timeout", grpc::timeout(millis));
            }
        }
        sent
    }

    /// Returns what a request with all its attempts may take, in milliseconds: the route's timeout. For gRPC that
    /// only caps what the client sends, and holds if it sends nothing (E-161, E-162).
    #[must_use]
    pub fn time_limit_ms(&self, request: &Request) -> Option<u64> {
        let route = self.timeout.map(Nanos::as_millis).filter(|millis| *millis > 0);
        let sent = request.grpc_timeout_ms().filter(|_| request.is_grpc());
        match (route, sent) {
            (Some(route), Some(sent)) => Some(route.min(sent)),
            (route, sent) => route.or(sent),
        }
    }

    /// Returns what Envoy tells the application of its time limit, in milliseconds (E-161): the
    /// per-try timeout if it is below the request's, else the request's.
    #[must_use]
    pub fn expected_timeout_ms(&self, request: &Request) -> Option<u64> {
        let per_try = self.retry.as_ref().and_then(|retry| retry.per_try_timeout);
        let per_try = per_try.map(Nanos::as_millis);
        // Not by `Timeouts`: what gRPC clients may ask for is longer than time goes there.
        match (per_try, self.time_limit_ms(request)) {
            (Some(per_try), Some(limit)) => Some(per_try.min(limit)),
            (per_try, limit) => per_try.or(limit),
        }
    }
}

// === impl Destination ===

impl Destination {
    /// Builds a destination without operations.
    #[must_use]
    pub fn new(cluster: impl Into<String>, weight: u32) -> Self {
        Self { cluster: cluster.into(), weight, ..Self::default() }
    }
}

/// Fills in a subset written as `$label`: the value of the header of that name (ASM, asm-lanes 2.6).
///
/// `None` leaves the name as it is: no placeholder, or the request does not carry the label.
#[must_use]
pub fn resolve_label(cluster: &str, request: &Request) -> Option<String> {
    let mut parts: Vec<&str> = cluster.splitn(4, '|').collect();
    let label = parts.get(2)?.strip_prefix('$')?.to_ascii_lowercase();
    let value = request.headers.first(&label)?;
    parts[2] = value;
    Some(parts.join("|"))
}

#[cfg(test)]
mod tests {
    use super::super::headers::HeaderMap;
    use super::super::mutation::Template;
    use super::*;

    fn weighted(weights: &[u32]) -> Forward {
        let destinations =
            weights.iter().enumerate().map(|(i, w)| Destination::new(format!("c{i}"), *w));
        Forward { destinations: destinations.collect(), ..Forward::default() }
    }

    #[test]
    fn the_pick_is_the_remainder_in_listed_order() {
        // E-51: weights 10/0/90: values 0..9 A, 10..99 C, 100..109 A.
        let forward = weighted(&[10, 0, 90]);
        for (random, expected) in [(0, 0), (9, 0), (10, 2), (99, 2), (100, 0), (109, 0), (110, 2)] {
            assert_eq!(forward.pick(random), expected, "{random}");
        }
        assert_eq!(weighted(&[0]).pick(7), 0);
    }

    #[test]
    fn route_operations_run_after_those_of_the_destination() {
        let set = |value: &str| HeaderOps {
            set: vec![("x".to_owned(), Template::parse(value))],
            ..HeaderOps::default()
        };
        let mut forward = weighted(&[1, 1]);
        forward.destinations[1].request_ops = set("destination");
        forward.request_ops = set("route");
        forward.host_rewrite = Some("new".into());
        forward.path_rewrite = Some(PathRewrite::Prefix("/v2".into()));
        let prefix = PathMatcher::Prefix { prefix: "/v1".into(), ignore_case: false };
        let sent = forward.forwarded(&prefix, 1, &Request::get("old", "/v1/a?q"));
        assert_eq!(sent.headers.values("x").collect::<Vec<_>>(), ["route"]);
        assert_eq!((sent.authority.as_str(), sent.path.as_str()), ("new", "/v2/a?q"));
        assert_eq!(sent.headers.first("x-envoy-original-path"), Some("/v1/a?q"));
    }

    #[test]
    fn a_grpc_client_s_limit_is_told_in_its_own_words() {
        let mut request = Request::get("shop", "/");
        request.headers.append("content-type", "application/grpc+proto");
        let forward = Forward { timeout: Some(Nanos::from_millis(2_500)), ..weighted(&[1]) };
        let sent = forward.forwarded(&PathMatcher::Any, 0, &request);
        assert_eq!(sent.headers.first("grpc-timeout"), Some("2500m"));
        // What it asks for itself is capped, not raised.
        for (asked, told, limit) in [("1S", "1000m", 1_000), ("1H", "2500m", 2_500)] {
            request.headers.set("grpc-timeout", asked);
            let sent = forward.forwarded(&PathMatcher::Any, 0, &request);
            assert_eq!(sent.headers.first("grpc-timeout"), Some(told));
            assert_eq!(forward.time_limit_ms(&request), Some(limit));
        }
        let free = weighted(&[1]);
        assert_eq!(free.time_limit_ms(&request), Some(3_600_000));
        request.headers.remove("content-type");
        assert_eq!(free.time_limit_ms(&request), None);
        let plain = forward.forwarded(&PathMatcher::Any, 0, &Request::get("shop", "/"));
        assert_eq!(plain.headers.first("grpc-timeout"), None);
    }

    #[test]
    fn a_subset_placeholder_is_filled_from_its_header() {
        let mut request = Request::get("mockb", "/");
        let cluster = "outbound|8000|$lane|mockb.default.svc.cluster.local";
        assert_eq!(resolve_label(cluster, &request), None);
        request.headers = HeaderMap::decode([("lane", "v2")]);
        assert_eq!(
            resolve_label(cluster, &request).as_deref(),
            Some("outbound|8000|v2|mockb.default.svc.cluster.local")
        );
    }
}
