//! What lanecast answers, in the form of the recorded answers.

use super::case::{Request as Asked, normalise};
use super::json::{number, sort_list};
use lanecast::control_plane::{Connection, Handling, ProxyView};
use lanecast::data_plane::{
    Abort, BalancerPolicy, Cluster, Discovery, EndpointGroup, Forward, Fraction, HashKey,
    HeaderMap, Request, RetryPolicy, Route, VirtualHost, router,
};
use lanecast::units::Nanos;
use serde_json::{Map, Value, json};

const DEFAULT_RETRY_ON: &str =
    "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes";

/// Answers a request.
pub(crate) fn answer(view: &mut ProxyView<'_>, asked: &Asked) -> Value {
    let connection = Connection {
        address: asked.address.as_deref(),
        port: asked.port,
        authority: &asked.host,
        tls: asked.scheme == "https",
    };
    let (table, edge) = match view.handle(&connection) {
        Handling::NoListener => return json!({"outcome": "no-listener"}),
        Handling::Tcp(cluster) => {
            return json!({"outcome": "tcp", "legs": [{"cluster": cluster, "weight": 1.0}]});
        }
        Handling::Http(table, edge) => (table, edge),
    };
    let mut request = Request::get(asked.host.clone(), asked.path.clone());
    request.method.clone_from(&asked.method);
    request.headers = HeaderMap::decode(asked.headers.iter().cloned());
    let option = view.scope.mesh.config.path_normalization;
    let mut out = Map::new();
    let decided = router::route(&table, &request, edge, option);
    match decided {
        (router::Decision::Forward(host, route, forward), Some(received)) => {
            head(&mut out, "forward", host, route);
            policies(&mut out, route, forward, &received);
            let legs = (0..forward.destinations.len())
                .map(|index| leg(view, route, forward, index, asked, &request, &received));
            out.insert("legs".into(), legs.collect());
        }
        (decision, received) => own(&mut out, decision, received, asked),
    }
    let mut out = Value::Object(out);
    normalise(&mut out);
    out
}

/// What a proxy answers itself.
fn own(
    out: &mut Map<String, Value>,
    decision: router::Decision<'_>,
    received: Option<Request>,
    asked: &Asked,
) {
    match (decision, received) {
        (router::Decision::Early(_), _) => {
            out.insert("outcome".into(), "no-route".into());
            out.insert("status".into(), number(404.0));
        }
        (router::Decision::NoRoute(host), _) => {
            out.insert("outcome".into(), "no-route".into());
            out.insert("status".into(), number(404.0));
            out.insert("virtual_host".into(), host.map_or(Value::Null, |h| h.name.clone().into()));
        }
        (router::Decision::HttpsRedirect(_), Some(received)) => {
            out.insert("outcome".into(), "redirect".into());
            out.insert("status".into(), number(301.0));
            let location = format!("https://{}{}", received.authority, received.path);
            out.insert("location".into(), location.into());
        }
        (router::Decision::Preflight(host, route, cors), Some(received)) => {
            head(out, "cors-preflight", host, route);
            out.insert("status".into(), number(200.0));
            out.insert("response_headers".into(), pairs(&cors.preflight_answer(&received)));
        }
        (router::Decision::Redirect(host, route, redirect), Some(received)) => {
            head(out, "redirect", host, route);
            out.insert("status".into(), number(redirect.status.into()));
            let location = redirect.location(&route.matcher.path, &received);
            out.insert("location".into(), location.into());
            own_answer(out, route, &received);
        }
        (router::Decision::Direct(host, route, direct), Some(received)) => {
            head(out, "direct", host, route);
            out.insert("status".into(), number(direct.status.into()));
            if !direct.body.is_empty() && asked.method != "HEAD" {
                out.insert("body".into(), direct.body.clone().into());
            }
            own_answer(out, route, &received);
        }
        (decision, _) => panic!("{decision:?} without a received request"),
    }
}

fn head(out: &mut Map<String, Value>, outcome: &str, host: &VirtualHost, route: &Route) {
    out.insert("outcome".into(), outcome.into());
    out.insert("virtual_host".into(), host.name.clone().into());
    let Some(source) = &route.source else {
        out.insert("rule".into(), Value::Null);
        return;
    };
    out.insert("rule".into(), source.object.clone().into());
    if source.object.starts_with("HTTPRoute") {
        out.insert("route".into(), source.rule.to_string().into());
    } else if !route.name.is_empty() {
        out.insert("route".into(), route.name.clone().into());
    }
}

/// Headers that the proxy adds to an answer of its own.
fn own_answer(out: &mut Map<String, Value>, route: &Route, received: &Request) {
    let mut headers = HeaderMap::new();
    route.answer(&mut headers, received, None, None, false);
    let shown = shown_response(&headers);
    if shown != json!([]) {
        out.insert("response_headers".into(), shown);
    }
}

