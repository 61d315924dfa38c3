//! Config objects as the generator of lanes writes them: only the fields that it sets.

use std::collections::BTreeMap;

use super::loaded::GROUP_LABEL;
use crate::config::decode::{Located, Map};
use crate::config::istio::virtual_service::{
    HeaderOperations, Headers, HttpMatch, HttpRule, RouteDestination, RouteFallback, StringMatch,
    VirtualService,
};
use crate::config::istio::{Destination, PortSelector};
use crate::config::object::Meta;
use crate::diagnostic::Place;

/// A value that stands at `place`.
pub(super) fn at<T>(place: Place, value: T) -> Located<T> {
    Located { value, place }
}

/// A text that stands at `place`.
pub(super) fn text(place: Place, value: &str) -> Located<String> {
    at(place, value.to_owned())
}

/// Name and labels of a generated object; it has no date, as it has not been applied yet.
pub(super) fn meta(name: String, namespace: &str, group: &str, place: Place) -> Meta {
    let labels = [("asm-system", "true"), ("provider", "asm"), (GROUP_LABEL, group)];
    Meta {
        name,
        namespace: namespace.to_owned(),
        labels: labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        annotations: BTreeMap::new(),
        created: None,
        owners: Vec::new(),
        place,
    }
}

/// Labels that pods or callers must carry.
pub(super) fn labels(place: Place, labels: &BTreeMap<String, String>) -> Map<Located<String>> {
    Map(labels.iter().map(|(key, value)| (text(place, key), text(place, value))).collect())
}

/// A service or one of its subsets.
pub(super) fn destination(
    place: Place,
    host: &str,
    subset: Option<&str>,
    port: Option<&Located<u32>>,
) -> Destination {
    let port = port.map(|port| PortSelector { place, number: Some(port.clone()) });
    let subset = subset.map(|subset| text(place, subset));
    Destination { place, host: Some(text(place, host)), subset, port }
}

/// The only destination of a rule.
pub(super) fn only(destination: Destination) -> RouteDestination {
    let place = destination.place;
    let destination = Some(destination);
    RouteDestination { place, destination, weight: None, headers: None, fallback: None }
}

/// Where requests go instead.
pub(super) fn fallback(target: Destination) -> RouteFallback {
    RouteFallback { place: target.place, case: None, target: Some(target) }
}

/// Sets a header of the request.
pub(super) fn set_header(place: Place, name: &str, value: &str) -> Headers {
    let set = Map(vec![(text(place, name), text(place, value))]);
    let request = HeaderOperations { place, set, add: Map::default(), remove: Vec::new() };
    Headers { place, request: Some(request), response: None }
}

/// Equal to a text.
pub(super) fn exact(place: Place, value: &str) -> StringMatch {
    StringMatch { place, exact: Some(text(place, value)), prefix: None, regex: None }
}

/// Matches a pattern as a whole.
pub(super) fn regex(place: Place, pattern: &str) -> StringMatch {
    StringMatch { place, exact: None, prefix: None, regex: Some(text(place, pattern)) }
}

/// A condition that holds for every request.
pub(super) fn any_request(place: Place) -> HttpMatch {
    HttpMatch {
        place,
        name: None,
        uri: None,
        scheme: None,
        method: None,
        authority: None,
        headers: Map::default(),
        port: None,
        source_labels: Map::default(),
        gateways: Vec::new(),
        query_params: Map::default(),
        ignore_uri_case: false,
        without_headers: Map::default(),
        source_namespace: None,
        stat_prefix: None,
    }
}

/// A rule that routes.
pub(super) fn rule(
    place: Place,
    name: &str,
    matches: Vec<HttpMatch>,
    route: Vec<RouteDestination>,
) -> HttpRule {
    HttpRule {
        place,
        name: Some(text(place, name)),
        matches,
        route,
        redirect: None,
        direct_response: None,
        delegate: None,
        rewrite: None,
        timeout: None,
        retries: None,
        fault: None,
        mirror: None,
        mirrors: Vec::new(),
        mirror_percent: None,
        mirror_percentage: None,
        cors_policy: None,
        headers: None,
        mirror_percent_snake: None,
    }
}

/// Rules for hosts; without gateways they are for the mesh.
pub(super) fn virtual_service(
    place: Place,
    hosts: &[&str],
    gateways: &[&str],
    http: Vec<HttpRule>,
) -> VirtualService {
    let list = |names: &[&str]| names.iter().map(|name| text(place, name)).collect();
    VirtualService {
        place,
        hosts: list(hosts),
        gateways: list(gateways),
        http,
        tls: Vec::new(),
        tcp: Vec::new(),
        export_to: Vec::new(),
    }
}
