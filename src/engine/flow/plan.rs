//! What one proxy does with one request: its route table asked, clusters looked up, nothing followed yet.

use std::sync::Arc;

use super::{Answer, Fallback, FallbackReason, Rule};
use crate::control_plane::clusters::ClusterName;
use crate::control_plane::{Connection, Handling, ProxyView};
use crate::data_plane::{
    Abort, Cluster, Discovery, EarlyReply, Forward, Fraction, Request, ResponseFlag, RetryPolicy,
    Route, RouteTable, resolve_label, router,
};
use crate::units::Nanos;

/// What a proxy does with a request.
pub(crate) struct Plan {
    pub(crate) delay: Option<(Nanos, Fraction)>,
    pub(crate) abort: Option<(Fraction, Answer)>,
    pub(crate) retry: Option<RetryPolicy>,
    pub(crate) timeout: Option<Nanos>,
    pub(crate) legs: Result<Vec<PlannedLeg>, Answer>,
    /// Objects whose rules stand in the virtual host that the request met.
    pub(crate) met: Vec<String>,
    /// The table that was asked, and the request as it was routed.
    pub(crate) seen: Option<(Arc<RouteTable>, Request)>,
}

/// One weighted destination.
pub(crate) struct PlannedLeg {
    pub(crate) weight: u64,
    pub(crate) rule: Option<(Rule, usize)>,
    /// The destination's cluster as the route names it.
    pub(crate) cluster: String,
    pub(crate) target: PlannedTarget,
    pub(crate) fallback: Option<Fallback>,
    /// What would take over if no endpoint of the target were healthy.
    pub(crate) alternative: Option<(Arc<Cluster>, Fallback)>,
    /// The request as it leaves.
    pub(crate) sent: Request,
    pub(crate) mirrors: Vec<(Fraction, String, Option<Arc<Cluster>>)>,
    /// The hash that consistent-hash balancers choose by.
    pub(crate) hash: HashInput,
}

/// Where a leg leads.
pub(crate) enum PlannedTarget {
    Answer(Answer),
    Cluster(Arc<Cluster>),
    /// To the dialled address.
    Dialled,
}

/// What a consistent-hash balancer gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HashInput {
    /// The same for every request in this state.
    Constant(u64),
    /// Another value for every request, or none.
    Varies,
}

// === impl Answer ===

impl Answer {
    /// A connection that nobody takes.
    pub(crate) const REFUSED: Self = Self { status: 0, flag: None };

    const fn plain(status: u16) -> Self {
        Self { status, flag: None }
    }

    pub(crate) const fn flagged(status: u16, flag: ResponseFlag) -> Self {
        Self { status, flag: Some(flag) }
    }
}

// === impl Plan ===

impl Plan {
    /// A proxy that sends everything on to one place.
    pub(crate) fn straight(target: PlannedTarget, cluster: String, request: &Request) -> Self {
        let leg = PlannedLeg {
            weight: 1,
            rule: None,
            cluster,
            target,
            fallback: None,
            alternative: None,
            sent: request.clone(),
            mirrors: Vec::new(),
            hash: HashInput::Varies,
        };
        Self { legs: Ok(vec![leg]), ..Self::answer(Answer::REFUSED) }
    }

    /// A proxy that answers itself.
    pub(crate) const fn answer(answer: Answer) -> Self {
        Self {
            delay: None,
            abort: None,
            retry: None,
            timeout: None,
            legs: Err(answer),
            met: Vec::new(),
            seen: None,
        }
    }

