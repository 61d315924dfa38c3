//! `order-depends-on-names`: two VirtualServices of one age want one request.
//!
//! # Model
//! At a gateway both objects' routes stand in one virtual host: a route of the later one is asked about with
//! a request that it takes too. At a sidecar one object owns the host: the mesh is built once more without
//! it, and the other one must then take the very same request.

use std::collections::BTreeSet;

use super::super::{Finding, Outcome, Proof, catalog};
use super::reach::{proof, request_for, taken_by};
use super::survey::{Asked, Survey};
use super::{Material, rule_name};
use crate::config::object::Kind;
use crate::config::resources::Resources;
use crate::control_plane::rules::{MESH, RuleSet};
use crate::control_plane::{Audience, Mesh, ProxyKind};
use crate::data_plane::{Request, Route, VirtualHost};
use crate::diagnostic::Diagnostics;

/// Meshes built for comparison, at most.
const MAX_REBUILDS: usize = 20;

/// Looks at all pairs of equally old VirtualServices.
pub(super) fn findings(material: &Material<'_>) -> Vec<Finding> {
    let mut found = at_gateways(material);
    found.extend(at_sidecars(material));
    found
}

fn set_of<'m>(material: &Material<'m>, object: &str) -> Option<&'m RuleSet> {
    let sets = &material.subject.mesh.rule_sets;
    sets.iter().find(|set| set.object == object && !set.from_gateway_api)
}

fn finding(material: &Material<'_>, winner: &RuleSet, loser: &RuleSet, proof: Proof) -> Finding {
    let age = match winner.created {
        None => "neither has a creationTimestamp yet",
        Some(_) => "both have the same creationTimestamp",
    };
    // Nobody wrote a generated object; the other one is told.
    let (object, message) = if material.subject.generated.contains(&loser.object) {
        (winner, format!("this object comes before {} only by its name: {age}", loser.object))
    } else {
        (loser, format!("{} comes before this object only by its name: {age}", winner.object))
    };
    Finding::new(&catalog::ORDER_BY_NAME, object.object.clone(), object.place, message)
        .help("applied one after the other, the older one wins: put the rules into one object")
        .proof(proof)
}

fn at_gateways(material: &Material<'_>) -> Vec<Finding> {
    let mut told: BTreeSet<(String, String)> = BTreeSet::new();
    let mut found = Vec::new();
    for asked in &material.survey.asked {
        if asked.entry.proxy.kind != ProxyKind::Gateway {
            continue;
        }
        for host in asked.table.virtual_hosts() {
            for route in &host.routes {
                let Some((winner, loser, proof)) = lost_at_gateway(material, asked, host, route)
                else {
                    continue;
                };
                if told.insert((winner.object.clone(), loser.object.clone())) {
                    found.push(finding(material, winner, loser, proof));
                }
            }
        }
    }
    found
}

/// A request that the route takes and an equally old object in front gets.
fn lost_at_gateway<'m>(
    material: &Material<'m>,
    asked: &Asked,
    host: &VirtualHost,
    route: &Route,
) -> Option<(&'m RuleSet, &'m RuleSet, Proof)> {
    let own = route.source.as_ref()?;
    let loser = set_of(material, &own.object)?;
    let rivals = host.routes.iter().filter_map(|other| other.source.as_ref());
    if rivals.clone().all(|other| other.object == own.object) {
        return None;
    }
    let request = request_for(asked, host, &route.matcher)?;
    let taken = taken_by(asked, &request)?;
    let source = taken.source.as_ref().filter(|source| source.object != own.object)?;
    let winner = set_of(material, &source.object)?;
    let same_gateway = winner.gateways.iter().any(|gateway| loser.is_bound_to(gateway));
    let last = |route: &Route| route.matcher.is_catch_all();
    // A catch-all stands behind all others, whatever the names are.
    if winner.created != loser.created
        || !same_gateway
        || last(taken) != last(route)
        || taken.action == route.action
        || rank(winner, asked) != rank(loser, asked)
    {
        return None;
    }
    let text = format!("{} takes it, not {}", rule_name(source), rule_name(own));
    let outcome = Outcome { rule: Some(rule_name(source)), text, ..Outcome::default() };
    Some((winner, loser, proof(asked, request, outcome)))
}

