//! What lanecast says becomes of a request: the data plane's functions, one after the other.

use lanecast::data_plane::router::{self, Decision};
use lanecast::data_plane::{
    Abort, Cluster, EarlyReply, Fault, Forward, Fraction, HeaderMap, Request, Route, RouteAction,
    combined_hash,
};

use crate::client::CLIENT;
use crate::grpc::write_reason;
use crate::outcome::{Outcome, Sent, compared};
use crate::scene::{Asked, Scene};
use crate::upstream;

/// An outcome, and what led to it.
#[derive(Clone, Debug)]
pub(crate) struct Expected {
    pub(crate) outcome: Outcome,
    /// The kind of decision, for the count of what was compared.
    pub(crate) kind: &'static str,
    /// Whether a weighted pick was made.
    pub(crate) picked: bool,
}

/// The way of a request to its outcome.
struct Way<'s> {
    scene: &'s Scene,
    asked: &'s Asked,
    id: u64,
    received: &'s Request,
}

/// Returns what is expected of a request.
pub(crate) fn expected(scene: &Scene, asked: &Asked, id: u64) -> Expected {
    let request = asked.request(id);
    let (decision, received) = router::route(&scene.table, &request, scene.edge, scene.option);
    // Before routing the proxy answers without a body.
    let received = received.unwrap_or(request);
    let way = Way { scene, asked, id, received: &received };
    if let Some(route) = route_of(&decision)
        && let Some(aborted) = way.aborted(route, &received)
    {
        return aborted;
    }
    match decision {
        Decision::Early(EarlyReply::BadPath) => way.reply("bad-path", &received, 400, "", None),
        Decision::Early(EarlyReply::EmptyForwardedProto) => {
            way.reply("empty-proto", &received, 404, "", None)
        }
        Decision::NoRoute(_) => way.reply("no-route", &received, 404, "", None),
        Decision::HttpsRedirect(_) => {
            let location = format!("https://{}{}", received.authority, received.path);
            let headers = HeaderMap::decode_answer([("location", location)]);
            way.reply_with("https-redirect", &received, (301, ""), headers, None)
        }
        Decision::Preflight(_, _, cors) => way.reply_with(
            "preflight",
            &received,
            (200, ""),
            cors.preflight_answer(&received),
            None,
        ),
        Decision::Redirect(_, route, redirect) => {
            let location = redirect.location(&route.matcher.path, &received);
            let headers = HeaderMap::decode_answer([("location", location)]);
            way.reply_with(
                "redirect",
                &received,
                (redirect.status, ""),
                headers,
                Some((route, None)),
            )
        }
        Decision::Direct(_, route, direct) => {
            let location = direct.location(&received).map(|location| ("location", location));
            let headers = HeaderMap::decode_answer(location);
            let answer = (direct.status, direct.body.as_str());
            way.reply_with("direct", &received, answer, headers, Some((route, None)))
        }
        Decision::Forward(_, route, forward) => way.forwarded(route, forward, &received),
    }
}

fn route_of<'t>(decision: &Decision<'t>) -> Option<&'t Route> {
    match decision {
        Decision::Preflight(_, route, _)
        | Decision::Redirect(_, route, _)
        | Decision::Direct(_, route, _)
        | Decision::Forward(_, route, _) => Some(route),
        Decision::Early(_) | Decision::NoRoute(_) | Decision::HttpsRedirect(_) => None,
    }
}

/// Faults and copies are drawn at 0 % or 100 % only, so that no random number is needed.
fn certain(fraction: Fraction) -> bool {
    fraction.draws(0)
}

/// Tells whether a route picks by weight.
fn is_split(route: &Route) -> bool {
    matches!(&route.action, RouteAction::Forward(forward) if forward.destinations.len() > 1)
}

/// The route that answers, with the number of the picked destination.
type Cause<'r> = Option<(&'r Route, Option<usize>)>;

// === impl Way ===

