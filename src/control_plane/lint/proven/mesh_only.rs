//! `mesh-only-rule`: rules of the mesh for a service that a gateway sends to directly.

use std::collections::BTreeSet;

use super::super::{Finding, Outcome, catalog};
use super::reach::{proof, taken_by, witness};
use super::{Material, rule_name};
use crate::control_plane::ProxyKind;
use crate::control_plane::clusters::ClusterName;
use crate::control_plane::rules::{MESH, RuleSet};
use crate::data_plane::{Forward, Request, Route, RouteAction};

/// Looks for gateway routes to a whole service that a rule of the mesh would have divided.
pub(super) fn findings(material: &Material<'_>) -> Vec<Finding> {
    let mut told = BTreeSet::new();
    let mut found = Vec::new();
    let gateways =
        material.survey.asked.iter().filter(|asked| asked.entry.proxy.kind == ProxyKind::Gateway);
    for asked in gateways {
        for host in asked.table.virtual_hosts() {
            for route in &host.routes {
                let RouteAction::Forward(forward) = &route.action else { continue };
                for (index, set) in sets(material, forward) {
                    if told.contains(&set.object) {
                        continue;
                    }
                    let Some(request) = witness(asked, host, route) else { continue };
                    let Some(received) = asked.decide(&request).1 else { continue };
                    let sent = forward.forwarded(&route.matcher.path, index, &received);
                    let cluster = forward.destinations[index].cluster.as_str();
                    let Some(inside) = in_mesh(material, set, cluster, &sent) else { continue };
                    told.insert(set.object.clone());
                    let rule = route.source.as_ref().map(rule_name);
                    let taker = rule.clone().unwrap_or_default();
                    let text = format!(
                        "{taker} sends it straight to {cluster}; a sidecar would have {inside}"
                    );
                    let cluster = Some(cluster.to_owned());
                    let outcome = Outcome { rule, cluster, text, ..Outcome::default() };
                    let message = "requests from a gateway never meet these rules";
                    found.push(
                        Finding::new(&catalog::MESH_ONLY_RULE, set.object.clone(), set.place, message)
                            .help("they hold at sidecars of callers; for ingress, write them into the rule of the gateway")
                            .proof(proof(asked, request, outcome)),
                    );
                }
            }
        }
    }
    found
}

/// The rule sets of the mesh alone whose host is a destination without subset, with its index.
fn sets<'m>(material: &Material<'m>, forward: &Forward) -> Vec<(usize, &'m RuleSet)> {
    let subject = material.subject;
    let mut found = Vec::new();
    for (index, destination) in forward.destinations.iter().enumerate() {
        let Some(name) = ClusterName::parse(&destination.cluster) else { continue };
        if !name.subset.is_empty() {
            continue;
        }
        let own = subject.mesh.rule_sets.iter().filter(|set| {
            set.gateways == [MESH]
                && !set.from_gateway_api
                && !subject.generated.contains(&set.object)
                && set.hosts.iter().any(|host| host == name.host)
        });
        found.extend(own.map(|set| (index, set)));
    }
    found
}

/// What a sidecar does with the request by one of these rules, if that differs from sending it on as it is.
fn in_mesh(
    material: &Material<'_>,
    set: &RuleSet,
    cluster: &str,
    sent: &Request,
) -> Option<String> {
    let name = ClusterName::parse(cluster)?;
    let mut request = Request::get(name.host, sent.path.clone());
    request.method.clone_from(&sent.method);
    request.headers = sent.headers.clone();
    let sidecars = material.survey.asked.iter();
    let mut sidecars = sidecars.filter(|asked| asked.is_sidecar() && asked.entry.port == name.port);
    sidecars.find_map(|asked| {
        let owner = asked.table.virtual_host(name.host)?;
        let owned = owner
            .routes
            .iter()
            .any(|route| route.source.as_ref().is_some_and(|source| source.object == set.object));
        if !owned {
            return None;
        }
        match taken_by(asked, &request) {
            None => Some("answered 404".to_owned()),
            Some(route) => differs(route, cluster),
        }
    })
}

fn differs(route: &Route, cluster: &str) -> Option<String> {
    match &route.action {
        RouteAction::Redirect(_) => Some("redirected it".to_owned()),
        RouteAction::Direct(direct) => Some(format!("answered {}", direct.status)),
        RouteAction::Forward(forward) => {
            let names: Vec<&str> =
                forward.destinations.iter().map(|d| d.cluster.as_str()).collect();
            if names != [cluster] {
                return Some(format!("sent it to {}", names.join(" or ")));
            }
            route.fault.is_some().then(|| "injected a fault".to_owned())
        }
    }
}