/// The group of R-029 that an object is in: only inside it age and name count.
fn rank(set: &RuleSet, asked: &Asked) -> u8 {
    match (&set.audience, set.namespace == asked.entry.proxy.namespace) {
        (Audience::Namespaces(_), true) => 0,
        (Audience::Namespaces(_), false) => 1,
        (Audience::Public, _) => 2,
    }
}

fn at_sidecars(material: &Material<'_>) -> Vec<Finding> {
    let mesh = material.subject.mesh;
    let sets: Vec<&RuleSet> = mesh
        .rule_sets
        .iter()
        .filter(|set| set.is_bound_to(MESH) && !set.from_gateway_api && !set.rules.is_empty())
        .collect();
    let mut found = Vec::new();
    let mut rebuilds = 0;
    for (index, winner) in sets.iter().enumerate() {
        let rivals: Vec<&RuleSet> = sets[index + 1..]
            .iter()
            .filter(|other| {
                other.created == winner.created
                    && other.hosts.iter().any(|host| winner.hosts.contains(host))
                    && other.audience.meets(&winner.audience)
            })
            .copied()
            .collect();
        if rivals.is_empty() || rebuilds == MAX_REBUILDS {
            continue;
        }
        rebuilds += 1;
        let resources = without(material.subject.resources, winner);
        let other = Mesh::build(&resources, mesh.config.clone(), &mut Diagnostics::new());
        let survey = Survey::new(&resources, &other);
        for loser in rivals {
            let proof = lost_at_sidecar(material, &survey, winner, loser);
            found.extend(proof.map(|proof| finding(material, winner, loser, proof)));
        }
    }
    found
}

fn without(resources: &Resources, set: &RuleSet) -> Resources {
    let mut resources = resources.clone();
    let name = format!("{}/{}", set.namespace, set.name);
    resources.drop_object(Kind::VirtualService, &name);
    resources
}

/// A request that the winner owns, and that the loser takes where the winner is not.
fn lost_at_sidecar(
    material: &Material<'_>,
    without: &Survey<'_>,
    winner: &RuleSet,
    loser: &RuleSet,
) -> Option<Proof> {
    without.asked.iter().filter(|asked| asked.is_sidecar()).find_map(|other| {
        let asked = material.survey.asked.iter().find(|asked| {
            asked.entry.proxy == other.entry.proxy && asked.table.name() == other.table.name()
        })?;
        if rank(winner, asked) != rank(loser, asked) {
            return None;
        }
        for host in other.table.virtual_hosts() {
            for route in host.routes.iter().filter(|route| belongs(route, loser)) {
                let Some(request) = request_for(other, host, &route.matcher) else { continue };
                let then = taken_by(other, &request).filter(|route| belongs(route, loser));
                let found = then.and_then(|then| now(asked, &request, winner, then));
                if let Some(outcome) = found {
                    return Some(proof(asked, request, outcome));
                }
            }
        }
        None
    })
}

fn belongs(route: &Route, set: &RuleSet) -> bool {
    route.source.as_ref().is_some_and(|source| source.object == set.object)
}

/// What happens to the request now, if the winner has a hand in it and it is something else.
fn now(asked: &Asked, request: &Request, winner: &RuleSet, then: &Route) -> Option<Outcome> {
    let host = asked.table.virtual_host(&request.authority)?;
    if !host.routes.iter().any(|route| belongs(route, winner)) {
        return None;
    }
    let loser = then.source.as_ref().map(rule_name).unwrap_or_default();
    match taken_by(asked, request) {
        Some(route) if !belongs(route, winner) || route.action == then.action => None,
        Some(route) => {
            let rule = route.source.as_ref().map(rule_name)?;
            let text = format!("{rule} takes it; without that object {loser} would");
            Some(Outcome { rule: Some(rule), text, ..Outcome::default() })
        }
        None => {
            let text = format!(
                "{} owns the host and has no rule for it: 404; without that object {loser} takes it",
                winner.object
            );
            Some(Outcome { status: Some(404), text, ..Outcome::default() })
        }
    }
}
