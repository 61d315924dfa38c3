//! `no-default-route`: hosts of a VirtualService with requests that no rule takes.

use std::collections::BTreeSet;

use super::super::{Finding, Outcome, catalog};
use super::Material;
use super::reach::{authorities, proof};
use super::survey::Asked;
use crate::data_plane::{PathMatcher, Request, ResponseFlag, RouteMatcher, VirtualHost, router};

/// Paths that few rules name.
const PATHS: [&str; 2] = ["/", "/no-such-path"];

/// Asks every virtual host that rules own.
pub(super) fn findings(material: &Material<'_>) -> Vec<Finding> {
    let mut told = BTreeSet::new();
    let mut found = Vec::new();
    for asked in &material.survey.asked {
        for host in asked.table.virtual_hosts() {
            let sources = host.routes.iter().filter_map(|route| route.source.as_ref());
            let objects: BTreeSet<&str> = sources.map(|source| source.object.as_str()).collect();
            if objects.is_empty() || host.https_redirect {
                continue;
            }
            let Some(request) = unmatched(asked, host) else { continue };
            for object in objects {
                if !told.insert(object.to_owned()) {
                    continue;
                }
                found.extend(finding(material, object, asked, &request));
            }
        }
    }
    found
}

/// A plain request for the virtual host that none of its routes takes.
fn unmatched(asked: &Asked, host: &VirtualHost) -> Option<Request> {
    let any = RouteMatcher::path(PathMatcher::Any);
    let names = authorities(asked, host, &any);
    let mut requests = names.iter().flat_map(|name| PATHS.map(|path| Request::get(name, path)));
    requests.find(|request| match asked.decide(request).0 {
        router::Decision::NoRoute(Some(missed)) => std::ptr::eq(missed, host),
        _ => false,
    })
}

fn finding(
    material: &Material<'_>,
    object: &str,
    asked: &Asked,
    request: &Request,
) -> Option<Finding> {
    let sets = &material.subject.mesh.rule_sets;
    let set = sets.iter().find(|set| set.object == object && !set.from_gateway_api)?;
    if material.subject.generated.contains(object) {
        return None;
    }
    let message = "what no rule takes is answered 404: there is no rule without conditions";
    let outcome = Outcome {
        status: Some(404),
        flag: Some(ResponseFlag::NoRoute),
        text: "no rule takes it; it is answered 404 NR".to_owned(),
        ..Outcome::default()
    };
    Some(
        Finding::new(&catalog::NO_DEFAULT_ROUTE, object, set.place, message)
            .help("the route that a service has without rules is gone as well (R-089)")
            .proof(proof(asked, request.clone(), outcome)),
    )
}
