//! Progressive delivery: the Argo Rollouts `Rollout` and the Flagger `Canary`.
//!
//! Only canaries whose weights Istio applies are read; other strategies and providers are accepted unread.

use super::decode::{Decode, Located, record, wrong_type};
use super::kubernetes::NumberOrName;
use super::node::{Node, Value};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::units::{Nanos, Share};

record! {
    /// What a Rollout has beyond a Deployment.
    pub struct Rollout("Rollout") {
        /// How many pods; those of the Deployment if absent.
        "replicas" => replicas: Option<Located<u32>>,
        /// The Deployment that it takes its pods from, instead of a template of its own.
        "workloadRef" => workload_ref: Option<TargetRef>,
        /// How it goes from one version to the next.
        "strategy" => strategy: Option<Strategy>,
    }
    ignore ["*"]
}

record! {
    /// How a Rollout goes from one version to the next.
    pub struct Strategy("RolloutStrategy") {
        /// Step by step.
        "canary" => canary: Option<CanaryStrategy>,
    }
    ignore ["blueGreen"]
}

record! {
    /// Step by step.
    pub struct CanaryStrategy("CanaryStrategy") {
        /// Service of the new pods.
        "canaryService" => canary_service: Option<Located<String>>,
        /// Service of the old pods.
        "stableService" => stable_service: Option<Located<String>>,
        /// The steps in order.
        "steps" => steps: Vec<CanaryStep>,
        /// Who applies weights.
        "trafficRouting" => traffic_routing: Option<TrafficRouting>,
    }
    ignore ["*"]
}

record! {
    /// One step; analyses and experiments are accepted unread.
    pub struct CanaryStep("CanaryStep") {
        /// Share of the new version in percent.
        "setWeight" => set_weight: Option<Located<u32>>,
        /// A pause; without a duration for ever.
        "pause" => pause: Option<Pause>,
    }
    ignore ["*"]
}

record! {
    /// A pause.
    pub struct Pause("RolloutPause") {
        /// How long.
        "duration" => duration: Option<Located<PauseTime>>,
    }
}

/// A duration, or a number of seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PauseTime(pub Nanos);

record! {
    /// Who applies weights.
    pub struct TrafficRouting("RolloutTrafficRouting") {
        /// Istio.
        "istio" => istio: Option<IstioRouting>,
    }
    ignore ["*"]
}

record! {
    /// The Istio objects whose weights change.
    pub struct IstioRouting("IstioTrafficRouting") {
        /// One VirtualService.
        "virtualService" => virtual_service: Option<RuleRef>,
        /// Several.
        "virtualServices" => virtual_services: Vec<RuleRef>,
        /// The subsets of the two versions.
        "destinationRule" => destination_rule: Option<SubsetRef>,
    }
}

record! {
    /// A VirtualService and the names of its routes.
    pub struct RuleRef("IstioVirtualService") {
        /// Name, or `name.namespace`.
        "name" => name: Option<Located<String>>,
        /// Routes; all if empty.
        "routes" => routes: Vec<String>,
    }
    ignore ["tlsRoutes", "tcpRoutes"]
}

record! {
    /// The subsets of the two versions.
    pub struct SubsetRef("IstioDestinationRule") {
        /// Name of the DestinationRule.
        "name" => name: Option<Located<String>>,
        /// Subset of the new pods.
        "canarySubsetName" => canary_subset: Option<Located<String>>,
        /// Subset of the old pods.
        "stableSubsetName" => stable_subset: Option<Located<String>>,
    }
}

record! {
    /// A workload by name.
    pub struct TargetRef("reference") {
        /// `Deployment`.
        "kind" => kind: Option<String>,
        /// Name.
        "name" => name: Option<Located<String>>,
    }
    ignore ["*"]
}