fn policies(out: &mut Map<String, Value>, route: &Route, forward: &Forward, received: &Request) {
    if let Some(timeout) = forward.timeout {
        out.insert("timeout_seconds".into(), seconds(timeout));
    }
    match &forward.retry {
        None => {
            out.insert("retries".into(), Value::Null);
        }
        Some(policy) => {
            let shown = retries(policy);
            if shown != json!({"attempts": 2.0, "on": DEFAULT_RETRY_ON}) {
                out.insert("retries".into(), shown);
            }
        }
    }
    if !forward.hash.is_empty() {
        out.insert("hash".into(), forward.hash.iter().map(hash_key).collect());
    }
    if !forward.mirrors.is_empty() {
        let mirrors = forward.mirrors.iter().map(|mirror| {
            json!({"cluster": mirror.cluster, "percent": number(mirror.fraction.percent()),
                "of": number(mirror.fraction.denominator.into())})
        });
        out.insert("mirrors".into(), mirrors.collect());
    }
    if let Some(fault) = &route.fault {
        let mut shown = Map::new();
        if let Some((delay, fraction)) = fault.delay {
            let percent = number(fraction.percent());
            shown.insert("delay".into(), json!({"seconds": seconds(delay), "percent": percent}));
        }
        if let Some((abort, fraction)) = fault.abort {
            shown.insert("abort".into(), abort_of(route, abort, fraction, received));
        }
        out.insert("fault".into(), Value::Object(shown));
    }
}

fn abort_of(route: &Route, abort: Abort, fraction: Fraction, received: &Request) -> Value {
    let mut out = Map::new();
    out.insert("percent".into(), number(fraction.percent()));
    let mut headers = HeaderMap::new();
    let (status, body) = match abort {
        Abort::Http(status) => {
            out.insert("http_status".into(), number(status.into()));
            (status, true)
        }
        Abort::Grpc(code) => {
            out.insert("grpc_status".into(), number(code.into()));
            let content = received.headers.first("content-type").unwrap_or_default();
            let is_grpc = content.starts_with("application/grpc");
            if is_grpc {
                headers.append("grpc-status", code.to_string());
                headers.append("grpc-message", "fault filter abort");
            }
            (200, !is_grpc)
        }
    };
    if fraction.numerator == 0 {
        return Value::Object(out);
    }
    let mut answer = json!({"status": number(status.into())});
    if body {
        answer["body"] = "fault filter abort".into();
    }
    route.answer(&mut headers, received, None, Some(0), true);
    let shown = shown_response(&headers);
    if shown != json!([]) {
        answer["response_headers"] = shown;
    }
    out.insert("answer".into(), answer);
    Value::Object(out)
}

fn leg(
    view: &mut ProxyView<'_>,
    route: &Route,
    forward: &Forward,
    index: usize,
    asked: &Asked,
    request: &Request,
    received: &Request,
) -> Value {
    let destination = &forward.destinations[index];
    let mut out =
        json!({"cluster": destination.cluster, "weight": number(destination.weight.into())});
    let cluster = view.cluster(&destination.cluster);
    let sent = forward.forwarded(&route.matcher.path, index, received);
    let mut upstream = HeaderMap::new();
    let (answered, status) = match &cluster {
        None => {
            out["result"] = "no-cluster".into();
            out["status"] = number(forward.missing_cluster_status.into());
            (received, None)
        }
        Some(cluster) if !cluster.has_endpoints() => {
            out["result"] = "no-endpoints".into();
            out["status"] = number(503.0);
            (&sent, None)
        }
        Some(_) => {
            out["result"] = "sent".into();
            upstream = from_app(route, forward);
            (&sent, Some(200))
        }
    };
    let before = upstream.clone();
    route.answer_sent(&mut upstream, received, answered, status, Some(index), false);
    if sorted(&upstream) != sorted(&before) {
        out["response_headers"] = shown_response(&upstream);
    }
    if out["result"] == "sent" {
        sent_fields(&mut out, forward, asked, request, &sent);
    }
    out
}

/// What arrives at the application, where it differs from what was sent.
fn sent_fields(
    out: &mut Value,
    forward: &Forward,
    asked: &Asked,
    request: &Request,
    sent: &Request,
) {
    if let Some(millis) = forward.expected_timeout_ms(request) {
        out["upstream_timeout_ms"] = Value::from(f64::from(u32::try_from(millis).unwrap()));
    }
    if asked.method == "HEAD" {
        return;
    }
    if sent.path != asked.path {
        out["path"] = sent.path.clone().into();
    }
    if sent.authority != asked.host {
        out["host"] = sent.authority.clone().into();
    }
    let arriving = shown_request(&sent.headers);
    if arriving != shown_request(&request.headers) {
        out["headers"] = arriving;
    }
}

