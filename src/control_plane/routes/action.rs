//! What a matched route does: destinations, redirects, answers, and the policies around them.

use super::{Operations, RouteBuilder, headers};
use crate::config::istio::destination_rule::{ConsistentHash, PortPolicy, TrafficPolicy};
use crate::config::istio::virtual_service::duration;
use crate::control_plane::destination_rules::MergedRule;
use crate::control_plane::mesh_config::MeshConfig;
use crate::control_plane::rules::{
    Action, Cors, Destination, Fault, Mirrors, Redirect, RedirectPort, Retries, Rewrite, Rule,
    RuleSet, WeightedDestination,
};
use crate::data_plane::{
    self, Abort, DirectResponse, Forward, Fraction, HashKey, HeaderOps, Mirror, PathMatcher,
    PathRewrite, RedirectPath, RetryPolicy, Route, RouteAction, RouteMatcher,
};

/// Conditions of Istio's default retry policy (R-150).
const DEFAULT_RETRY_ON: [&str; 5] =
    ["connect-failure", "refused-stream", "unavailable", "cancelled", "retriable-status-codes"];

impl RouteBuilder<'_> {
    /// Returns the action and the operations on its answers (R-137: redirect, answer, route).
    pub(super) fn action(
        &self,
        set: &RuleSet,
        rule: &Rule,
        matcher: &RouteMatcher,
        operations: Operations,
    ) -> (RouteAction, HeaderOps) {
        match &rule.action {
            Action::Redirect(redirect) => (self.redirect(redirect), operations.response),
            Action::Direct { status, body } => {
                let status = u16::try_from(*status).unwrap_or(500);
                let direct = DirectResponse { status, body: body.clone() };
                (RouteAction::Direct(direct), operations.response)
            }
            Action::Route(written) => self.forward(set, rule, written, matcher, operations),
            // A delegate was put in place before; one left over names nobody.
            Action::Delegate { .. } => self.forward(set, rule, &[], matcher, operations),
        }
    }

    fn forward(
        &self,
        set: &RuleSet,
        rule: &Rule,
        written: &[WeightedDestination],
        matcher: &RouteMatcher,
        mut operations: Operations,
    ) -> (RouteAction, HeaderOps) {
        let rewrite = rule.rewrite.as_ref();
        // R-124: rewrite before route-level header before destination-level header.
        let mut host = rewrite.map(|r| r.authority.clone()).filter(|host| !host.is_empty());
        if host.is_none() && !operations.authority.is_empty() {
            host = Some(std::mem::take(&mut operations.authority));
        }
        let single = written.len() == 1;
        let mut forward = Forward {
            host_rewrite: host,
            path_rewrite: rewrite.and_then(|rewrite| self.rewrite(set, rewrite, matcher)),
            timeout: rule.timeout,
            mirrors: self.mirrors(&rule.mirrors),
            missing_cluster_status: if set.from_gateway_api { 500 } else { 503 },
            ..Forward::default()
        };
        for weighted in written {
            // R-097, R-098: a single destination takes all, beside others 0 is dropped.
            let weight = if single { 1 } else { weighted.weight };
            if weight == 0 {
                continue;
            }
            let mut own = headers::translate(weighted.headers.as_ref());
            if single {
                // R-120: both levels are one block.
                operations.request.extend(&own.request);
                operations.response.extend(&own.response);
                (own.request, own.response) = Default::default();
            }
            forward.hash.extend(self.hash_keys(&weighted.destination));
            let fallback = weighted.fallback.as_ref();
            forward.destinations.push(data_plane::Destination {
                cluster: self.lookup.cluster(&weighted.destination, self.port),
                weight,
                request_ops: own.request,
                response_ops: own.response,
                host_rewrite: Some(own.authority).filter(|host| !host.is_empty()),
                fallback: fallback.map(|fallback| self.lookup.cluster(fallback, self.port)),
            });
        }
        forward.request_ops = operations.request;
        // R-154: only a single listed destination with a key does without another host.
        let by_hash = single && !forward.hash.is_empty();
        forward.retry = retry(rule.retries.as_ref(), &self.mesh.config, by_hash);
        (RouteAction::Forward(Box::new(forward)), operations.response)
    }

    fn rewrite(
        &self,
        set: &RuleSet,
        rewrite: &Rewrite,
        matcher: &RouteMatcher,
    ) -> Option<PathRewrite> {
        if let Some((pattern, substitution)) = &rewrite.regex {
            let pattern = self.mesh.regex(pattern)?;
            return Some(PathRewrite::Regex { pattern, substitution: substitution.clone() });
        }
        if rewrite.uri == "/" && set.from_gateway_api {
            // R-215: the prefix goes away cleanly, at least `/` stays.
            let prefix = match &matcher.path {
                PathMatcher::SegmentPrefix(prefix) => prefix.as_str(),
                _ => "",
            };
            let pattern = self.mesh.regex(&format!("^{}(/?)(.*)", regex::escape(prefix)))?;
            return Some(PathRewrite::Regex { pattern, substitution: r"/\2".to_owned() });
        }
        (!rewrite.uri.is_empty()).then(|| PathRewrite::Prefix(rewrite.uri.clone()))
    }

    /// R-156, R-157: 0 is no copy at all; percentages are per million, the deprecated one per hundred.
    fn mirrors(&self, written: &Mirrors) -> Vec<Mirror> {
        let mut mirrors = Vec::new();
        let mut push = |destination: &Destination, fraction: Fraction| {
            if fraction.numerator > 0 {
                let cluster = self.lookup.cluster(destination, self.port);
                mirrors.push(Mirror { cluster, fraction });
            }
        };
        if let Some(single) = &written.single {
            let fraction = match (written.percentage, written.percent) {
                (Some(percentage), _) => per_million(percentage),
                (None, Some(numerator)) => Fraction { numerator, denominator: 100 },
                (None, None) => Fraction::ALL,
            };
            push(single, fraction);
        }
        for (destination, percentage) in &written.several {
            push(destination, percentage.map_or(Fraction::ALL, per_million));
        }
        mirrors
    }

    /// R-131 to R-134.
    fn redirect(&self, written: &Redirect) -> RouteAction {
        let path = if !written.prefix_rewrite.is_empty() {
            RedirectPath::Prefix(written.prefix_rewrite.clone())
        } else if !written.uri.is_empty() {
            RedirectPath::Full(written.uri.clone())
        } else {
            RedirectPath::Keep
        };
        let scheme = match written.scheme.as_str() {
            "" if self.tls => "https",
            "" => "http",
            scheme => scheme,
        };
        let port = match written.port {
            RedirectPort::Unset => None,
            RedirectPort::Number(number) => Some(number),
            RedirectPort::FromRequest => Some(self.port),
        };
        let is_default =
            |port: &u32| matches!((*port, scheme), (80, "http") | (443, "https") | (0, _));
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let status = match written.code {
            0 => 301,
            code => u16::try_from(code).unwrap_or(301),
        };
        RouteAction::Redirect(data_plane::Redirect {
            scheme: text(&written.scheme),
            authority: text(&written.authority),
            path,
            port: port.filter(|port| !is_default(port)).and_then(|port| u16::try_from(port).ok()),
            status,
        })
    }

    pub(super) fn cors(&self, written: &Cors) -> data_plane::Cors {
        data_plane::Cors {
            origins: written.origins.iter().map(|origin| self.string(origin)).collect(),
            methods: written.methods.clone(),
            headers: written.headers.clone(),
            expose: written.expose.clone(),
            max_age: written.max_age.map(|age| age.as_millis() / 1000),
            credentials: written.credentials,
            forward_unmatched_preflights: !written.ignore_unmatched_preflights,
        }
    }

    /// R-174: the key of a destination: subset's port, subset, top port, top; ports only if written.
    fn hash_keys(&self, destination: &Destination) -> Option<HashKey> {
        let rule = self.lookup.destination_rule(&destination.host)?;
        let top = rule.policy.as_ref();
        let subset = rule.subset(&destination.subset).and_then(|s| s.traffic_policy.as_ref());
        let at_port = |policy: Option<&'_ TrafficPolicy>| {
            let port = destination.port?;
            port_policy(policy?, port).and_then(port_hash).cloned()
        };
        let whole = |policy: Option<&TrafficPolicy>| policy.and_then(policy_hash).cloned();
        at_port(subset)
            .or_else(|| whole(subset))
            .or_else(|| at_port(top))
            .or_else(|| whole(top))
            .as_ref()
            .and_then(hash_key)
    }
}

