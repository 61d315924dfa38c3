//! What is probably not meant in lanes, and other objects that get in their way.

use std::collections::BTreeMap;

use super::generate::rule_name;
use super::group::{GroupService, Lane, LaneGroup, LaneMode};
use super::loaded::{GROUP_LABEL, Loaded, is_generated, is_generated_for};
use super::resolve::Draft;
use crate::config::decode::closest;
use crate::config::istio::destination_rule::DestinationRule;
use crate::config::istio::virtual_service::{HttpMatch, HttpRule, VirtualService};
use crate::config::object::{Kind, Meta, Object, Timestamp};
use crate::diagnostic::{Diagnostic, Diagnostics};

/// Rules that somebody wrote for the host of a lane group's service.
#[derive(Clone, Copy, Debug)]
pub(super) struct WrittenRules<'r> {
    /// The object.
    pub object: &'r Object<VirtualService>,
    /// Whether they count before the lanes' rules.
    pub rank: Rank,
}

/// How rules of one host stand to those of the lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rank {
    /// They are older, or of the same age with a smaller name.
    First,
    /// They are meant to count, so the lanes' rules must be left out.
    Replacing,
    /// The lanes' rules count.
    Second,
}

/// Reports everything.
pub(super) fn all(loaded: Loaded<'_>, drafts: &[Draft<'_>], problems: &mut Diagnostics) {
    stray_lanes(loaded, problems);
    let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
    for Draft { group, .. } in drafts {
        equal_selectors(group, problems);
        match group.mode {
            LaneMode::Strict => incomplete_lanes(group, problems),
            LaneMode::Permissive(_) => missing_fallbacks(group, problems),
        }
        for service in &group.services {
            undefined_service(loaded, service, problems);
            if let Some(other) = owners.insert(&service.hostname, &group.name) {
                let message = format!(
                    "lane groups `{other}` and `{}` both hold {}",
                    group.name, service.name
                );
                problems.push(
                    Diagnostic::warning("service-in-two-lane-groups", service.place, message)
                        .help("the rules of one of them count for it, those of the other do not"),
                );
            }
            competing_rules(loaded, group, service, problems);
            hidden_subsets(loaded, group, service, problems);
        }
    }
}

/// Lanes that no group can claim; their group may be known by what was generated from it.
fn stray_lanes(loaded: Loaded<'_>, problems: &mut Diagnostics) {
    let resources = loaded.resources;
    let groups = || resources.lane_groups.iter().map(|group| group.meta.name.as_str());
    let refused = |name: &str| {
        let mut refused = resources.refused.iter();
        refused.any(|(kind, refused, _)| *kind == Kind::SwimLaneGroup && refused == name)
    };
    for lane in &resources.lanes {
        let (name, label) = (&lane.meta.name, lane.meta.labels.get(GROUP_LABEL));
        let mut problem = match label {
            None => {
                let message = format!("lane `{name}` has no label {GROUP_LABEL}");
                Diagnostic::error("lane-without-group", lane.meta.place, message)
            }
            Some(label) if groups().any(|group| group == label) => continue,
            Some(label) if refused(label) || loaded.has_generated(label) => continue,
            Some(label) => {
                let message = format!("the lane group `{label}` of lane `{name}` does not exist");
                Diagnostic::error("lane-without-group", lane.meta.place, message)
            }
        };
        if let Some(close) = label.and_then(|label| closest(label, groups())) {
            problem = problem.help(format!("did you mean `{close}`?"));
        }
        problems.push(problem);
    }
}

fn equal_selectors(group: &LaneGroup, problems: &mut Diagnostics) {
    for (index, lane) in group.lanes.iter().enumerate() {
        let same = |other: &&Lane| other.selector == lane.selector && !lane.selector.is_empty();
        let earlier = group.lanes[..index].iter().find(same);
        if let Some(other) = earlier {
            let message =
                format!("lanes `{}` and `{}` select the same pods", other.name, lane.name);
            problems.push(Diagnostic::warning("lanes-share-selector", lane.place, message));
        }
    }
}

/// asm-lanes 2.1: a strict lane holds every service of its group.
fn incomplete_lanes(group: &LaneGroup, problems: &mut Diagnostics) {
    for lane in &group.lanes {
        let missing = group.services.iter().filter(|service| !lane.holds(&service.hostname));
        let missing: Vec<&str> = missing.map(|service| service.name.as_str()).collect();
        if !missing.is_empty() {
            let message =
                format!("strict lane `{}` does not hold {}", lane.name, missing.join(", "));
            problems.push(
                Diagnostic::warning("strict-lane-incomplete", lane.place, message)
                    .help("its calls to them get 503: strict lanes have no fallback"),
            );
        }
    }
}

/// asm-lanes 2.2: the lane that takes over must hold the service.
fn missing_fallbacks(group: &LaneGroup, problems: &mut Diagnostics) {
    for service in &group.services {
        let fallback = group.fallback_lane(&service.hostname).and_then(|name| group.lane(name));
        if let Some(lane) = fallback.filter(|lane| !lane.holds(&service.hostname)) {
            let message = format!(
                "lane `{}` takes over for {} but does not hold it",
                lane.name, service.name
            );
            problems.push(
                Diagnostic::warning("fallback-lane-incomplete", lane.place, message)
                    .help("calls from lanes without the service get 503"),
            );
        }
    }
}

