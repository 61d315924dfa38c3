//! No finding denies what the real istiod and Envoy answered.

use std::collections::BTreeMap;
use std::path::Path;

use crate::conformance::case::{Case, Request as Asked};
use lanecast::config::resources::{Loader, Resources};
use lanecast::control_plane::lint::{self, Finding, Proof};
use lanecast::control_plane::{Connection, Handling, Mesh, MeshConfig, ProxyView, validation};
use lanecast::data_plane::{HeaderMap, Request, RouteSource, router};
use lanecast::diagnostic::{Diagnostics, Sources};

/// A case with its findings.
struct Linted {
    case: Case,
    resources: Resources,
    mesh: Mesh,
    findings: Vec<Finding>,
}

fn lint(path: &Path) -> Linted {
    let case = Case::read(path);
    let (mut sources, mut problems) = (Sources::new(), Diagnostics::new());
    let mut loader = Loader::new(&mut sources, &mut problems, "default");
    loader.read(&case.name, &case.mesh);
    let mut resources = loader.finish();
    let config = MeshConfig::default();
    validation::check(&mut resources, &config, &mut problems);
    let mesh = Mesh::build(&resources, config, &mut problems);
    let findings = lint::findings(&resources, &mesh, problems.items());
    Linted { case, resources, mesh, findings }
}