/// The application's answer: a line for every header that response operations of the route touch.
fn from_app(route: &Route, forward: &Forward) -> HeaderMap {
    let mut names: Vec<&str> = Vec::new();
    let blocks = forward.destinations.iter().map(|d| &d.response_ops).chain([&route.response_ops]);
    for block in blocks {
        names.extend(block.remove.iter().map(String::as_str));
        names.extend(block.set.iter().chain(&block.add).map(|(name, _)| name.as_str()));
    }
    names.sort_unstable();
    names.dedup();
    let mut headers = HeaderMap::new();
    for name in names {
        headers.append(name, "from-app");
    }
    headers
}

fn sorted(headers: &HeaderMap) -> Vec<(String, String)> {
    let mut lines = headers.lines().to_vec();
    lines.sort();
    lines
}

fn pairs(headers: &HeaderMap) -> Value {
    headers.lines().iter().map(|(name, value)| json!([name, value])).collect()
}

fn shown_response(headers: &HeaderMap) -> Value {
    const LEFT_OUT: [&str; 5] = ["server", "date", "content-type", "content-length", "location"];
    let mut shown = headers.clone();
    shown.remove_if(|name, _| LEFT_OUT.contains(&name) || name.starts_with("x-envoy-"));
    let mut value = json!({"list": pairs(&shown)});
    sort_list(&mut value, "list");
    value["list"].take()
}

fn shown_request(headers: &HeaderMap) -> Value {
    const LEFT_OUT: [&str; 3] = ["x-request-id", "x-forwarded-for", "x-forwarded-proto"];
    let mut shown = headers.clone();
    shown.remove_if(|name, _| LEFT_OUT.contains(&name) || name.starts_with("x-envoy-"));
    let mut value = json!({"list": pairs(&shown)});
    sort_list(&mut value, "list");
    value["list"].take()
}

fn seconds(nanos: Nanos) -> Value {
    number(nanos.as_secs_f64())
}

fn retries(policy: &RetryPolicy) -> Value {
    let mut out = json!({"attempts": number(policy.attempts.into()), "on": policy.on.join(",")});
    if !policy.status_codes.is_empty() {
        out["status_codes"] =
            policy.status_codes.iter().map(|code| number((*code).into())).collect();
    }
    if let Some(limit) = policy.per_try_timeout {
        out["per_try_timeout_seconds"] = seconds(limit);
    }
    if let Some(backoff) = policy.backoff {
        out["backoff"] = json!({"baseInterval": format!("{:.3}s", backoff.as_secs_f64())});
    }
    if policy.remote_localities {
        out["another_priority"] = true.into();
    }
    if !policy.another_host {
        out["another_host"] = false.into();
    }
    out
}

fn hash_key(key: &HashKey) -> Value {
    match key {
        HashKey::Header(name) => json!({"header": name}),
        HashKey::SourceIp => json!({"source_ip": true}),
        HashKey::QueryParameter(name) => json!({"query_parameter": name}),
        HashKey::Cookie { name, ttl, path, attributes } => {
            let mut cookie = json!({"name": name});
            if let Some(ttl) = ttl {
                cookie["ttl"] = format!("{}s", ttl.0 / 1_000_000_000).into();
            }
            if let Some(path) = path {
                cookie["path"] = path.clone().into();
            }
            if !attributes.is_empty() {
                let pairs = attributes.iter().map(|(name, value)| {
                    (name.clone(), Value::from(value.clone().unwrap_or_default()))
                });
                cookie["attributes"] = Value::Object(pairs.collect());
            }
            json!({"cookie": cookie})
        }
    }
}

/// The facts of a cluster.
pub(crate) fn cluster(view: &mut ProxyView<'_>, name: &str) -> Value {
    let Some(cluster) = view.cluster(name) else { return json!({"type": "does not exist"}) };
    let mut out = Map::new();
    let kind = match cluster.discovery {
        Discovery::Eds => "eds",
        Discovery::StrictDns => "strict-dns",
        Discovery::LogicalDns => "logical-dns",
        Discovery::OriginalDestination => "original-dst",
        Discovery::Static => "static",
    };
    out.insert("type".into(), kind.into());
    if cluster.discovery == Discovery::Eds {
        balancer(&mut out, &cluster);
    }
    if let Some(slow_start) = &cluster.slow_start {
        let fields = json!({"window_seconds": seconds(slow_start.window),
            "aggression": number(slow_start.aggression),
            "minimum_percent": number(slow_start.minimum_percent)});
        out.insert("slow_start".into(), fields);
    }
    let limits = limits(&cluster);
    if limits != json!({}) {
        out.insert("limits".into(), limits);
    }
    if let Some(outlier) = outlier(&cluster) {
        out.insert("outlier_detection".into(), outlier);
    }
    if cluster.panic_threshold_percent > 0 {
        let percent = number(cluster.panic_threshold_percent.into());
        out.insert("panic_threshold_percent".into(), percent);
    }
    if cluster.locality_weighted && cluster.discovery == Discovery::Eds {
        out.insert("locality_weighted".into(), true.into());
    }
    if cluster.discovery == Discovery::Eds {
        out.insert("endpoints".into(), endpoints(&cluster));
    }
    let mut out = Value::Object(out);
    sort_list(&mut out, "endpoints");
    out
}