fn policy_hash(policy: &TrafficPolicy) -> Option<&ConsistentHash> {
    policy.load_balancer.as_ref()?.consistent_hash.as_ref()
}

fn port_hash(policy: &PortPolicy) -> Option<&ConsistentHash> {
    policy.load_balancer.as_ref()?.consistent_hash.as_ref()
}

/// Returns the settings of a port.
pub(in crate::control_plane) fn port_policy(
    policy: &TrafficPolicy,
    port: u32,
) -> Option<&PortPolicy> {
    policy.port_level_settings.iter().find(|settings| {
        let number = settings.port.as_ref().and_then(|port| port.number.as_ref());
        number.is_some_and(|number| number.value == port)
    })
}

/// R-173: the key that a consistent-hash policy names.
fn hash_key(hash: &ConsistentHash) -> Option<HashKey> {
    if let Some(name) = &hash.http_header_name {
        return Some(HashKey::Header(name.value.clone()));
    }
    if let Some(cookie) = &hash.http_cookie {
        let attributes = cookie.attributes.iter().map(|attribute| {
            let name = attribute.name.as_ref().map(|name| name.value.clone()).unwrap_or_default();
            (name, attribute.value.clone())
        });
        return Some(HashKey::Cookie {
            name: cookie.name.as_ref().map(|name| name.value.clone()).unwrap_or_default(),
            ttl: duration(cookie.ttl.as_ref()),
            path: cookie.path.as_ref().map(|path| path.value.clone()).filter(|p| !p.is_empty()),
            attributes: attributes.collect(),
        });
    }
    if hash.use_source_ip.as_ref().is_some_and(|on| on.value) {
        return Some(HashKey::SourceIp);
    }
    let parameter = hash.http_query_parameter_name.as_ref()?;
    Some(HashKey::QueryParameter(parameter.value.clone()))
}

