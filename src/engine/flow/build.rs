//! Builds the graph: follows every way of every class, equal states once.

mod legs;

use std::collections::BTreeMap;

use super::plan::{Plan, PlannedTarget};
use super::sender::Senders;
use super::{
    Action, Answer, Call, CallId, ClassId, Flow, FlowError, LaneId, MAX_DEPTH, MAX_STATES, Node,
    Rule, RuleId, RunId, SeenCall, SenderId, Site, SiteId,
};
use crate::control_plane::capture::Capture;
use crate::control_plane::lanes::Memory;
use crate::control_plane::{Connection, ProxyKind, waypoint};
use crate::data_plane::Request;
use crate::scenario::Scenario;

/// Builds the decision graph of a scenario.
///
/// # Errors
/// Calls that nest too deep, or too many states.
pub fn build(scenario: &Scenario) -> Result<Flow, FlowError> {
    unroll(scenario, Extras::default())
}

/// Builds the graph and keeps what each decision was made from.
///
/// # Errors
/// As [`build`].
pub fn explain(scenario: &Scenario) -> Result<Flow, FlowError> {
    unroll(scenario, Extras { seen: true, ..Extras::default() })
}

/// Builds the graph with what only matters once endpoints fail: those of other priorities, and fallbacks.
///
/// # Errors
/// As [`build`].
pub fn build_with_standbys(scenario: &Scenario) -> Result<Flow, FlowError> {
    unroll(scenario, Extras { standbys: true, ..Extras::default() })
}

/// What is kept beyond what engines without time need.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Extras {
    /// What decisions are made from.
    pub(super) seen: bool,
    /// Endpoints and fallbacks that stand by.
    pub(super) standbys: bool,
}

fn unroll(scenario: &Scenario, extras: Extras) -> Result<Flow, FlowError> {
    let mut builder = Builder {
        scenario,
        extras,
        flow: Flow::default(),
        senders: Senders::new(scenario),
        calls: BTreeMap::new(),
        runs: BTreeMap::new(),
        sites: BTreeMap::new(),
        lanes: BTreeMap::new(),
        rules: BTreeMap::new(),
    };
    for (class, spec) in scenario.classes.iter().enumerate() {
        let sender = builder.senders.intern(spec.entry.sender.clone());
        let lane = match &spec.lane {
            Some(name) => LaneState::Known(builder.lane(name)),
            None => LaneState::Undecided,
        };
        let service = match spec.entry.sender.proxy.kind {
            ProxyKind::Gateway => String::new(),
            _ => short_host(&spec.request.authority).to_owned(),
        };
        let caller = spec.entry.sender.name.rsplit('/').next().unwrap_or_default().to_owned();
        let site = builder.site(Site {
            path: "entry".to_owned(),
            caller,
            service,
            depth: 0,
            mirrored: false,
        });
        let root = builder.call(Ask {
            class,
            site,
            sender,
            request: spec.request.clone(),
            memory: Memory::default(),
            lane,
            displaced: false,
            port: spec.entry.port,
            tls: spec.entry.tls,
            service: None,
        })?;
        builder.flow.roots.push(root);
    }
    builder.flow.senders = builder.senders.names();
    builder.flow.proxies = builder.senders.proxies();
    Ok(builder.flow)
}

/// What is known of the lane of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum LaneState {
    /// The entry hop has not decided yet.
    Undecided,
    /// It has none.
    None,
    /// This one.
    Known(LaneId),
}

/// A request that is about to be sent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ask {
    pub(super) class: ClassId,
    pub(super) site: SiteId,
    pub(super) sender: SenderId,
    pub(super) request: Request,
    pub(super) memory: Memory,
    pub(super) lane: LaneState,
    pub(super) displaced: bool,
    pub(super) port: u32,
    pub(super) tls: bool,
    /// The service whose waypoint this is: `hostname:port`.
    pub(super) service: Option<String>,
}

/// A request that reaches a pod.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Arrival {
    pub(super) class: ClassId,
    pub(super) site: SiteId,
    /// `None` is an address that is no pod of the mesh.
    pub(super) pod: Option<SenderId>,
    /// Name of the host if it is no pod.
    pub(super) host: String,
    pub(super) request: Request,
    pub(super) memory: Memory,
    pub(super) lane: LaneState,
    pub(super) displaced: bool,
}

pub(super) struct Builder<'s> {
    pub(super) scenario: &'s Scenario,
    pub(super) extras: Extras,
    pub(super) flow: Flow,
    pub(super) senders: Senders<'s>,
    calls: BTreeMap<Ask, CallId>,
    pub(super) runs: BTreeMap<Arrival, RunId>,
    sites: BTreeMap<Site, SiteId>,
    lanes: BTreeMap<String, LaneId>,
    rules: BTreeMap<Rule, RuleId>,
}

