//! Flagger with Istio: the target Deployment is the canary, a copy of it named `-primary` serves between releases.
//!
//! # Model
//! Flagger makes the primary Deployment, the Services `NAME`, `NAME-primary` and `NAME-canary`, and a VirtualService
//! with the two as weighted destinations; between two releases the target has no pods. Every interval the
//! checks are made, and the weight rises by a step; failed rounds add up to the threshold. What the cluster
//! shows already is kept. A failed round holds no weight back here: the steps go on until the threshold.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::Metric;
use super::super::overlay::{Overlay, Shift, Side};
use super::super::rollout::{Limit, Outline};
use super::{copy, replicas, set_label, set_replicas, workload};
use crate::config::decode::Located;
use crate::config::kubernetes::{NumberOrName, Workload};
use crate::config::object::Object;
use crate::config::progressive::{Analysis, Canary, CanaryMetric, CanaryService};
use crate::config::resources::Resources;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::units::{Nanos, Share};

/// Labels by which Flagger tells pods, the first that the target selects by.
const SELECTORS: [&str; 3] = ["app", "name", "app.kubernetes.io/name"];

/// Time between two rounds if a Canary does not say.
const INTERVAL: Nanos = Nanos(60_000_000_000);

/// A Canary with its target.
struct Release {
    namespace: String,
    target: String,
    /// Name of the Service that clients call.
    apex: String,
    key: String,
    value: String,
}

/// Makes what Flagger makes; returns objects that are still to be read.
pub(super) fn expand(resources: &mut Resources) -> Vec<Value> {
    let mut objects = Vec::new();
    for canary in resources.canaries.clone() {
        let Some((release, target)) = release(&canary, resources) else { continue };
        let primary = format!("{}-primary", release.target);
        if workload(resources, &release.namespace, &primary).is_none() {
            let mut copy = copy(&target, primary, replicas(&target));
            set_label(&mut copy, &release.key, &format!("{}-primary", release.value));
            resources.workloads.push(copy);
            for object in &mut resources.workloads {
                let same = object.meta.namespace == release.namespace;
                if same && object.meta.name == release.target {
                    set_replicas(object, 0);
                }
            }
        }
        let Some(service) = &canary.spec.service else { continue };
        objects.extend(services(&release, service, resources));
        objects.extend(rule(&release, service, resources));
    }
    objects
}

fn release(canary: &Object<Canary>, resources: &Resources) -> Option<(Release, Object<Workload>)> {
    let name = canary.spec.target.as_ref()?.name.as_ref()?.value.clone();
    let target = workload(resources, &canary.meta.namespace, &name)?.clone();
    let labels = target.spec.template.as_ref()?.metadata.as_ref()?.labels.clone();
    let selected = target.spec.selector.as_ref().map_or(&labels, |selector| &selector.match_labels);
    let key = SELECTORS.iter().find(|key| selected.contains_key(**key))?;
    let own = canary.spec.service.as_ref().and_then(|service| service.name.as_ref());
    let release = Release {
        namespace: canary.meta.namespace.clone(),
        apex: own.map_or_else(|| name.clone(), |own| own.value.clone()),
        target: name,
        key: (*key).to_owned(),
        value: selected.get(*key).cloned().unwrap_or_default(),
    };
    Some((release, target))
}

/// The three Services; one that stands in the files keeps its ports.
fn services(release: &Release, service: &CanaryService, resources: &mut Resources) -> Vec<Value> {
    let primary = format!("{}-primary", release.value);
    let selector = |value: &str| BTreeMap::from([(release.key.clone(), value.to_owned())]);
    let mut objects = Vec::new();
    for (suffix, value) in [("", &primary), ("-primary", &primary), ("-canary", &release.value)] {
        let name = format!("{}{suffix}", release.apex);
        let known = resources
            .services
            .iter_mut()
            .find(|object| object.meta.namespace == release.namespace && object.meta.name == name);
        if let Some(known) = known {
            known.spec.selector = Some(selector(value));
            continue;
        }
        let port = service.port.as_ref().map_or(80, |port| port.value);
        let target = match &service.target_port {
            Some(NumberOrName::Number(number)) => json!(number),
            Some(NumberOrName::Name(name)) => json!(name),
            None => json!(port),
        };
        let port_name = service.port_name.as_deref().unwrap_or("http");
        objects.push(json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {"name": name, "namespace": release.namespace},
            "spec": {
                "selector": selector(value),
                "ports": [{"name": port_name, "port": port, "targetPort": target}],
            },
        }));
    }
    objects
}

