//! The rules at the edge that ASM generates from the ingress rules or weights of lanes (asm-lanes 2.2).
//!
//! One `VirtualService` per group, bound to its gateway, as rules of one host do not merge in a defined order.
//! Groups whose lanes say nothing about the edge get none: their user routes there himself.

use super::generate::{Generated, in_lane};
use super::group::{Lane, LaneGroup};
use super::loaded::{Loaded, is_generated, is_generated_for};
use super::resolve::Draft;
use super::write;
use crate::config::asm::{IngressRule, IngressStrategy, LaneDestination, LaneMatch, SwimLane};
use crate::config::decode::Located;
use crate::config::istio::virtual_service::{HttpMatch, HttpRule, RouteDestination, StringMatch};
use crate::config::object::{Kind, Object};
use crate::diagnostic::{Diagnostic, Diagnostics, Place};

/// A rule with the hosts that it is for; none are all.
struct Entry<'r> {
    hosts: Vec<&'r str>,
    rule: HttpRule,
}

/// Adds the `VirtualService` of a group, unless it was loaded or nothing is to be written.
pub(super) fn add(
    loaded: Loaded<'_>,
    draft: &Draft<'_>,
    made: &mut Generated,
    problems: &mut Diagnostics,
) {
    let entries = match strategy(draft) {
        IngressStrategy::RuleBased => ruled(draft, problems),
        IngressStrategy::Weighted => weighted(draft, problems).into_iter().collect(),
    };
    if entries.is_empty() {
        return;
    }
    let (group, place) = (&draft.group, draft.object.meta.place);
    let gateway = draft.object.spec.ingress.as_ref().and_then(|ingress| ingress.gateway.as_ref());
    let Some(gateway_name) = gateway.and_then(|gateway| gateway.name.as_ref()) else {
        let message = format!("lane group `{}` has no ingress.gateway for its rules", group.name);
        problems.push(Diagnostic::error("missing-field", place, message));
        return;
    };
    let namespace = gateway.and_then(|gateway| gateway.namespace.as_ref());
    let namespace = namespace.map_or(loaded.mesh.root_namespace.as_str(), |n| n.value.as_str());
    let gateway = format!("{namespace}/{}", gateway_name.value);
    let name = format!("swimlane-ingress-vs-{}", group.name);
    let present = loaded.resources.virtual_services.iter().any(|object| {
        let generated = is_generated_for(&object.meta, &group.name);
        object.meta.name == name && object.meta.namespace == namespace
            || generated && loaded.is_at(object, &gateway)
    });
    if present {
        return;
    }
    competing_rules(loaded, group, &gateway, problems);
    let meta = write::meta(name, namespace, &group.name, place);
    let (hosts, http) = with_hosts(entries);
    let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
    let spec = write::virtual_service(place, &hosts, &[&gateway], http);
    made.virtual_services.push(Object { kind: Kind::VirtualService, meta, spec });
}

/// The strategy as written; one rule for all lanes means weights.
fn strategy(draft: &Draft<'_>) -> IngressStrategy {
    let routing = draft.object.spec.ingress.as_ref().and_then(|ingress| ingress.routing.as_ref());
    let implied = match routing.and_then(|routing| routing.weighted_rule.as_ref()) {
        Some(_) => IngressStrategy::Weighted,
        None => IngressStrategy::RuleBased,
    };
    routing.and_then(|routing| routing.strategy).unwrap_or(implied)
}

/// The rules of all lanes, in the order of the lanes.
fn ruled<'r>(draft: &Draft<'r>, problems: &mut Diagnostics) -> Vec<Entry<'r>> {
    let mut entries = Vec::new();
    for (lane, object) in draft.group.lanes.iter().zip(&draft.lanes) {
        let weight = object.spec.ingress_weight.as_ref();
        if let Some(weight) = weight.filter(|w| w.weight.as_ref().is_some_and(|w| w.value > 0)) {
            unused(weight.place, lane, "weight", "rule_based", problems);
        }
        for written in online(object) {
            let destination = written.route.as_ref().and_then(|route| route.destination.as_ref());
            let route = route(&draft.group, lane, destination, written.place, problems);
            let Some(route) = route else { continue };
            let name = written.name.as_ref().map_or(lane.name.as_str(), |name| name.value.as_str());
            let condition = written.matches.as_ref().and_then(|m| condition(m, written.place));
            let conditions = condition.into_iter().collect();
            entries.push(Entry {
                hosts: written.hosts.iter().map(|host| host.value.as_str()).collect(),
                rule: write::rule(written.place, name, conditions, vec![route]),
            });
        }
    }
    entries
}

