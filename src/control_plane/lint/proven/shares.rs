//! `share-to-503`, and `dotted-short-name` of destinations: traffic for clusters that cannot take it.

use std::collections::{BTreeMap, BTreeSet};

use super::super::undefined::dotted_name;
use super::super::{Finding, Outcome, Proof, catalog};
use super::reach::{proof, witness};
use super::survey::Asked;
use super::{Material, percent, rule_name, weighted};
use crate::config::istio::Destination as Written;
use crate::config::resources::Resources;
use crate::control_plane::clusters::ClusterName;
use crate::control_plane::registry::Provider;
use crate::control_plane::rules::{Destination, Rule};
use crate::control_plane::{Mesh, Scope};
use crate::data_plane::{Cluster, Forward, ResponseFlag, Route, RouteAction, RouteSource};
use crate::diagnostic::Place;

/// A destination that fails, over all proxies.
struct Failure {
    object: String,
    place: Place,
    reason: String,
    advice: &'static str,
    host: String,
    proof: Proof,
    /// Proxies at which it fails.
    at: BTreeSet<String>,
}

/// What was learnt of all destinations.
#[derive(Default)]
struct Tally {
    /// Failures by the place of the destination and the flag of the answer.
    failures: BTreeMap<(Place, &'static str), Failure>,
    /// Proxies that can send to a destination.
    fine: BTreeMap<Place, BTreeSet<String>>,
}

/// Asks for every destination of every rule at every proxy.
pub(super) fn findings(material: &mut Material<'_>) -> Vec<Finding> {
    let rules = Rules::new(material.subject.resources, material.subject.mesh);
    let mut tally = Tally::default();
    for table in 0..material.survey.asked.len() {
        let asked = material.survey.asked[table].clone();
        for host in asked.table.virtual_hosts() {
            for route in &host.routes {
                let (Some(source), RouteAction::Forward(forward)) = (&route.source, &route.action)
                else {
                    continue;
                };
                if material.subject.generated.contains(&source.object) {
                    continue;
                }
                let Some(rule) = rules.of(source, forward) else { continue };
                let states = states(material, table, forward);
                let fails = states.iter().any(Option::is_some);
                let request = if fails { witness(&asked, host, route) } else { None };
                for (index, written) in weighted(rule).enumerate() {
                    match (states.get(index).copied().flatten(), &request) {
                        (None, _) => tally.works(written, &asked),
                        (Some(flag), Some(request)) => {
                            let outcome = outcome(route, forward, index, flag);
                            let cluster = &forward.destinations[index].cluster;
                            let (reason, advice) = reason(material, &asked, cluster, flag);
                            let failure = Failure {
                                object: source.object.clone(),
                                place: rules.place(written),
                                reason,
                                advice,
                                host: written.host.clone(),
                                proof: proof(&asked, request.clone(), outcome),
                                at: BTreeSet::new(),
                            };
                            tally.fails(written, flag, &asked, failure);
                        }
                        (Some(_), None) => {}
                    }
                }
            }
        }
    }
    tally.findings(material.subject.mesh)
}

// === impl Tally ===

impl Tally {
    fn works(&mut self, written: &Destination, asked: &Asked) {
        self.fine.entry(written.place).or_default().insert(asked.entry.name.clone());
    }

    fn fails(
        &mut self,
        written: &Destination,
        flag: ResponseFlag,
        asked: &Asked,
        failure: Failure,
    ) {
        let known = self.failures.entry((written.place, flag.letters())).or_insert(failure);
        known.at.insert(asked.entry.name.clone());
    }