    /// Asks a proxy.
    pub(crate) fn of_proxy(
        view: &mut ProxyView<'_>,
        request: &Request,
        connection: &Connection<'_>,
        client: &str,
    ) -> Self {
        let (table, edge) = match view.handle(connection) {
            Handling::NoListener => return Self::answer(Answer::REFUSED),
            Handling::Tcp(cluster) => return Self::tcp(view, cluster, request),
            Handling::Http(table, edge) => (table, edge),
        };
        let option = view.scope.mesh.config.path_normalization;
        let (decision, received) = router::route(&table, request, edge, option);
        let Some(received) = received else {
            return Self::answer(match decision {
                router::Decision::Early(EarlyReply::BadPath) => Answer::plain(400),
                _ => Answer::flagged(404, ResponseFlag::NoRoute),
            });
        };
        let host = table.virtual_host(&received.authority);
        let sources = host.into_iter().flat_map(|host| &host.routes);
        let mut met: Vec<String> =
            sources.filter_map(|r| r.source.as_ref().map(|s| s.object.clone())).collect();
        met.dedup();
        let mut plan = match decision {
            router::Decision::Early(_) | router::Decision::NoRoute(_) => {
                Self::answer(Answer::flagged(404, ResponseFlag::NoRoute))
            }
            router::Decision::HttpsRedirect(_) => Self::answer(Answer::plain(301)),
            router::Decision::Preflight(..) => Self::answer(Answer::plain(200)),
            router::Decision::Redirect(_, route, redirect) => {
                Self::with_fault(Self::answer(Answer::plain(redirect.status)), route)
            }
            router::Decision::Direct(_, route, direct) => {
                Self::with_fault(Self::answer(Answer::plain(direct.status)), route)
            }
            router::Decision::Forward(_, route, forward) => {
                let plan = Self::forward(view, route, forward, &received, client);
                Self::with_fault(plan, route)
            }
        };
        plan.met = met;
        plan.seen = Some((table, received));
        plan
    }

    /// Bytes are passed on; no rule looks at the request.
    fn tcp(view: &mut ProxyView<'_>, name: String, request: &Request) -> Self {
        let target = match view.cluster(&name) {
            Some(cluster) if cluster.discovery == Discovery::OriginalDestination => {
                PlannedTarget::Dialled
            }
            Some(cluster) if cluster.has_endpoints() => PlannedTarget::Cluster(cluster),
            _ => PlannedTarget::Answer(Answer::REFUSED),
        };
        Self::straight(target, name, request)
    }

    fn with_fault(mut plan: Self, route: &Route) -> Self {
        let Some(fault) = &route.fault else { return plan };
        plan.delay = fault.delay.filter(|(_, fraction)| fraction.numerator > 0);
        plan.abort =
            fault.abort.filter(|(_, fraction)| fraction.numerator > 0).map(|(abort, fraction)| {
                let status = match abort {
                    Abort::Http(status) => status,
                    Abort::Grpc(_) => 200,
                };
                (fraction, Answer::flagged(status, ResponseFlag::FaultAbort))
            });
        plan
    }

    fn forward(
        view: &mut ProxyView<'_>,
        route: &Route,
        forward: &Forward,
        received: &Request,
        client: &str,
    ) -> Self {
        let domain = view.scope.mesh.config.domain.clone();
        let rule = route.source.as_ref().map(|source| Rule {
            source: source.clone(),
            destinations: forward
                .destinations
                .iter()
                .map(|it| (cluster_label(&it.cluster, &domain), u64::from(it.weight)))
                .collect(),
        });
        let mut legs = Vec::new();
        for (index, destination) in forward.destinations.iter().enumerate() {
            let sent = forward.forwarded(&route.matcher.path, index, received);
            let named =
                |name: &str| resolve_label(name, received).unwrap_or_else(|| name.to_owned());
            let cluster = named(&destination.cluster);
            let fallback = destination.fallback.as_deref().map(named);
            let missing = forward.missing_cluster_status;
            let alternative = alternative(view, &cluster, fallback.as_deref(), &domain);
            let (target, fallback) = target(view, &cluster, fallback.as_deref(), missing, &domain);
            let mirrors = forward.mirrors.iter().map(|mirror| {
                (mirror.fraction, mirror.cluster.clone(), view.cluster(&mirror.cluster))
            });
            legs.push(PlannedLeg {
                weight: u64::from(destination.weight),
                rule: rule.clone().map(|rule| (rule, index)),
                target,
                fallback,
                alternative,
                mirrors: mirrors.collect(),
                hash: hash_input(forward, &sent, client),
                cluster,
                sent,
            });
        }
        // A single destination takes everything, whatever its weight says.
        if let [only] = &mut legs[..] {
            only.weight = 1;
        }
        legs.retain(|leg| leg.weight > 0);
        Self {
            retry: forward.retry.clone().filter(|policy| policy.attempts > 0),
            timeout: forward.time_limit_ms(received).map(Nanos::from_millis),
            legs: Ok(legs),
            ..Self::answer(Answer::REFUSED)
        }
    }
}