fn online(lane: &Object<SwimLane>) -> impl Iterator<Item = &IngressRule> {
    lane.spec.ingress_rules.iter().filter(|rule| rule.online != Some(false))
}

/// One rule that splits by the weights of the lanes.
fn weighted<'r>(draft: &Draft<'r>, problems: &mut Diagnostics) -> Option<Entry<'r>> {
    let place = draft.object.meta.place;
    let mut routes = Vec::new();
    for (lane, object) in draft.group.lanes.iter().zip(&draft.lanes) {
        for rule in online(object) {
            unused(rule.place, lane, "rule", "weighted", problems);
        }
        routes.extend(share(&draft.group, lane, object, problems));
    }
    if routes.is_empty() {
        return None;
    }
    if routes.len() > 1 && routes.iter().all(|route| route.weight() == 0) {
        let message = format!("all lanes of group `{}` have weight 0", draft.group.name);
        problems.push(Diagnostic::error("lane-weights-all-zero", place, message));
        return None;
    }
    let routing = draft.object.spec.ingress.as_ref().and_then(|ingress| ingress.routing.as_ref());
    let written = routing.and_then(|routing| routing.weighted_rule.as_ref());
    let matches = written.map_or(&[][..], |written| &written.request_matches);
    // One condition that holds for everything makes the others pointless.
    let conditions: Option<Vec<HttpMatch>> =
        matches.iter().map(|m| condition(m, m.place)).collect();
    let hosts = written.map_or(&[][..], |written| &written.hosts);
    Some(Entry {
        hosts: hosts.iter().map(|host| host.value.as_str()).collect(),
        rule: write::rule(place, "weighted", conditions.unwrap_or_default(), routes),
    })
}

/// A lane's part of the split.
fn share(
    group: &LaneGroup,
    lane: &Lane,
    object: &Object<SwimLane>,
    problems: &mut Diagnostics,
) -> Option<RouteDestination> {
    let written = object.spec.ingress_weight.as_ref();
    let Some((written, weight)) = written.and_then(|w| Some((w, w.weight.as_ref()?))) else {
        let message = format!("lane `{}` of a weighted group has no weight", lane.name);
        problems.push(
            Diagnostic::warning("lane-without-ingress-weight", lane.place, message)
                .help("no request enters by it"),
        );
        return None;
    };
    let Ok(number) = i32::try_from(weight.value) else {
        let message = format!("weight {} is above {}", weight.value, i32::MAX);
        problems.push(Diagnostic::error("out-of-range", weight.place, message));
        return None;
    };
    let mut route = route(group, lane, written.destination.as_ref(), written.place, problems)?;
    route.weight = Some(write::at(weight.place, number));
    Some(route)
}

/// To the lane's pods of the first service; permissive lanes put their name on the request.
fn route(
    group: &LaneGroup,
    lane: &Lane,
    written: Option<&LaneDestination>,
    place: Place,
    problems: &mut Diagnostics,
) -> Option<RouteDestination> {
    let Some((written, host)) = written.and_then(|w| Some((w, w.host.as_ref()?))) else {
        let message = format!("this rule of lane `{}` has no destination host", lane.name);
        problems.push(Diagnostic::error("missing-field", place, message));
        return None;
    };
    let hostname = entry_hostname(group, host, problems);
    let port = written.port_number.as_ref();
    let destination = |lane: &str| write::destination(host.place, &hostname, Some(lane), port);
    let mut route = in_lane(group, lane, destination, &hostname);
    if let Some(permissive) = group.permissive() {
        route.headers = Some(write::set_header(place, &permissive.route_header, &lane.name));
    }
    Some(route)
}