impl Way<'_> {
    fn reply(
        &self,
        kind: &'static str,
        request: &Request,
        status: u16,
        body: &str,
        cause: Cause<'_>,
    ) -> Expected {
        self.reply_with(kind, request, (status, body), HeaderMap::new(), cause)
    }

    /// An answer of the proxy's own.
    fn reply_with(
        &self,
        kind: &'static str,
        request: &Request,
        (status, body): (u16, &str),
        mut headers: HeaderMap,
        cause: Cause<'_>,
    ) -> Expected {
        let grpc = !matches!(kind, "preflight" | "bad-path") && self.received.is_grpc();
        if let Some((route, destination)) = cause {
            let aborted = kind == "abort";
            route.answer_sent(&mut headers, self.received, request, None, destination, aborted);
        }
        // Envoy looks at these last, whatever the operations did.
        if grpc {
            write_reason(&mut headers, status, body, self.asked.method == "HEAD");
        }
        let (status, body) = if grpc { (200, "") } else { (status, body) };
        if !grpc && body.is_empty() {
            headers.remove("content-type");
        } else if !grpc && !headers.contains("content-type") {
            headers.append("content-type", "text/plain");
        }
        let outcome = self.answer(status, &headers, body);
        Expected { outcome, kind, picked: false }
    }

    fn answer(&self, status: u16, headers: &HeaderMap, body: &str) -> Outcome {
        let body = if self.asked.method == "HEAD" { "" } else { body };
        Outcome {
            status,
            headers: compared(headers.lines().to_vec(), &["server"]),
            body: body.to_owned(),
            ..Outcome::default()
        }
    }

    fn aborted(&self, route: &Route, received: &Request) -> Option<Expected> {
        let Some(Fault { abort: Some((abort, fraction)), .. }) = &route.fault else { return None };
        if !certain(*fraction) {
            return None;
        }
        let mut headers = HeaderMap::new();
        let status = match abort {
            Abort::Http(status) => *status,
            Abort::Grpc(code) => {
                if received.is_grpc() {
                    headers.append("grpc-status", code.to_string());
                }
                200
            }
        };
        // the picked destination changes the answer too.
        let destination = match &route.action {
            RouteAction::Forward(forward) => Some(forward.pick(self.asked.pick)),
            RouteAction::Redirect(_) | RouteAction::Direct(_) => None,
        };
        let picked = destination.is_some_and(|_| is_split(route));
        let cause = Some((route, destination));
        let answer = (status, "fault filter abort");
        let reply = self.reply_with("abort", received, answer, headers, cause);
        Some(Expected { picked, ..reply })
    }

    fn forwarded(&self, route: &Route, forward: &Forward, received: &Request) -> Expected {
        let picked = is_split(route);
        let index = forward.pick(self.asked.pick);
        let destination = &forward.destinations[index];
        let own = self.scene.cluster(&destination.cluster);
        let other = destination.fallback.as_deref().map(|name| self.scene.cluster(name));
        let cause = Some((route, Some(index)));
        let (cluster, kind) = match (own, other) {
            (None, None) => {
                let status = forward.missing_cluster_status;
                let reply = self.reply("no-cluster", received, status, "", cause);
                return Expected { picked, ..reply };
            }
            (Some(own), _) if own.has_endpoints() => (Some(own), "sent"),
            (_, Some(Some(other))) if other.has_endpoints() => (Some(other), "fallback"),
            _ => (None, ""),
        };
        let sent = forward.forwarded(&route.matcher.path, index, received);
        let Some(cluster) = cluster else {
            let body = "no healthy upstream";
            let reply = self.reply("no-endpoints", &sent, 503, body, cause);
            return Expected { picked, ..reply };
        };
        let mut headers = HeaderMap::decode_answer(upstream::lines(self.id));
        let status = upstream::status(self.id);
        route.answer_sent(&mut headers, received, &sent, Some(status), Some(index), false);
        let mut outcome = self.answer(status, &headers, "app");
        outcome.copies = self.copies(forward, received, &sent);
        // E-58: of the finished request; only its client is the one that came.
        let client = received.client(self.scene.edge, CLIENT);
        let hash = combined_hash(&forward.hash, &sent, client);
        outcome.sent = Some(self.arrived(cluster, &sent, hash));
        Expected { outcome, kind, picked }
    }

    fn copies(&self, forward: &Forward, received: &Request, sent: &Request) -> Vec<Sent> {
        let drawn = forward.mirrors.iter().filter(|mirror| certain(mirror.fraction));
        let clusters = drawn.filter_map(|mirror| self.scene.cluster(&mirror.cluster));
        let mut copy = sent.clone();
        // E-160: the limit of the whole request, where there is one, whatever one attempt may take.
        if let Some(timeout) = forward.time_limit_ms(received) {
            copy.headers.set("x-envoy-expected-rq-timeout-ms", timeout.to_string());
        }
        copy.headers.set("x-envoy-internal", "true");
        copy.headers.remove("x-forwarded-for");
        let with_endpoints = clusters.filter(|cluster| cluster.has_endpoints());
        // A copy has no hash.
        let mut copies: Vec<Sent> =
            with_endpoints.map(|cluster| self.arrived(cluster, &copy, None)).collect();
        copies.sort_by(|a, b| a.cluster.cmp(&b.cluster));
        copies
    }

    /// A request as an endpoint of a cluster gets it.
    fn arrived(&self, cluster: &Cluster, sent: &Request, hash: Option<u64>) -> Sent {
        let mut headers = sent.headers.clone();
        headers.set("x-envoy-attempt-count", "1");
        let endpoint = self.endpoint(cluster, hash);
        Sent {
            // Clusters that dial the original address share it.
            cluster: endpoint
                .as_deref()
                .map_or(&*cluster.name, |it| self.scene.owner(it))
                .to_owned(),
            endpoint,
            method: sent.method.clone(),
            path: sent.path.clone(),
            host: sent.authority.clone(),
            headers: compared(headers.lines().to_vec(), &[]),
        }
    }

    /// The only endpoint, or the one that a hash leads to; others are chosen by chance or in turn.
    fn endpoint(&self, cluster: &Cluster, hash: Option<u64>) -> Option<String> {
        let mut endpoints = cluster.endpoints().map(|endpoint| &endpoint.address);
        if cluster.endpoints().count() == 1 {
            return endpoints.next().cloned();
        }
        let index = self.scene.tables.get(&cluster.name)?.pick(hash?)?;
        endpoints.nth(index as usize).cloned()
    }
}