fn balancer(out: &mut Map<String, Value>, cluster: &Cluster) {
    #[expect(clippy::cast_precision_loss, reason = "sizes are small")]
    let (name, options) = match cluster.balancer {
        BalancerPolicy::LeastRequest => ("least-request", None),
        BalancerPolicy::RoundRobin => ("round-robin", None),
        BalancerPolicy::Random => ("random", None),
        BalancerPolicy::RingHash { minimum_ring_size: size } => {
            ("ring-hash", Some(json!({"minimumRingSize": size as f64})))
        }
        BalancerPolicy::Maglev { table_size: size } => {
            ("maglev", Some(json!({"tableSize": size as f64})))
        }
    };
    out.insert("lb".into(), name.into());
    if let Some(options) = options {
        out.insert("lb_options".into(), options);
    }
}

fn limits(cluster: &Cluster) -> Value {
    let limits = &cluster.limits;
    let mut out = Map::new();
    for (name, value) in [
        ("max_connections", limits.max_connections),
        ("max_pending_requests", limits.max_pending_requests),
        ("max_requests", limits.max_requests),
        ("max_retries", limits.max_retries),
        ("max_requests_per_connection", limits.max_requests_per_connection),
        ("max_concurrent_streams", limits.max_concurrent_streams),
    ] {
        if let Some(value) = value {
            out.insert(name.into(), number(value.into()));
        }
    }
    for (name, value) in [
        ("connect_timeout_seconds", limits.connect_timeout),
        ("idle_timeout_seconds", limits.idle_timeout),
        ("max_connection_seconds", limits.max_connection_duration),
    ] {
        let default = name == "connect_timeout_seconds" && value == Some(Nanos(10_000_000_000));
        if let Some(value) = value.filter(|_| !default) {
            out.insert(name.into(), seconds(value));
        }
    }
    Value::Object(out)
}

fn outlier(cluster: &Cluster) -> Option<Value> {
    let outlier = cluster.outlier.as_ref()?;
    let mut out = json!({"enforcingSuccessRate": 0.0});
    for (name, value) in [
        ("consecutive5xx", outlier.consecutive_5xx),
        ("enforcingConsecutive5xx", outlier.enforcing_consecutive_5xx),
        ("consecutiveGatewayFailure", outlier.consecutive_gateway_failure),
        ("enforcingConsecutiveGatewayFailure", outlier.enforcing_consecutive_gateway_failure),
        ("maxEjectionPercent", outlier.max_ejection_percent),
        ("consecutiveLocalOriginFailure", outlier.consecutive_local_origin_failure),
        (
            "enforcingConsecutiveLocalOriginFailure",
            outlier.enforcing_consecutive_local_origin_failure,
        ),
    ] {
        if let Some(value) = value {
            out[name] = number(value.into());
        }
    }
    for (name, value) in
        [("interval", outlier.interval), ("baseEjectionTime", outlier.base_ejection_time)]
    {
        if let Some(value) = value {
            out[name] = value.to_string().into();
        }
    }
    if outlier.split_local_origin {
        out["splitExternalLocalOriginErrors"] = true.into();
        out["enforcingLocalOriginSuccessRate"] = 0.0.into();
    }
    Some(out)
}

fn endpoints(cluster: &Cluster) -> Value {
    let names = |group: &EndpointGroup| -> Value {
        let mut names: Vec<&str> = group.endpoints.iter().map(|e| e.name.as_str()).collect();
        names.sort_unstable();
        names.into()
    };
    let plain = |group: &EndpointGroup| group.locality.is_empty() && group.priority == 0;
    match cluster.groups.as_slice() {
        [] => json!([]),
        [only] if plain(only) => names(only),
        groups => groups
            .iter()
            .map(|group| {
                let mut out = json!({"endpoints": names(group)});
                if !group.locality.is_empty() {
                    out["locality"] = group.locality.to_string().into();
                }
                if group.priority > 0 {
                    out["priority"] = number(group.priority.into());
                }
                if cluster.locality_weighted {
                    out["weight"] = number(group.weight.into());
                }
                out
            })
            .collect(),
    }
}