/// R-142: parts per million, cut off in double arithmetic.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "istiod truncates; validation keeps the value within 0 to 100"
)]
fn per_million(percentage: f64) -> Fraction {
    Fraction { numerator: (percentage * 10_000.0) as u32, denominator: 1_000_000 }
}

/// R-143, R-144: a missing percentage is never; forms that istiod does not know are no fault.
pub(super) fn fault(written: &Fault) -> Option<data_plane::Fault> {
    let never = Fraction { numerator: 0, denominator: 100 };
    let delay = written.delay.as_ref().and_then(|delay| {
        let old = Fraction { numerator: delay.percent, denominator: 100 };
        Some((delay.fixed?, delay.percentage.map_or(old, per_million)))
    });
    let abort = written.abort.as_ref().and_then(|abort| {
        let answer: Abort = abort.answer?;
        Some((answer, abort.percentage.map_or(never, per_million)))
    });
    (delay.is_some() || abort.is_some()).then_some(data_plane::Fault { delay, abort })
}

/// R-150 to R-154.
pub(super) fn retry(
    written: Option<&Retries>,
    mesh: &MeshConfig,
    by_hash: bool,
) -> Option<RetryPolicy> {
    let mut policy = RetryPolicy {
        attempts: 2,
        on: DEFAULT_RETRY_ON.map(str::to_owned).to_vec(),
        status_codes: Vec::new(),
        per_try_timeout: None,
        backoff: None,
        another_host: !by_hash,
        remote_localities: false,
    };
    let Some(written) = written.or(mesh.default_retry.as_ref()) else { return Some(policy) };
    if written.attempts == 0 {
        return None;
    }
    policy.attempts = written.attempts;
    if !written.retry_on.is_empty() {
        (policy.on, policy.status_codes) = parse_retry_on(&written.retry_on);
    }
    policy.per_try_timeout = written.per_try_timeout;
    policy.backoff = written.backoff;
    policy.remote_localities = written.remote_localities;
    if let Some(ignore) = written.ignore_previous_hosts {
        policy.another_host = ignore;
    }
    Some(policy)
}

/// R-152: known status codes become codes, everything else stays a word.
fn parse_retry_on(text: &str) -> (Vec<String>, Vec<u16>) {
    let (mut words, mut codes) = (Vec::new(), Vec::new());
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        match part.parse::<u16>() {
            Ok(code) if (100..600).contains(&code) => codes.push(code),
            _ => words.push(part.to_owned()),
        }
    }
    let word = "retriable-status-codes";
    if !codes.is_empty() && !words.iter().any(|known| known == word) {
        words.push(word.to_owned());
    }
    (words, codes)
}

/// R-038: the route of a service without rules: everything to its cluster.
pub(in crate::control_plane) fn default_route(
    cluster: String,
    mesh: &MeshConfig,
    hash: Option<HashKey>,
) -> Route {
    let forward = Forward {
        destinations: vec![data_plane::Destination::new(cluster, 1)],
        hash: hash.into_iter().collect(),
        // R-154: default routes keep looking for another host.
        retry: retry(None, mesh, false),
        missing_cluster_status: 503,
        ..Forward::default()
    };
    plain_route("default", forward)
}

/// R-039: to the dialled address, or to the egress proxy; no retries, no timeout.
pub(in crate::control_plane) fn passthrough_route(name: &str, cluster: String) -> Route {
    let forward = Forward {
        destinations: vec![data_plane::Destination::new(cluster, 1)],
        missing_cluster_status: 503,
        ..Forward::default()
    };
    plain_route(name, forward)
}

fn plain_route(name: &str, forward: Forward) -> Route {
    Route {
        name: name.to_owned(),
        source: None,
        matcher: RouteMatcher::path(PathMatcher::Any),
        action: RouteAction::Forward(Box::new(forward)),
        fault: None,
        cors: None,
        response_ops: HeaderOps::default(),
    }
}

/// R-174: the key of a default route: that of the addressed port, else the top one.
pub(in crate::control_plane) fn default_hash(
    rule: Option<&MergedRule>,
    port: Option<u32>,
) -> Option<HashKey> {
    let policy = rule?.policy.as_ref()?;
    let at_port = port.and_then(|port| port_policy(policy, port)).and_then(port_hash);
    at_port.or_else(|| policy_hash(policy)).and_then(hash_key)
}
