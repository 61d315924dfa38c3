//! What the first proxy on a request's way that reads HTTP makes of it.
//!
//! The decision itself is the engine's ([`Plan`]); here it is put into the words of an expectation. What the
//! application behind it does, and the calls that it makes, are the business of scenarios.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::control_plane::capture::Capture;
use crate::control_plane::lanes::{Memory, WorkloadTags};
use crate::control_plane::registry::Service;
use crate::control_plane::{Connection, Proxy, ProxyKind, ProxyView, waypoint};
use crate::data_plane::{
    Fault, Forward, HeaderMap, Mirror, Request, Route, RouteSource, RouteTable, router,
};
use crate::engine::flow::Answer;
use crate::engine::flow::plan::{Plan, PlannedLeg, PlannedTarget};
use crate::scenario::{Base, Entry, Sender};

/// The decision on one request.
pub(super) struct Outcome {
    /// Who decided, and the port that was dialled.
    pub(super) sender: String,
    /// The request as it was routed, or as it was sent if no table was asked.
    pub(super) received: Request,
    /// The table that was asked; `None` if no rule looks at the request.
    pub(super) table: Option<Arc<RouteTable>>,
    /// Where the request goes, or the answer that the proxy gives.
    pub(super) legs: Result<Vec<Leg>, Answer>,
}

/// A destination that requests are sent to.
pub(super) struct Leg {
    /// Weight; the share is its part of the sum.
    pub(super) weight: u64,
    /// Index among the destinations of the route.
    pub(super) index: usize,
    /// The cluster that the route names.
    pub(super) named: String,
    /// The cluster that serves, or the answer if none can.
    pub(super) served: Result<String, Answer>,
    /// Whether a fallback took over from the cluster that the route names.
    pub(super) fell_back: bool,
    /// The request as it leaves.
    pub(super) sent: Request,
}

/// Asks proxies; each is worked out once.
pub(super) struct Asker<'m> {
    base: &'m Base,
    known: BTreeMap<Sender, (WorkloadTags, ProxyView<'m>)>,
}

// === impl Asker ===

impl<'m> Asker<'m> {
    pub(super) const fn new(base: &'m Base) -> Self {
        Self { base, known: BTreeMap::new() }
    }

    /// Decides on a request.
    pub(super) fn decide(&mut self, entry: &Entry, request: &Request) -> Outcome {
        let known = self.known(&entry.sender);
        let mut request = request.clone();
        match entry.sender.capture {
            Capture::Gateway => known.0.at_gateway(&mut request),
            Capture::Sidecar => known.0.on_outbound(&Memory::default(), &mut request),
            Capture::Ambient | Capture::Outside => return self.plain(entry, &request),
        }
        let authority = request.authority.clone();
        self.ask(&entry.sender, &authority, entry, &request)
    }

    fn known(&mut self, sender: &Sender) -> &mut (WorkloadTags, ProxyView<'m>) {
        let base = self.base;
        self.known.entry(sender.clone()).or_insert_with(|| {
            let proxy = &sender.proxy;
            let tags = base.propagation.for_workload(&proxy.namespace, &proxy.labels);
            // Names resolve for a workload without a sidecar too; rules and audiences bind proxies only.
            let seen_by = match sender.capture {
                Capture::Gateway | Capture::Sidecar => proxy.clone(),
                Capture::Ambient | Capture::Outside => {
                    Proxy::new(ProxyKind::Gateway, &proxy.namespace, BTreeMap::new())
                }
            };
            (tags, ProxyView::new(&base.mesh, seen_by))
        })
    }

    /// Asks a proxy; `authority` names the service whose address was dialled.
    fn ask(
        &mut self,
        sender: &Sender,
        authority: &str,
        entry: &Entry,
        request: &Request,
    ) -> Outcome {
        let (port, tls) = (entry.port, entry.tls);
        let view = &mut self.known(sender).1;
        let connection = Connection { address: None, port, authority, tls };
        let plan = Plan::of_proxy(view, request, &connection, &sender.name);
        let (table, received) = match plan.seen {
            Some((table, received)) => (Some(table), received),
            None => (None, request.clone()),
        };
        let legs = plan.legs.map(|legs| legs.into_iter().map(Leg::new).collect());
        Outcome { sender: format!("{}, port {port}", sender.name), received, table, legs }
    }

