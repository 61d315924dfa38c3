//! Argo Rollouts with Istio: a stable and a canary ReplicaSet, told apart by the hash of their template.
//!
//! # Model
//! With traffic routing the stable pods stay at full strength, and the canary has `replicas * weight / 100`
//! pods, rounded up. The controller adds the hash of a ReplicaSet to the selectors of the two Services or to the
//! labels of the two subsets, and writes the weights into the routes of its VirtualServices. Between two
//! releases all pods are stable. Analyses query a metric store: their conditions are stated in the scenario.

use super::super::overlay::{Overlay, Shift, Side};
use super::super::rollout::Outline;
use super::{copy, replicas, set_label, workload};
use crate::config::decode::Located;
use crate::config::istio::destination_rule::DestinationRule;
use crate::config::kubernetes::Workload;
use crate::config::object::Object;
use crate::config::progressive::{CanaryStrategy, IstioRouting, Rollout};
use crate::config::resources::Resources;
use crate::control_plane::resolve_short_name;
use crate::diagnostic::{Diagnostic, Diagnostics, Place};
use crate::units::Nanos;

/// The label that tells ReplicaSets of a Rollout apart.
const HASH: &str = "rollouts-pod-template-hash";

/// What stands for the hashes; the real ones follow from the template.
const STABLE: &str = "stable";
const CANARY: &str = "canary";

/// Splits all Rollouts into a stable and a canary workload; the canary has no pods.
pub(super) fn expand(resources: &mut Resources) {
    for rollout in resources.rollouts.clone() {
        let (namespace, name) = (&rollout.meta.namespace, &rollout.meta.name);
        let Some(strategy) = canary(&rollout) else { continue };
        let Some(source) = source(&rollout, resources).cloned() else { continue };
        let own = rollout.spec.replicas.as_ref().map(|replicas| replicas.value);
        let pods = own.unwrap_or_else(|| replicas(&source));
        // A referenced Deployment is scaled down: its Rollout runs the pods.
        resources.workloads.retain(|object| {
            object.meta.namespace != *namespace
                || (object.meta.name != *name && object.meta.name != source.meta.name)
        });
        let mut stable = copy(&source, name.clone(), pods);
        let mut fresh = copy(&source, canary_name(name), 0);
        set_label(&mut stable, HASH, STABLE);
        set_label(&mut fresh, HASH, CANARY);
        resources.workloads.extend([stable, fresh]);
        select(resources, namespace, strategy.stable_service.as_ref(), STABLE);
        select(resources, namespace, strategy.canary_service.as_ref(), CANARY);
        label_subsets(resources, namespace, strategy);
    }
}

fn canary_name(name: &str) -> String {
    format!("{name}-canary")
}

fn canary(rollout: &Object<Rollout>) -> Option<&CanaryStrategy> {
    rollout.spec.strategy.as_ref()?.canary.as_ref().filter(|canary| istio(canary).is_some())
}

fn istio(canary: &CanaryStrategy) -> Option<&IstioRouting> {
    canary.traffic_routing.as_ref()?.istio.as_ref()
}

/// The workload with the template: the Rollout itself or the Deployment that it names.
fn source<'r>(rollout: &Object<Rollout>, resources: &'r Resources) -> Option<&'r Object<Workload>> {
    let named = rollout.spec.workload_ref.as_ref().and_then(|target| target.name.as_ref());
    let name = named.map_or(&rollout.meta.name, |name| &name.value);
    workload(resources, &rollout.meta.namespace, name)
}

fn select(
    resources: &mut Resources,
    namespace: &str,
    service: Option<&Located<String>>,
    hash: &str,
) {
    let Some(name) = service else { return };
    for object in &mut resources.services {
        if object.meta.namespace == namespace && object.meta.name == name.value {
            let selector = object.spec.selector.get_or_insert_default();
            selector.insert(HASH.to_owned(), hash.to_owned());
        }
    }
}

fn label_subsets(resources: &mut Resources, namespace: &str, canary: &CanaryStrategy) {
    let Some(rule) = istio(canary).and_then(|istio| istio.destination_rule.as_ref()) else {
        return;
    };
    let Some(name) = &rule.name else { return };
    let sides = [(&rule.stable_subset, STABLE), (&rule.canary_subset, CANARY)];
    for object in &mut resources.destination_rules {
        if object.meta.namespace != namespace || object.meta.name != name.value {
            continue;
        }
        for (subset, hash) in sides {
            label(&mut object.spec, subset.as_ref(), hash);
        }
    }
}

fn label(rule: &mut DestinationRule, subset: Option<&Located<String>>, hash: &str) {
    for known in &mut rule.subsets {
        let is_meant =
            known.name.as_ref().map(|name| &name.value) == subset.map(|name| &name.value);
        if is_meant && subset.is_some() {
            let located = |value: &str| Located { value: value.to_owned(), place: rule.place };
            known.labels.0.push((located(HASH), located(hash)));
        }
    }
}