fn id(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// The first label of a host, without its port.
fn short_host(authority: &str) -> &str {
    let host = crate::data_plane::without_port(authority);
    if host.parse::<std::net::IpAddr>().is_ok() {
        return host;
    }
    host.split('.').next().unwrap_or(host)
}

// === impl Builder ===

impl Builder<'_> {
    /// Follows a request from its sender; equal states are followed once.
    pub(super) fn call(&mut self, ask: Ask) -> Result<CallId, FlowError> {
        if let Some(known) = self.calls.get(&ask) {
            return Ok(*known);
        }
        let site = &self.flow.sites[ask.site as usize];
        if site.depth > MAX_DEPTH {
            return Err(FlowError::TooDeep(site.path.clone()));
        }
        let plan = self.plan(&ask);
        self.flow.met.extend(plan.met);
        let action = match plan.legs {
            Err(answer) => Action::Answer(answer),
            Ok(planned) => {
                let mut legs = Vec::with_capacity(planned.len());
                for leg in planned {
                    legs.push(self.leg(&ask, leg)?);
                }
                Action::Forward(legs)
            }
        };
        let call = Call {
            class: ask.class,
            site: ask.site,
            sender: ask.sender,
            lane: match ask.lane {
                LaneState::Known(lane) => Some(lane),
                LaneState::Undecided | LaneState::None => None,
            },
            delay: plan.delay,
            abort: plan.abort,
            action,
            retry: plan.retry,
            timeout: plan.timeout,
        };
        if self.extras.seen {
            let (table, received) = match plan.seen {
                Some((table, received)) => (Some(table), received),
                None => (None, ask.request.clone()),
            };
            let (sent, port) = (ask.request.clone(), ask.port);
            self.flow.calls_seen.push(SeenCall { sent, received, port, table });
        }
        let number = id(self.flow.calls.len());
        self.flow.calls.push(call);
        self.add_node(Node::Call(number))?;
        self.calls.insert(ask, number);
        Ok(number)
    }

    pub(super) fn add_node(&mut self, node: Node) -> Result<(), FlowError> {
        self.flow.order.push(node);
        if self.flow.order.len() > MAX_STATES { Err(FlowError::TooLarge) } else { Ok(()) }
    }

    /// Asks whoever handles the request first.
    fn plan(&mut self, ask: &Ask) -> Plan {
        let known = self.senders.get(ask.sender);
        let authority = ask.service.as_deref().unwrap_or(&ask.request.authority);
        let connection = Connection { address: None, port: ask.port, authority, tls: ask.tls };
        // Behind a gateway stand many clients, beside a workload one.
        let client = match known.sender.capture {
            Capture::Gateway => "",
            _ => known.sender.name.as_str(),
        };
        match known.sender.capture {
            Capture::Gateway => {
                let mut request = ask.request.clone();
                known.tags.at_gateway(&mut request);
                Plan::of_proxy(&mut known.view, &request, &connection, client)
            }
            Capture::Sidecar => {
                let mut request = ask.request.clone();
                known.tags.on_outbound(&ask.memory, &mut request);
                Plan::of_proxy(&mut known.view, &request, &connection, client)
            }
            Capture::Ambient | Capture::Outside => self.plain(ask),
        }
    }

    /// A connection that no HTTP proxy of the sender sees: to the pods of the called service, or to its
    /// waypoint.
    fn plain(&mut self, ask: &Ask) -> Plan {
        let known = self.senders.get(ask.sender);
        let Some(service) = known.called_service(&ask.request.authority) else {
            return Plan::straight(PlannedTarget::Dialled, String::new(), &ask.request);
        };
        let name = format!("outbound|{}||{}", ask.port, service.hostname);
        match known.view.plain_cluster(&service.hostname, ask.port) {
            Some(cluster) if cluster.has_endpoints() => {
                Plan::straight(PlannedTarget::Cluster(cluster), name, &ask.request)
            }
            _ => Plan::answer(Answer::REFUSED),
        }
    }

    /// The waypoint between a sender and a service, if requests go through one.
    fn waypoint(&mut self, ask: &Ask, hostname: &str) -> Option<SenderId> {
        let mesh = &self.scenario.mesh;
        let known = self.senders.get(ask.sender);
        let sender = &known.sender;
        let (_, service) = known.view.scope.service(hostname)?;
        let goes_through = match sender.capture {
            Capture::Ambient => true,
            Capture::Gateway => {
                const OPT_IN: &str = "istio.io/ingress-use-waypoint";
                let opted = service.labels.get(OPT_IN).map(String::as_str) == Some("true");
                sender.proxy.kind == ProxyKind::Gateway && opted && !service.addresses.is_empty()
            }
            Capture::Sidecar | Capture::Outside => false,
        };
        let waypoint = waypoint::serving(mesh, service).filter(|_| goes_through)?;
        Some(self.senders.waypoint(waypoint))
    }

    fn lane(&mut self, name: &str) -> LaneId {
        if let Some(known) = self.lanes.get(name) {
            return *known;
        }
        let lane = id(self.flow.lanes.len());
        self.flow.lanes.push(name.to_owned());
        self.lanes.insert(name.to_owned(), lane);
        lane
    }

    pub(super) fn site(&mut self, site: Site) -> SiteId {
        if let Some(known) = self.sites.get(&site) {
            return *known;
        }
        let number = id(self.flow.sites.len());
        self.flow.sites.push(site.clone());
        self.sites.insert(site, number);
        number
    }

    /// The conditions of a rule share its split; rules of one delegate do not.
    fn rule(&mut self, mut rule: Rule) -> RuleId {
        rule.source.condition = None;
        if let Some(known) = self.rules.get(&rule) {
            return *known;
        }
        let number = id(self.flow.rules.len());
        self.flow.rules.push(rule.clone());
        self.rules.insert(rule, number);
        number
    }
}