    /// a workload without a sidecar reaches the waypoint of the called service in ambient mode, else
    /// its pods.
    fn plain(&mut self, entry: &Entry, request: &Request) -> Outcome {
        let base = self.base;
        let view = &self.known(&entry.sender).1;
        let service: Option<&Service> = view
            .named_service(&request.authority)
            .and_then(|hostname| view.scope.service(&hostname).map(|(_, service)| service));
        let ambient = entry.sender.capture == Capture::Ambient;
        let through = service.filter(|_| ambient).and_then(|it| waypoint::serving(&base.mesh, it));
        if let (Some(waypoint), Some(service)) = (through, service) {
            let sender = Sender::of_waypoint(waypoint);
            let authority = format!("{}:{}", service.hostname, entry.port);
            return self.ask(&sender, &authority, entry, request);
        }
        let plan = match service {
            None => {
                Plan::straight(PlannedTarget::Dialled, "PassthroughCluster".to_owned(), request)
            }
            Some(service) => match view.plain_cluster(&service.hostname, entry.port) {
                Some(cluster) if cluster.has_endpoints() => {
                    let name = format!("outbound|{}||{}", entry.port, service.hostname);
                    Plan::straight(PlannedTarget::Cluster(cluster), name, request)
                }
                _ => Plan::answer(Answer::REFUSED),
            },
        };
        Outcome {
            sender: format!("{}, port {}", entry.sender.name, entry.port),
            received: request.clone(),
            table: None,
            legs: plan.legs.map(|legs| legs.into_iter().map(Leg::new).collect()),
        }
    }
}

// === impl Leg ===

impl Leg {
    fn new(planned: PlannedLeg) -> Self {
        let served = match planned.target {
            PlannedTarget::Answer(answer) => Err(answer),
            // A fallback serves under its own name; bytes to the pods of a service have none.
            PlannedTarget::Cluster(cluster) if planned.fallback.is_some() => {
                Ok(cluster.name.clone())
            }
            PlannedTarget::Cluster(_) | PlannedTarget::Dialled => Ok(planned.cluster.clone()),
        };
        Self {
            weight: planned.weight,
            index: planned.rule.map_or(0, |(_, index)| index),
            named: planned.cluster,
            served,
            fell_back: planned.fallback.is_some(),
            sent: planned.sent,
        }
    }
}

// === impl Outcome ===

impl Outcome {
    /// Returns what the table makes of the request; `None` if no table was asked.
    pub(super) fn decision(&self) -> Option<router::Decision<'_>> {
        self.table.as_ref().map(|table| router::decide(table, &self.received))
    }

    /// Returns the route that takes the request.
    pub(super) fn route(&self) -> Option<&Route> {
        match self.decision()? {
            router::Decision::Preflight(_, route, _)
            | router::Decision::Redirect(_, route, _)
            | router::Decision::Direct(_, route, _)
            | router::Decision::Forward(_, route, _) => Some(route),
            router::Decision::Early(_)
            | router::Decision::NoRoute(_)
            | router::Decision::HttpsRedirect(_) => None,
        }
    }

    /// Returns the rule that the route was made from.
    pub(super) fn rule(&self) -> Option<&RouteSource> {
        self.route().and_then(|route| route.source.as_ref())
    }

    /// Returns the name of the virtual host; empty if no host has the name.
    pub(super) fn virtual_host(&self) -> &str {
        let host = self.table.as_ref().and_then(|it| it.virtual_host(&self.received.authority));
        host.map_or("", |host| host.name.as_str())
    }

    /// Returns how the request is sent on.
    pub(super) fn forward(&self) -> Option<&Forward> {
        match self.decision()? {
            router::Decision::Forward(_, _, forward) => Some(forward),
            _ => None,
        }
    }

    /// Returns the faults of the route.
    pub(super) fn fault(&self) -> Option<&Fault> {
        self.route().and_then(|route| route.fault.as_ref())
    }

    /// Returns the copies of the route.
    pub(super) fn mirrors(&self) -> &[Mirror] {
        self.forward().map_or(&[], |forward| &forward.mirrors)
    }

    /// Returns the status and the `location` of a redirect.
    pub(super) fn redirect(&self) -> Option<(u16, String)> {
        match self.decision()? {
            router::Decision::Redirect(_, route, redirect) => {
                let location = redirect.location(&route.matcher.path, &self.received);
                Some((redirect.status, location))
            }
            router::Decision::HttpsRedirect(_) => {
                let Request { authority, path, .. } = &self.received;
                Some((301, format!("https://{authority}{path}")))
            }
            _ => None,
        }
    }

    /// Returns the status and the body of a direct response.
    pub(super) fn direct(&self) -> Option<(u16, &str)> {
        match self.decision()? {
            router::Decision::Direct(_, _, direct) => Some((direct.status, &direct.body)),
            _ => None,
        }
    }

    /// Returns the headers of the answer. What comes from the application carries the lines of `upstream`;
    /// without a leg the proxy answers itself.
    pub(super) fn answer_headers(&self, leg: Option<&Leg>, upstream: HeaderMap) -> HeaderMap {
        let Some(route) = self.route() else { return upstream };
        if let Some(router::Decision::Preflight(_, _, cors)) = self.decision() {
            return cors.preflight_answer(&self.received);
        }
        let (mut headers, sent, status) = match leg {
            Some(leg) => (upstream, &leg.sent, Some(200)),
            None => (HeaderMap::new(), &self.received, None),
        };
        route.answer(&mut headers, sent, status, leg.map(|leg| leg.index), false);
        headers
    }

    /// Returns the sum of the weights; at least 1.
    pub(super) fn total_weight(&self) -> u64 {
        let legs = self.legs.as_deref().unwrap_or_default();
        legs.iter().map(|leg| leg.weight).sum::<u64>().max(1)
    }
}