#[test]
fn no_finding_of_our_own_contradicts_a_recorded_answer() {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    let mut cases = 0;
    for path in crate::conformance::case_files(&crate::data("conformance")) {
        let linted = lint(&path);
        cases += 1;
        for finding in &linted.findings {
            *counts.entry(finding.code.code).or_default() += 1;
            let own = !finding.code.code.starts_with("IST");
            let Some(proof) = &finding.proof else {
                if own {
                    wrong.push(format!("{}: no proof: {finding:?}", linted.case.name));
                }
                continue;
            };
            let complaint = repeat(&linted, proof).or_else(|| recorded(&linted, finding, proof));
            if let Some(complaint) = complaint {
                wrong.push(format!("{}: {complaint}\n  {finding:?}", linted.case.name));
            }
        }
    }
    println!("{cases} cases: {counts:?}");
    assert!(cases > 300);
    for code in ["unreachable-rule", "share-to-503", "mesh-only-rule", "no-default-route"] {
        assert!(counts.contains_key(code), "no case shows {code}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Asks a fresh proxy about the request of a proof; says what it does not find.
fn repeat(linted: &Linted, proof: &Proof) -> Option<String> {
    let mut view = ProxyView::new(&linted.mesh, proof.entry.proxy.clone());
    let answer = ask(&mut view, &proof.request, proof.entry.port, proof.entry.tls, None);
    let outcome = &proof.outcome;
    let named = answer.source.as_ref().map(|source| {
        let list = if source.object.starts_with("HTTPRoute") { "rules" } else { "http" };
        format!("{} {list}[{}]", source.object, source.rule)
    });
    if let Some(rule) = &outcome.rule {
        let same = named.as_ref().is_some_and(|named| rule.starts_with(named.as_str()));
        if !same {
            return Some(format!("{named:?} takes it, not {rule}"));
        }
    }
    let Some(cluster) = outcome.cluster.as_ref().filter(|_| outcome.flag.is_some()) else {
        return (outcome.status == Some(404) && answer.source.is_some())
            .then(|| "it is not answered 404".to_owned());
    };
    let shares = answer.shares(cluster);
    if !outcome.share.is_some_and(|share| shares.contains(&share)) {
        return Some(format!("the shares are {shares:?}"));
    }
    let found = view.cluster(cluster);
    let works = found.is_some_and(|found| found.has_endpoints());
    works.then(|| format!("{cluster} has endpoints"))
}

/// What a proxy does with a request.
struct Answer {
    source: Option<RouteSource>,
    destinations: Vec<(String, u64)>,
}

impl Answer {
    /// The shares of all destinations with this cluster: a rule may name one twice.
    fn shares(&self, cluster: &str) -> Vec<(u64, u64)> {
        let total = self.destinations.iter().map(|(_, weight)| weight).sum();
        let own = self.destinations.iter().filter(|(name, _)| name == cluster);
        own.map(|(_, weight)| (*weight, total)).collect()
    }
}

fn ask(
    view: &mut ProxyView<'_>,
    request: &Request,
    port: u32,
    tls: bool,
    address: Option<&str>,
) -> Answer {
    let authority = &request.authority;
    let mut answer = Answer { source: None, destinations: Vec::new() };
    let option = view.scope.mesh.config.path_normalization;
    let Handling::Http(table, edge) = view.handle(&Connection { address, port, authority, tls })
    else {
        return answer;
    };
    match router::route(&table, request, edge, option).0 {
        router::Decision::Forward(_, route, forward) => {
            answer.source.clone_from(&route.source);
            let made = forward.destinations.iter();
            answer.destinations = made.map(|d| (d.cluster.clone(), u64::from(d.weight))).collect();
        }
        router::Decision::Redirect(_, route, _)
        | router::Decision::Direct(_, route, _)
        | router::Decision::Preflight(_, route, _) => answer.source.clone_from(&route.source),
        _ => {}
    }
    answer
}

/// Looks for a recorded answer that the finding denies.
fn recorded(linted: &Linted, finding: &Finding, proof: &Proof) -> Option<String> {
    let mut requests = linted.case.requests.iter();
    match finding.code.code {
        "unreachable-rule" => requests.find_map(|asked| met(linted, finding, asked)),
        "share-to-503" => requests.find_map(|asked| sent(linted, proof, asked)),
        "mesh-only-rule" => requests.find_map(|asked| {
            let at_edge = linted.case.proxies.iter().any(|(id, proxy)| {
                *id == asked.proxy && proxy.kind == lanecast::control_plane::ProxyKind::Gateway
            });
            let by = asked.expect["rule"].as_str() == Some(finding.object.as_str());
            (at_edge && by).then(|| format!("{} meets the rule at a gateway", asked.id))
        }),
        "missing-weight" => requests.find_map(|asked| {
            let same = asked.expect["rule"].as_str() == Some(finding.object.as_str());
            let legs = asked.expect["legs"].as_array().map_or(0, Vec::len);
            (same && legs < 1).then(|| format!("{} has no legs", asked.id))
        }),
        _ => None,
    }
}

/// Whether a recorded request is answered by a rule that is said to be unreachable: by its recorded name, and
/// by the rule that our tables, which give the recorded answer, name for it.
fn met(linted: &Linted, finding: &Finding, asked: &Asked) -> Option<String> {
    let place = finding.place.unwrap();
    let rule_at = linted.resources.virtual_services.iter().find_map(|object| {
        let index = object.spec.http.iter().position(|rule| rule.place == place)?;
        Some((object, index))
    });
    if let Some((object, index)) = rule_at {
        let name = object.spec.http[index].name.as_ref().map(|name| name.value.as_str());
        let unique =
            object.spec.http.iter().filter(|r| r.name.as_deref().map(String::as_str) == name);
        let route = asked.expect["route"].as_str();
        let by = asked.expect["rule"].as_str() == Some(finding.object.as_str());
        if by && name.is_some() && unique.count() == 1 && route == name {
            return Some(format!("{} is answered by it", asked.id));
        }
    }
    let proxy = &linted.case.proxies.iter().find(|(id, _)| *id == asked.proxy)?.1;
    let mut view = ProxyView::new(&linted.mesh, proxy.clone());
    let mut request = Request::get(asked.host.clone(), asked.path.clone());
    request.method.clone_from(&asked.method);
    request.headers = HeaderMap::decode(asked.headers.iter().cloned());
    let tls = asked.scheme == "https";
    let source = ask(&mut view, &request, asked.port, tls, asked.address.as_deref()).source?;
    let sets = linted.mesh.rule_sets.iter().flat_map(|set| &set.rules);
    let mut behind = sets.filter(|rule| {
        (&rule.source.object, rule.source.rule) == (&source.object, source.rule)
            && rule.source.rule_name == source.rule_name
    });
    behind.all(|rule| rule.place == place).then(|| format!("{} reaches it", asked.id))
}

/// Whether a recorded leg from the same proxy reached a cluster that is said to fail.
fn sent(linted: &Linted, proof: &Proof, asked: &Asked) -> Option<String> {
    let proxy = &linted.case.proxies.iter().find(|(id, _)| *id == asked.proxy)?.1;
    if *proxy != proof.entry.proxy {
        return None;
    }
    let cluster = proof.outcome.cluster.as_deref();
    let legs = asked.expect["legs"].as_array()?;
    let reached =
        legs.iter().any(|leg| leg["cluster"].as_str() == cluster && leg["result"] == "sent");
    reached.then(|| format!("{} reaches {}", asked.id, cluster.unwrap_or_default()))
}