fn undefined_service(loaded: Loaded<'_>, service: &GroupService, problems: &mut Diagnostics) {
    if loaded.defines(service) {
        return;
    }
    let message = format!("there is no Service {}/{}", service.namespace, service.name);
    let problem = Diagnostic::warning("lane-service-undefined", service.place, message);
    let same_namespace = loaded.resources.services.iter().map(|object| &object.meta);
    let names = same_namespace
        .filter(|meta| meta.namespace == service.namespace)
        .map(|meta| meta.name.as_str());
    problems.push(match closest(&service.name, names) {
        Some(close) => problem.help(format!("did you mean `{close}`?")),
        None => problem,
    });
}

/// asm-lanes 5, I-8: sidecars do not merge rules of one host.
fn competing_rules(
    loaded: Loaded<'_>,
    group: &LaneGroup,
    service: &GroupService,
    problems: &mut Diagnostics,
) {
    for WrittenRules { object, rank } in written_rules(loaded, group, service) {
        let rules = format!("VirtualService {}", object.meta.full_name());
        let message = match rank {
            Rank::Second => format!(
                "{rules} stands behind the rules of lane group `{}` for {}",
                group.name, service.name
            ),
            Rank::First | Rank::Replacing => format!(
                "{rules} takes {} away from the rules of lane group `{}`",
                service.name, group.name
            ),
        };
        problems.push(
            Diagnostic::warning("lane-rules-shadowed", object.meta.place, message)
                .help("sidecars follow one VirtualService for a host; rules are not merged"),
        );
    }
}

/// Finds rules for the mesh that somebody wrote for a service of a group.
///
/// Against rules that ASM generated and that were loaded, age decides. Rules that are generated here have no
/// age: hand-written ones count before them, as ASM documents it (asm-lanes 5, I-8).
pub(super) fn written_rules<'r>(
    loaded: Loaded<'r>,
    group: &LaneGroup,
    service: &GroupService,
) -> Vec<WrittenRules<'r>> {
    let rules = || loaded.resources.virtual_services.iter();
    let for_service = |object: &&Object<VirtualService>| {
        !object.spec.http.is_empty() && loaded.is_for(object, &service.hostname)
    };
    let generated = rules()
        .filter(for_service)
        .filter(|object| is_generated_for(&object.meta, &group.name))
        .map(|object| age(&object.meta))
        .min();
    let name = rule_name("vs", group, service);
    let made = (Timestamp::MAX, name.as_str(), loaded.mesh.root_namespace.as_str());
    let written = rules().filter(for_service).filter(|object| !is_generated(&object.meta));
    let ranked = written.map(|object| {
        let first = age(&object.meta) <= generated.unwrap_or(made);
        let rank = match generated {
            _ if first => Rank::First,
            None if serves_every_client(&object.spec) => Rank::Replacing,
            _ => Rank::Second,
        };
        WrittenRules { object, rank }
    });
    ranked.collect()
}

///
fn age(meta: &Meta) -> (Timestamp, &str, &str) {
    (meta.created.unwrap_or(Timestamp::MAX), &meta.name, &meta.namespace)
}

/// whether the next `VirtualService` of the host never gets a turn, whoever calls.
fn serves_every_client(rules: &VirtualService) -> bool {
    let public = rules.export_to.is_empty() || rules.export_to.iter().any(|e| e.value == "*");
    let general = |condition: &HttpMatch| {
        condition.port.is_none()
            && condition.gateways.is_empty()
            && condition.source_labels.is_empty()
            && condition.source_namespace.is_none()
    };
    let mut http = rules.http.iter();
    public
        && http.any(|rule: &HttpRule| rule.matches.is_empty() || rule.matches.iter().any(general))
}

/// a `DestinationRule` of the client's or the service's namespace hides those of the root namespace.
fn hidden_subsets(
    loaded: Loaded<'_>,
    group: &LaneGroup,
    service: &GroupService,
    problems: &mut Diagnostics,
) {
    let holding: Vec<&str> = group
        .lanes
        .iter()
        .filter(|lane| lane.holds(&service.hostname))
        .map(|lane| lane.name.as_str())
        .collect();
    for object in &loaded.resources.destination_rules {
        let meta = &object.meta;
        let hides = meta.namespace != loaded.mesh.root_namespace
            && object.spec.workload_selector.is_none()
            && !is_generated(meta)
            && loaded.is_about(object, &service.hostname);
        if !hides || holding.iter().all(|lane| defines_subset(&object.spec, lane)) {
            continue;
        }
        let message = format!(
            "DestinationRule {} hides the subsets of lane group `{}` for {}",
            meta.full_name(),
            group.name,
            service.name
        );
        let help =
            format!("define them in it ({}), or move it to the root namespace", holding.join(", "));
        problems.push(Diagnostic::warning("lane-subsets-hidden", meta.place, message).help(help));
    }
}

fn defines_subset(rule: &DestinationRule, name: &str) -> bool {
    rule.subsets.iter().any(|subset| subset.name.as_ref().is_some_and(|n| n.value == name))
}