record! {
    /// A Flagger Canary.
    pub struct Canary("Canary") {
        /// The Deployment whose changes are released.
        "targetRef" => target: Option<TargetRef>,
        /// The Services and rules that Flagger makes.
        "service" => service: Option<CanaryService>,
        /// Steps and checks.
        "analysis" => analysis: Option<Analysis>,
        /// The same under its old name.
        "canaryAnalysis" => canary_analysis: Option<Analysis>,
    }
    ignore ["*"]
}

record! {
    /// The Services and rules that Flagger makes.
    pub struct CanaryService("CanaryService") {
        /// Name; that of the target if absent.
        "name" => name: Option<Located<String>>,
        /// Port.
        "port" => port: Option<Located<u32>>,
        /// Name of the port.
        "portName" => port_name: Option<String>,
        /// Port of the pods.
        "targetPort" => target_port: Option<NumberOrName>,
        /// Gateways of the VirtualService.
        "gateways" => gateways: Vec<String>,
        /// Hosts of the VirtualService beyond the Service.
        "hosts" => hosts: Vec<String>,
        /// Conditions of its rule.
        "match" => matches: Option<Raw>,
        /// Retries of its rule.
        "retries" => retries: Option<Raw>,
        /// Timeout of its rule.
        "timeout" => timeout: Option<Raw>,
        /// Header operations of its rule.
        "headers" => headers: Option<Raw>,
        /// Rewrite of its rule.
        "rewrite" => rewrite: Option<Raw>,
    }
    ignore ["*"]
}

record! {
    /// Steps and checks.
    pub struct Analysis("CanaryAnalysis") {
        /// Time between two rounds.
        "interval" => interval: Option<Located<Nanos>>,
        /// Failed rounds that roll back.
        "threshold" => threshold: Option<Located<u32>>,
        /// The last weight before promotion, in percent.
        "maxWeight" => max_weight: Option<Located<u32>>,
        /// How much the weight rises per round, in percent.
        "stepWeight" => step_weight: Option<Located<u32>>,
        /// Or the weights one by one.
        "stepWeights" => step_weights: Vec<Located<u32>>,
        /// What is checked.
        "metrics" => metrics: Vec<CanaryMetric>,
    }
    ignore ["*"]
}

record! {
    /// A metric with its limits.
    pub struct CanaryMetric("CanaryMetric") {
        /// `request-success-rate`, `request-duration` or the name of a query.
        "name" => name: Option<Located<String>>,
        /// Over which time.
        "interval" => interval: Option<Located<Nanos>>,
        /// The limits.
        "thresholdRange" => range: Option<ThresholdRange>,
    }
    ignore ["*"]
}

record! {
    /// The limits of a metric: percent, or milliseconds.
    pub struct ThresholdRange("CanaryThresholdRange") {
        /// The least value.
        "min" => min: Option<Located<Share>>,
        /// The greatest value.
        "max" => max: Option<Located<Share>>,
    }
}

/// A value that is copied into another object as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Raw(pub Node);

impl Decode for Raw {
    fn decode(node: &Node, _: &mut Diagnostics) -> Option<Self> {
        Some(Self(node.clone()))
    }
}

impl Raw {
    /// Returns the value as JSON.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        json_of(&self.0)
    }
}

fn json_of(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value, _) => (*value).into(),
        Value::Integer(value, _) => i64::try_from(*value).unwrap_or(i64::MAX).into(),
        Value::Float(value, _) => (*value).into(),
        Value::Text(text) => text.clone().into(),
        Value::Sequence(items) => items.iter().map(json_of).collect(),
        Value::Mapping(entries) => {
            entries.iter().map(|(key, value)| (key.name.clone(), json_of(value))).collect()
        }
    }
}

impl Decode for PauseTime {
    fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        let (Value::Text(text) | Value::Integer(_, text)) = &node.value else {
            wrong_type(node, "a pause such as 1h or 60", problems);
            return None;
        };
        let time = text.parse().or_else(|_| format!("{text}s").parse()).ok();
        if time.is_none() {
            let message = format!("`{text}` is no pause such as 1h, or 60 for seconds");
            problems.push(Diagnostic::error("invalid-duration", node.place, message));
        }
        time.map(Self)
    }
}