/// The chosen cluster, or its fallback if it cannot serve (asm-lanes 2.5).
fn target(
    view: &mut ProxyView<'_>,
    cluster: &str,
    fallback: Option<&str>,
    missing_status: u16,
    domain: &str,
) -> (PlannedTarget, Option<Fallback>) {
    let found = view.cluster(cluster);
    let reason = match &found {
        Some(found) if found.discovery == Discovery::OriginalDestination => {
            return (PlannedTarget::Dialled, None);
        }
        Some(found) if found.has_endpoints() => {
            return (PlannedTarget::Cluster(Arc::clone(found)), None);
        }
        Some(_) => FallbackReason::NoEndpoints,
        None => FallbackReason::Undefined,
    };
    let other = fallback.filter(|other| *other != cluster);
    let replacement = other.and_then(|other| view.cluster(other)).filter(|c| c.has_endpoints());
    if let Some(replacement) = replacement {
        let taken = Fallback {
            from: cluster_label(cluster, domain),
            to: cluster_label(&replacement.name, domain),
            reason,
        };
        return (PlannedTarget::Cluster(replacement), Some(taken));
    }
    let answer = match reason {
        FallbackReason::NoEndpoints | FallbackReason::NoneHealthy => {
            Answer::flagged(503, ResponseFlag::NoHealthyUpstream)
        }
        FallbackReason::Undefined => Answer::flagged(missing_status, ResponseFlag::NoCluster),
    };
    (PlannedTarget::Answer(answer), None)
}

/// The fallback of a destination that has endpoints: it stands by until none of them is healthy.
fn alternative(
    view: &mut ProxyView<'_>,
    cluster: &str,
    fallback: Option<&str>,
    domain: &str,
) -> Option<(Arc<Cluster>, Fallback)> {
    let other = fallback.filter(|other| *other != cluster)?;
    view.cluster(cluster).filter(|found| found.has_endpoints())?;
    let replacement = view.cluster(other).filter(|found| found.has_endpoints())?;
    let taken = Fallback {
        from: cluster_label(cluster, domain),
        to: cluster_label(&replacement.name, domain),
        reason: FallbackReason::NoneHealthy,
    };
    Some((replacement, taken))
}

/// Prints a cluster as `mocka/s2`: the first label of a service of the cluster, and the subset.
pub(crate) fn cluster_label(name: &str, domain: &str) -> String {
    let Some(parsed) = ClusterName::parse(name) else { return name.to_owned() };
    let suffix = format!(".svc.{domain}");
    let host = match parsed.host.strip_suffix(&suffix) {
        Some(local) => local.split('.').next().unwrap_or(local),
        None => parsed.host,
    };
    if parsed.subset.is_empty() { host.to_owned() } else { format!("{host}/{}", parsed.subset) }
}

/// Hash keys are read from the finished request (E-58); a value that varies makes the hash vary.
fn hash_input(forward: &Forward, sent: &Request, client: &str) -> HashInput {
    let hash = |value: &str, client: &str| {
        crate::data_plane::combined_hash(&forward.hash, &filled(sent, value), client)
    };
    // Behind a gateway every request may come from another address.
    let other = if client.is_empty() { "another" } else { client };
    match (hash("a", client), hash("b", other)) {
        (Some(a), Some(b)) if a == b => HashInput::Constant(a),
        _ => HashInput::Varies,
    }
}

/// The request with the placeholder for unique values replaced.
fn filled(request: &Request, value: &str) -> Request {
    let mut filled = request.clone();
    let placeholder = crate::data_plane::UNIQUE;
    filled.path = filled.path.replace(placeholder, value);
    filled.headers = crate::data_plane::HeaderMap::decode(
        request.headers.lines().iter().map(|(name, text)| (name, text.replace(placeholder, value))),
    );
    filled
}