/// The group is in no namespace, so a short host means the service of the group that has the name.
fn entry_hostname(group: &LaneGroup, host: &Located<String>, problems: &mut Diagnostics) -> String {
    let short = |service: &super::GroupService| {
        let full = format!("{}.{}", service.name, service.namespace);
        [service.hostname.clone(), format!("{full}.svc"), full, service.name.clone()]
    };
    let mut services = group.services.iter();
    if let Some(service) = services.find(|service| short(service).contains(&host.value)) {
        return service.hostname.clone();
    }
    let message = format!("`{}` is no service of lane group `{}`", host.value, group.name);
    problems.push(
        Diagnostic::warning("lane-entry-not-in-group", host.place, message)
            .help("it has no subsets for the lanes"),
    );
    host.value.clone()
}

/// The condition of a rule; `None` holds for every request.
fn condition(written: &LaneMatch, place: Place) -> Option<HttpMatch> {
    if written.uri.is_none() && written.headers.is_empty() {
        return None;
    }
    let mut condition = write::any_request(place);
    condition.uri.clone_from(&written.uri);
    condition.headers = written.headers.clone();
    Some(condition)
}

/// All hosts, and the rules: where not all have the same hosts, each asks for its own in `:authority`, so
/// that no rule takes requests for the hosts of another and each host meets all its rules in order.
fn with_hosts(entries: Vec<Entry<'_>>) -> (Vec<String>, Vec<HttpRule>) {
    let any = |entry: &Entry<'_>| entry.hosts.is_empty() || entry.hosts.contains(&"*");
    let mut hosts: Vec<String> = Vec::new();
    for entry in &entries {
        let written = if any(entry) { &["*"][..] } else { &entry.hosts };
        for host in written {
            if !hosts.iter().any(|known| known == host) {
                hosts.push((*host).to_owned());
            }
        }
    }
    let narrowed = |entry: Entry<'_>| {
        let covers = any(&entry) || hosts.iter().all(|host| entry.hosts.contains(&host.as_str()));
        let mut rule = entry.rule;
        if !covers {
            let authority = authority(&entry.hosts, rule.place);
            if rule.matches.is_empty() {
                rule.matches.push(write::any_request(rule.place));
            }
            for condition in &mut rule.matches {
                condition.authority = Some(authority.clone());
            }
        }
        rule
    };
    let rules = entries.into_iter().map(narrowed).collect();
    (hosts, rules)
}

/// Any of the hosts, in any letter case, with or without a port.
fn authority(hosts: &[&str], place: Place) -> StringMatch {
    let pattern = |host: &&str| match host.strip_prefix('*') {
        Some(suffix) => format!(".+{}", regex::escape(suffix)),
        None => regex::escape(host),
    };
    let patterns: Vec<String> = hosts.iter().map(pattern).collect();
    write::regex(place, &format!("(?i)(?:{})(?::[0-9]+)?", patterns.join("|")))
}

fn unused(place: Place, lane: &Lane, what: &str, strategy: &str, problems: &mut Diagnostics) {
    let message = format!(
        "this ingress {what} of lane `{}` is not used: ingressRoutingStrategy is {strategy}",
        lane.name
    );
    problems.push(Diagnostic::warning("lane-ingress-unused", place, message));
}

/// asm-lanes 2.4: rules of one's own beside the lanes' rules at one gateway conflict.
fn competing_rules(
    loaded: Loaded<'_>,
    group: &LaneGroup,
    gateway: &str,
    problems: &mut Diagnostics,
) {
    let of_group = |rule: &HttpRule, namespace: &str| {
        let hosts = rule.route.iter().filter_map(|route| route.destination.as_ref()?.host.as_ref());
        let mut full = hosts.map(|host| loaded.hostname(&host.value, namespace));
        full.any(|host| group.service(&host).is_some())
    };
    for object in &loaded.resources.virtual_services {
        let meta = &object.meta;
        let competes = !is_generated(meta)
            && loaded.is_at(object, gateway)
            && object.spec.http.iter().any(|rule| of_group(rule, &meta.namespace));
        if competes {
            let message = format!(
                "VirtualService {} and the ingress rules of lane group `{}` share gateway {gateway}",
                meta.full_name(),
                group.name
            );
            problems.push(
                Diagnostic::warning("lane-ingress-conflict", meta.place, message)
                    .help("their rules are put one after the other, by age, then by name"),
            );
        }
    }
}