/// The VirtualService, unless the files have it.
fn rule(release: &Release, service: &CanaryService, resources: &Resources) -> Option<Value> {
    let known = resources.virtual_services.iter().any(|object| {
        object.meta.namespace == release.namespace && object.meta.name == release.apex
    });
    if known {
        return None;
    }
    let mut hosts = service.hosts.clone();
    hosts.push(release.apex.clone());
    let to = |suffix: &str, weight: u32| json!({"destination": {"host": format!("{}-{suffix}", release.apex)}, "weight": weight});
    let mut http = json!({"route": [to("primary", 100), to("canary", 0)]});
    for (key, value) in [
        ("match", &service.matches),
        ("retries", &service.retries),
        ("timeout", &service.timeout),
        ("headers", &service.headers),
        ("rewrite", &service.rewrite),
    ] {
        if let Some(raw) = value {
            http[key] = raw.to_json();
        }
    }
    let mut spec = json!({"hosts": hosts, "http": [http]});
    if !service.gateways.is_empty() {
        spec["gateways"] = json!(service.gateways);
    }
    Some(json!({
        "apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
        "metadata": {"name": release.apex, "namespace": release.namespace},
        "spec": spec,
    }))
}

/// The steps and checks of a Canary.
pub(super) fn outline(
    canary: &Object<Canary>,
    resources: &Resources,
    problems: &mut Diagnostics,
) -> Option<Outline> {
    let place = canary.meta.place;
    let analysis = canary.spec.analysis.as_ref().or(canary.spec.canary_analysis.as_ref());
    let (Some((release, _)), Some(analysis)) = (release(canary, resources), analysis) else {
        let message = format!("the Canary {} has no target or no analysis", canary.meta.name);
        let help = "the Deployment of its `targetRef` belongs to the mesh files";
        problems.push(Diagnostic::error("unsupported-rollout", place, message).help(help));
        return None;
    };
    let primary = workload(resources, &release.namespace, &format!("{}-primary", release.target));
    let pods = primary.map_or(1, replicas);
    let full = format!("{}/{}", release.namespace, release.target);
    let side = |suffix: &str| Side { host: format!("{}-{suffix}", release.apex), subset: None };
    let overlay = |weight: u32| Overlay {
        scale: vec![(Located { value: full.clone(), place }, Located { value: pods, place })],
        shifts: vec![Shift {
            rule_object: Some(format!("{}/{}", release.namespace, release.apex)),
            ..Shift::whole(side("primary"), side("canary"), weight)
        }],
        ..Overlay::default()
    };
    let every = analysis.interval.as_ref().map_or(INTERVAL, |interval| interval.value);
    let mut outline = Outline {
        name: canary.meta.full_name(),
        every: Some(every),
        failures: Some(analysis.threshold.as_ref().map_or(1, |it| it.value.max(1))),
        promoted: Some(overlay(100)),
        watched: Some(Located { value: full.clone(), place }),
        ..Outline::default()
    };
    for weight in weights(analysis) {
        outline.steps.push((overlay(weight), weight, Some(every), true));
    }
    for metric in &analysis.metrics {
        outline.checks.extend(limit(metric, problems));
    }
    Some(outline)
}

/// The weights in order: as listed, else in equal steps up to the last one.
fn weights(analysis: &Analysis) -> Vec<u32> {
    if !analysis.step_weights.is_empty() {
        return analysis.step_weights.iter().map(|weight| weight.value.min(100)).collect();
    }
    let step = analysis.step_weight.as_ref().map_or(100, |step| step.value.clamp(1, 100));
    let last = analysis.max_weight.as_ref().map_or(100, |last| last.value.min(100));
    let mut weights: Vec<u32> =
        (1..=100).map(|round| round * step).take_while(|weight| *weight < last).collect();
    weights.push(last);
    weights
}

/// The two metrics that Flagger knows by itself; others are queries that nothing answers here.
fn limit(metric: &CanaryMetric, problems: &mut Diagnostics) -> Option<(Limit, Option<Nanos>)> {
    let window = metric.interval.as_ref().map(|interval| interval.value);
    let range = metric.range.as_ref();
    let name = metric.name.as_ref()?;
    let found = match name.value.as_str() {
        // At least so many percent without a 5xx.
        "request-success-rate" => {
            let least = range?.min.as_ref()?.value;
            let whole = least.denominator().checked_mul(100)?;
            Metric::ErrorRate(Share::new(whole.saturating_sub(least.numerator()), whole)?)
        }
        // At most so many milliseconds at the 99th percentile.
        "request-duration" => {
            let most = range?.max.as_ref()?.value;
            let nanos = u128::from(most.numerator()) * 1_000_000 / u128::from(most.denominator());
            Metric::Latency(Share::new(99, 100)?, Nanos(u64::try_from(nanos).ok()?))
        }
        _ => {
            let message =
                format!("the metric `{}` is a query that nothing answers here", name.value);
            let help = "state `checks` in the scenario's rollout instead";
            problems.push(Diagnostic::warning("unknown-metric", name.place, message).help(help));
            return None;
        }
    };
    Some((found, window))
}
