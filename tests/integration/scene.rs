//! Decision graphs written by hand, for tests of the timed engine: a gateway, pods, nothing else.

use std::sync::Arc;

use lanecast::data_plane::{Cluster, Discovery, Endpoint, EndpointGroup, Locality};
use lanecast::engine::flow::{
    Action, AppRun, Call, Flow, Host, Hosts, Isolation, Leg, Node, RunCall, Site, Target,
};
use lanecast::engine::timed::service::Distribution;
use lanecast::engine::timed::{Graph, Setup, Source, Station, Traffic};
use lanecast::scenario::time::End;
use lanecast::topology::{FailurePolicy, RetryOn};
use lanecast::units::{Nanos, Share};

/// A cluster whose hosts are the instances from `first` on.
pub(crate) fn cluster(name: &str, first: u32, hosts: u32) -> Cluster {
    let endpoint = |instance: u32| {
        let address = format!("10.0.{}.{}:80", instance >> 8, instance & 255);
        Endpoint { name: address.clone(), address, instance: Some(instance), weight: 1 }
    };
    let mut cluster = Cluster::new(name, Discovery::Eds);
    cluster.groups = vec![EndpointGroup {
        priority: 0,
        locality: Locality::default(),
        weight: hosts,
        endpoints: (first..first + hosts).map(endpoint).collect(),
    }];
    cluster
}

/// A request to a cluster whose hosts all do the same.
pub(crate) fn call(site: u32, cluster: Cluster, run: u32) -> Call {
    let host = |(endpoint, it): (usize, &Endpoint)| Host {
        weight: 1,
        name: it.name.clone(),
        endpoint,
        run,
        isolation: Isolation::NoLane,
    };
    let list: Vec<Host> = cluster.endpoints().enumerate().map(host).collect();
    let total = list.len() as u64;
    let standby = Vec::new();
    let hosts = Hosts { cluster: Arc::new(cluster), list, total, standby, hash: None };
    let leg = Leg {
        weight: 1,
        rule: None,
        lane: None,
        target: Target::Hosts(hosts),
        fallback: None,
        alternative: None,
        copies: Vec::new(),
    };
    Call {
        class: 0,
        site,
        sender: site,
        lane: None,
        delay: None,
        abort: None,
        action: Action::Forward(vec![leg]),
        retry: None,
        timeout: None,
    }
}

/// What an application does: nothing, or one call.
pub(crate) fn app(site: u32, name: &str, next: Option<u32>) -> AppRun {
    let call = |call: u32| RunCall {
        attempts: vec![call],
        probability: Share::ONE,
        retry_on: RetryOn::Failure,
        on_failure: FailurePolicy::Answer(500),
        site: site + 1,
    };
    AppRun {
        class: 0,
        site,
        app: name.to_owned(),
        version: "v1".to_owned(),
        error_rate: Share::ZERO,
        status: 200,
        steps: next.map(|next| vec![call(next)]).into_iter().collect(),
    }
}

fn site(depth: u32, caller: &str, service: &str) -> Site {
    let path = if depth == 0 { "entry".to_owned() } else { format!("{caller}>{service}") };
    Site { path, caller: caller.to_owned(), service: service.to_owned(), depth, mirrored: false }
}

/// A gateway in front of so many hosts; `change` has the last word on the call.
pub(crate) fn single(hosts: u32, change: &dyn Fn(&mut Call, &mut Cluster)) -> Flow {
    let call = changed(0, cluster("app", 0, hosts), change);
    Flow {
        roots: vec![0],
        calls: vec![call],
        runs: vec![app(0, "app", None)],
        order: vec![Node::Run(0), Node::Call(0)],
        sites: vec![site(0, "gateway", "")],
        senders: vec!["gateway".to_owned()],
        ..Flow::default()
    }
}

/// A gateway in front of a row of pods, each of which calls the next one; `change` has the last word on calls
/// and clusters. The end is to be set.
pub(crate) fn tandem(
    length: u32,
    workers: Option<u32>,
    mean: Nanos,
    traffic: Traffic,
    change: &dyn Fn(&mut Call, &mut Cluster),
) -> Setup {
    let name = |index: u32| format!("app{index}");
    let mut flow = Flow { roots: vec![0], ..Flow::default() };
    let mut stations = vec![Station::instant("gateway")];
    for index in 0..length {
        let caller = if index == 0 { "gateway".to_owned() } else { name(index - 1) };
        flow.sites.push(site(index, &caller, &name(index)));
        flow.senders.push(caller);
        flow.calls.push(changed(index, cluster(&name(index), index, 1), change));
        flow.runs.push(app(index, &name(index), (index + 1 < length).then_some(index + 1)));
        stations.push(Station {
            service: Distribution::exponential(mean),
            workers,
            ..Station::instant(name(index))
        });
    }
    for index in (0..length).rev() {
        flow.order.extend([Node::Run(index), Node::Call(index)]);
    }
    let graph = Graph {
        flow: Arc::new(flow),
        instances: (1..=length).collect(),
        senders: (0..length).map(|station| vec![station]).collect(),
    };
    let mut setup = Setup::new(graph, stations, End::Requests(1));
    setup.sources = vec![Source { class: 0, traffic }];
    setup.interval = Nanos(100 * Nanos::SECOND.0);
    setup
}

/// A call whose own settings and cluster were changed.
fn changed(index: u32, mut own: Cluster, change: &dyn Fn(&mut Call, &mut Cluster)) -> Call {
    let mut settings = call(index, own.clone(), index);
    change(&mut settings, &mut own);
    let Call { retry, timeout, delay, abort, .. } = settings;
    Call { retry, timeout, delay, abort, ..call(index, own, index) }
}