/// The steps of a Rollout.
pub(super) fn outline(
    rollout: &Object<Rollout>,
    resources: &Resources,
    problems: &mut Diagnostics,
) -> Option<Outline> {
    let place = rollout.meta.place;
    let Some(strategy) = canary(rollout) else {
        let message =
            format!("the Rollout {} has no canary strategy with Istio", rollout.meta.name);
        let help = "it needs `strategy.canary.trafficRouting.istio`";
        problems.push(Diagnostic::error("unsupported-rollout", place, message).help(help));
        return None;
    };
    let shifts = shifts(rollout, strategy, resources, problems)?;
    let pods = workload(resources, &rollout.meta.namespace, &rollout.meta.name).map_or(1, replicas);
    let overlay = |weight: u32| {
        let name = canary_name(&rollout.meta.full_name());
        let share = u64::from(pods) * u64::from(weight.min(100));
        let canary_pods = u32::try_from(share.div_ceil(100)).unwrap_or(pods);
        Overlay {
            scale: vec![(Located { value: name, place }, Located { value: canary_pods, place })],
            shifts: shifts.iter().map(|shift| shift.with_weight(weight)).collect(),
            ..Overlay::default()
        }
    };
    let mut outline = Outline { name: rollout.meta.full_name(), ..Outline::default() };
    for (weight, pause) in held_weights(strategy, problems) {
        outline.steps.push((overlay(weight), weight, pause, true));
    }
    outline.promoted = Some(overlay(100));
    outline.watched = Some(Located { value: canary_name(&rollout.meta.full_name()), place });
    Some(outline)
}

/// Weights with the pauses that follow them; pauses before the first weight hold the weight 0.
fn held_weights(
    strategy: &CanaryStrategy,
    problems: &mut Diagnostics,
) -> Vec<(u32, Option<Nanos>)> {
    let mut held: Vec<(u32, Option<Nanos>)> = Vec::new();
    for step in &strategy.steps {
        if let Some(weight) = &step.set_weight {
            if weight.value > 100 {
                let message = format!("{} is more than 100 percent", weight.value);
                problems.push(Diagnostic::error("out-of-range", weight.place, message));
            }
            held.push((weight.value.min(100), Some(Nanos(0))));
        }
        if let Some(pause) = &step.pause {
            if held.is_empty() {
                held.push((0, Some(Nanos(0))));
            }
            let longer = pause.duration.as_ref().map(|time| time.value.0);
            if longer.is_none() {
                warn_endless(pause.place, problems);
            }
            if let Some((_, total)) = held.last_mut() {
                *total = total.zip(longer).map(|(a, b)| Nanos(a.0.saturating_add(b.0)));
            }
        }
    }
    held
}

fn warn_endless(place: Place, problems: &mut Diagnostics) {
    let message = "this pause waits for somebody to promote; the run stays here";
    let help = "state a duration, or the steps in the scenario";
    problems.push(Diagnostic::warning("endless-pause", place, message).help(help));
}

/// The routes whose weights change.
fn shifts(
    rollout: &Object<Rollout>,
    strategy: &CanaryStrategy,
    resources: &Resources,
    problems: &mut Diagnostics,
) -> Option<Vec<Shift>> {
    let istio = istio(strategy)?;
    let (stable, canary) = sides(rollout, strategy, istio, resources, problems)?;
    let rules = istio.virtual_service.iter().chain(&istio.virtual_services);
    let mut shifts = Vec::new();
    for rule in rules {
        let Some(name) = &rule.name else { continue };
        let (name, namespace) =
            name.value.split_once('.').unwrap_or((&name.value, &rollout.meta.namespace));
        let shift = Shift {
            rule_object: Some(format!("{namespace}/{name}")),
            routes: rule.routes.clone(),
            ..Shift::whole(stable.clone(), canary.clone(), 0)
        };
        if shift.apply(&mut resources.clone()) == 0 {
            let message = format!("VirtualService {namespace}/{name} has no route to both sides");
            problems.push(Diagnostic::error("unknown-destination", rule.place, message));
        }
        shifts.push(shift);
    }
    if shifts.is_empty() {
        let message = "this Rollout names no VirtualService";
        problems.push(Diagnostic::error("unsupported-rollout", istio.place, message));
        return None;
    }
    Some(shifts)
}

/// The destinations of the two versions: two subsets of one host, or two Services.
fn sides(
    rollout: &Object<Rollout>,
    strategy: &CanaryStrategy,
    istio: &IstioRouting,
    resources: &Resources,
    problems: &mut Diagnostics,
) -> Option<(Side, Side)> {
    let text = |value: &Option<Located<String>>| value.as_ref().map(|text| text.value.clone());
    if let Some(subsets) = &istio.destination_rule {
        let found = resources.destination_rules.iter().find(|object| {
            object.meta.namespace == rollout.meta.namespace
                && Some(&object.meta.name) == subsets.name.as_ref().map(|name| &name.value)
        });
        let host = found.and_then(|object| text(&object.spec.host));
        let names = text(&subsets.stable_subset).zip(text(&subsets.canary_subset));
        if let (Some(host), Some((stable, canary))) = (host, names) {
            let host = resolve_short_name(&host, &rollout.meta.namespace, "cluster.local");
            let side = |subset| Side { host: host.clone(), subset: Some(subset) };
            return Some((side(stable), side(canary)));
        }
    }
    let services = text(&strategy.stable_service).zip(text(&strategy.canary_service));
    if let Some((stable, canary)) = services {
        let full = |name: &str| resolve_short_name(name, &rollout.meta.namespace, "cluster.local");
        let side = |name: &str| Side { host: full(name), subset: None };
        return Some((side(&stable), side(&canary)));
    }
    let message = "this Rollout names neither two subsets nor two Services";
    problems.push(Diagnostic::error("unsupported-rollout", istio.place, message));
    None
}
