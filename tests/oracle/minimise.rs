//! Makes a difference small: parts of the table and of the request go while the outcomes still differ.
//!
//! All one-step simplifications are tried in one Envoy, the first that still differs is taken, and so
//! on until none is left.

use std::path::Path;

use lanecast::data_plane::{
    Forward, HeaderOps, PathMatcher, PathNormalization, Route, RouteAction, RouteTable, VirtualHost,
};

use crate::live::{self, Difference};
use crate::scene::{Asked, Scene};
use crate::upstream::Upstreams;

/// Steps after which the rest stays as it is.
const STEPS: usize = 60;

/// Returns the smallest scene found, with its one difference.
pub(crate) fn minimise(
    program: &Path,
    upstreams: &Upstreams,
    scene: &Scene,
    difference: &Difference,
) -> (Scene, Difference) {
    let asked = vec![difference.asked.clone()];
    let mut smallest = (Scene { asked, ..scene.clone() }, difference.clone());
    for _ in 0..STEPS {
        let smaller = simpler(&smallest.0);
        let Ok(count) = live::play(program, upstreams, &smaller) else { break };
        let first = count.differences.into_iter().min_by_key(|difference| difference.scene);
        let Some(difference) = first else { break };
        smallest = (smaller[difference.scene].clone(), difference);
    }
    smallest
}

/// All scenes that are one step simpler; the largest steps first.
fn simpler(scene: &Scene) -> Vec<Scene> {
    let hosts = scene.table.virtual_hosts();
    let mut tables: Vec<Vec<VirtualHost>> = Vec::new();
    if hosts.len() > 1 {
        tables.extend(hosts.iter().map(|host| vec![host.clone()]));
        tables.extend((0..hosts.len()).map(|index| without(hosts, index)));
    }
    for (at, host) in hosts.iter().enumerate() {
        for simpler in simpler_hosts(host) {
            let mut hosts = hosts.to_vec();
            hosts[at] = simpler;
            tables.push(hosts);
        }
    }
    let tables = tables
        .into_iter()
        .map(|hosts| Scene { table: RouteTable::new("table", hosts), ..scene.clone() });
    let requests = simpler_requests(&scene.asked[0])
        .into_iter()
        .map(|asked| Scene { asked: vec![asked], ..scene.clone() });
    let base = Scene { option: PathNormalization::Base, ..scene.clone() };
    let base = (scene.option != PathNormalization::Base).then_some(base);
    tables.chain(requests).chain(base).collect()
}

fn without<T: Clone>(list: &[T], index: usize) -> Vec<T> {
    let mut rest = list.to_vec();
    rest.remove(index);
    rest
}

fn simpler_hosts(host: &VirtualHost) -> Vec<VirtualHost> {
    let with_routes = |routes: Vec<Route>| VirtualHost { routes, ..host.clone() };
    let mut hosts = Vec::new();
    if host.routes.len() > 1 {
        hosts.extend(host.routes.iter().map(|route| with_routes(vec![route.clone()])));
    }
    hosts.extend((0..host.routes.len()).map(|index| with_routes(without(&host.routes, index))));
    if host.domains.len() > 1 {
        let fewer = (0..host.domains.len()).map(|index| without(&host.domains, index));
        hosts.extend(fewer.map(|domains| VirtualHost { domains, ..host.clone() }));
    }
    for (at, route) in host.routes.iter().enumerate() {
        for simpler in simpler_routes(route) {
            let mut routes = host.routes.clone();
            routes[at] = simpler;
            hosts.push(with_routes(routes));
        }
    }
    hosts
}

fn simpler_routes(route: &Route) -> Vec<Route> {
    let mut routes = Vec::new();
    let mut push = |change: &dyn Fn(&mut Route)| {
        let mut simpler = route.clone();
        change(&mut simpler);
        if simpler != *route {
            routes.push(simpler);
        }
    };
    push(&|route| route.fault = None);
    push(&|route| route.cors = None);
    push(&|route| route.response_ops = HeaderOps::default());
    push(&|route| route.matcher.path = PathMatcher::Any);
    push(&|route| route.matcher.query.clear());
    push(&|route| route.matcher.claims.clear());
    for index in 0..route.matcher.headers.len() {
        push(&|route| drop(route.matcher.headers.remove(index)));
    }
    for block in simpler_blocks(&route.response_ops) {
        push(&|route| route.response_ops = block.clone());
    }
    if let RouteAction::Forward(forward) = &route.action {
        for simpler in simpler_forwards(forward) {
            push(&|route| route.action = RouteAction::Forward(Box::new(simpler.clone())));
        }
    }
    routes
}

fn simpler_forwards(forward: &Forward) -> Vec<Forward> {
    let mut forwards = Vec::new();
    let mut push = |change: &dyn Fn(&mut Forward)| {
        let mut simpler = forward.clone();
        change(&mut simpler);
        if simpler != *forward {
            forwards.push(simpler);
        }
    };
    push(&|forward| forward.mirrors.clear());
    push(&|forward| forward.hash.clear());
    push(&|forward| forward.retry = None);
    push(&|forward| forward.timeout = None);
    push(&|forward| forward.path_rewrite = None);
    push(&|forward| forward.host_rewrite = None);
    push(&|forward| forward.request_ops = HeaderOps::default());
    for block in simpler_blocks(&forward.request_ops) {
        push(&|forward| forward.request_ops = block.clone());
    }
    for (index, destination) in forward.destinations.iter().enumerate() {
        if forward.destinations.len() > 1 {
            push(&|forward| drop(forward.destinations.remove(index)));
        }
        push(&|forward| forward.destinations[index].request_ops = HeaderOps::default());
        push(&|forward| forward.destinations[index].response_ops = HeaderOps::default());
        push(&|forward| forward.destinations[index].host_rewrite = None);
        push(&|forward| forward.destinations[index].fallback = None);
        for block in simpler_blocks(&destination.request_ops) {
            push(&|forward| forward.destinations[index].request_ops = block.clone());
        }
        for block in simpler_blocks(&destination.response_ops) {
            push(&|forward| forward.destinations[index].response_ops = block.clone());
        }
    }
    forwards
}

fn simpler_blocks(block: &HeaderOps) -> Vec<HeaderOps> {
    let removes = (0..block.remove.len())
        .map(|index| HeaderOps { remove: without(&block.remove, index), ..block.clone() });
    let sets = (0..block.set.len())
        .map(|index| HeaderOps { set: without(&block.set, index), ..block.clone() });
    let adds = (0..block.add.len())
        .map(|index| HeaderOps { add: without(&block.add, index), ..block.clone() });
    removes.chain(sets).chain(adds).collect()
}

fn simpler_requests(asked: &Asked) -> Vec<Asked> {
    let mut requests: Vec<Asked> = (0..asked.lines.len())
        .map(|index| Asked { lines: without(&asked.lines, index), ..asked.clone() })
        .collect();
    if asked.method != "GET" {
        requests.push(Asked { method: "GET".to_owned(), ..asked.clone() });
    }
    if let Some((path, _)) = asked.path.split_once('?') {
        requests.push(Asked { path: path.to_owned(), ..asked.clone() });
    }
    if asked.path != "/" {
        requests.push(Asked { path: "/".to_owned(), ..asked.clone() });
    }
    if asked.pick > 0 {
        requests.push(Asked { pick: 0, ..asked.clone() });
    }
    requests
}