    fn findings(self, mesh: &Mesh) -> Vec<Finding> {
        let Self { failures, fine } = self;
        let made = failures.into_iter().flat_map(|((written, _), failure)| {
            let dotted = dotted(mesh, &failure);
            let elsewhere = fine.get(&written).map_or(0, BTreeSet::len);
            [Some(finding(failure, elsewhere)), dotted]
        });
        made.flatten().collect()
    }
}

/// For each destination with traffic, why it fails; a `fallback` that works makes good for it.
fn states(
    material: &mut Material<'_>,
    table: usize,
    forward: &Forward,
) -> Vec<Option<ResponseFlag>> {
    let mut found = Vec::new();
    for destination in &forward.destinations {
        let caught = destination
            .fallback
            .as_ref()
            .is_some_and(|fallback| state(material, table, fallback).is_none());
        let state = state(material, table, &destination.cluster);
        found.push(if caught { None } else { state });
    }
    found
}

fn state(material: &mut Material<'_>, table: usize, name: &str) -> Option<ResponseFlag> {
    // `$label` is filled in per request (asm-lanes 2.6).
    let parsed = ClusterName::parse(name);
    if parsed.is_some_and(|parsed| parsed.subset.starts_with('$')) {
        return None;
    }
    let Some(cluster) = material.survey.cluster(table, name) else {
        return Some(ResponseFlag::NoCluster);
    };
    let counted = parsed.is_none_or(|parsed| counts_endpoints(material, parsed.host));
    let empty = !Cluster::has_endpoints(&cluster);
    (empty && counted).then_some(ResponseFlag::NoHealthyUpstream)
}

/// Whether the files tell which endpoints a host has: not for a Service without selector, whose endpoints
/// somebody else writes, and not for a ServiceEntry that selects workloads.
fn counts_endpoints(material: &Material<'_>, host: &str) -> bool {
    let subject = material.subject;
    let services = subject.mesh.registry.services.iter().filter(|s| s.hostname == host);
    let entries = subject.resources.service_entries.iter().filter(|object| {
        object.spec.workload_selector.is_some()
            && object.spec.hosts.iter().any(|named| named.value == host)
    });
    let mut unselected =
        services.filter(|s| s.provider == Provider::Kubernetes && s.selector.is_empty());
    unselected.next().is_none() && entries.count() == 0
}

fn outcome(route: &Route, forward: &Forward, index: usize, flag: ResponseFlag) -> Outcome {
    let destination = &forward.destinations[index];
    let status = match flag {
        ResponseFlag::NoCluster => forward.missing_cluster_status,
        _ => 503,
    };
    let share = (u64::from(destination.weight), forward.total_weight());
    let rule = route.source.as_ref().map(rule_name);
    let text = format!(
        "{} takes it; {} of such requests go to {} and are answered {status} {}",
        rule.clone().unwrap_or_default(),
        percent(share.0, share.1),
        destination.cluster,
        flag.letters()
    );
    Outcome {
        rule,
        cluster: Some(destination.cluster.clone()),
        status: Some(status),
        flag: Some(flag),
        share: Some(share),
        text,
    }
}

/// Why a proxy cannot send to a cluster, and what to do.
fn reason(
    material: &Material<'_>,
    asked: &Asked,
    cluster: &str,
    flag: ResponseFlag,
) -> (String, &'static str) {
    let scope = Scope::new(material.subject.mesh, asked.entry.proxy.clone());
    let Some(name) = ClusterName::parse(cluster) else {
        return ("the backend does not resolve".to_owned(), "check its name, kind and grants");
    };
    let host = name.host;
    if flag == ResponseFlag::NoHealthyUpstream {
        let text = match name.subset {
            "" => format!("{host} has no ready endpoint"),
            subset => format!("no ready endpoint of {host} is in the subset `{subset}`"),
        };
        return (text, "start pods with its labels before a rule sends to it");
    }
    if scope.mesh.registry.owners(host).is_none() {
        return (format!("no service has the host {host}"), "check the name and its namespace");
    }
    let Some((known, _)) = scope.service(host) else {
        let text = format!("{host} is not visible to this proxy");
        return (text, "check `exportTo` and the Sidecar of the caller");
    };
    if known.port(name.port).is_none() {
        //
        let help = "name a port of the destination: without one, a sidecar keeps the dialled port";
        return (format!("{host} has no port {}", name.port), help);
    }
    match name.subset {
        "" => (format!("this proxy has no cluster for {host}"), "see which services it serves"),
        subset => (
            format!(
                "no DestinationRule that this proxy uses defines the subset `{subset}` of {host}"
            ),
            "define the subset before a rule sends to it",
        ),
    }
}

fn finding(failure: Failure, elsewhere: usize) -> Finding {
    let Failure { object, place, reason, advice, proof, at, .. } = failure;
    let (part, whole) = proof.outcome.share.unwrap_or((1, 1));
    let status = proof.outcome.status.unwrap_or(503);
    let message =
        format!("{} of the rule's requests are answered {status}: {reason}", percent(part, whole));
    let mut finding =
        Finding::new(&catalog::SHARE_TO_503, object, place, message).help(advice).proof(proof);
    if elsewhere > 0 {
        let list: Vec<String> = at.into_iter().take(3).collect();
        finding = finding.help(format!("so at {}; other proxies can send there", list.join(", ")));
    }
    finding
}

/// the destination that fails is a name with a dot that was meant as a short form.
fn dotted(mesh: &Mesh, failure: &Failure) -> Option<Finding> {
    let meant = dotted_name(mesh, &failure.host)?;
    let message = format!("`{}` is no short form of {meant}", failure.host);
    Some(
        Finding::new(&catalog::DOTTED_SHORT_NAME, failure.object.clone(), failure.place, message)
            .help(format!("write {meant}; only a name without a dot is expanded"))
            .proof(failure.proof.clone()),
    )
}

/// Rules by object and index, and the places of subsets.
struct Rules<'m> {
    rules: BTreeMap<(&'m str, usize), Vec<&'m Rule>>,
    subsets: BTreeMap<Place, Place>,
}

impl<'m> Rules<'m> {
    fn new(resources: &'m Resources, mesh: &'m Mesh) -> Self {
        let mut rules: BTreeMap<(&str, usize), Vec<&Rule>> = BTreeMap::new();
        for rule in mesh.rule_sets.iter().flat_map(|set| &set.rules) {
            let key = (rule.source.object.as_str(), rule.source.rule);
            rules.entry(key).or_default().push(rule);
        }
        let http = resources.virtual_services.iter().flat_map(|object| &object.spec.http);
        let written = http.flat_map(|rule| &rule.route);
        let subset = |written: &Written| {
            let (host, subset) = (written.host.as_ref()?, written.subset.as_ref()?);
            Some((host.place, subset.place))
        };
        let subsets = written.filter_map(|route| subset(route.destination.as_ref()?)).collect();
        Self { rules, subsets }
    }

    /// The rule behind a route; delegates of one entry are told apart by their destinations.
    fn of(&self, source: &RouteSource, forward: &Forward) -> Option<&'m Rule> {
        let candidates = self.rules.get(&(source.object.as_str(), source.rule))?;
        let fits = |rule: &&&Rule| {
            let written: Vec<&Destination> = weighted(rule).collect();
            written.len() == forward.destinations.len()
                && rule.source.rule_name == source.rule_name
                && written.iter().zip(&forward.destinations).all(|(written, made)| {
                    let name = ClusterName::parse(&made.cluster);
                    name.is_none_or(|name| name.subset == written.subset)
                })
        };
        candidates.iter().find(fits).copied()
    }

    /// Where to point: at the subset, if there is one.
    fn place(&self, written: &Destination) -> Place {
        self.subsets.get(&written.place).copied().unwrap_or(written.place)
    }
}
