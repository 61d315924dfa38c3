//! The `istio.alibabacloud.com` kinds: lane groups, lanes, traffic labels (asm-lanes 2.2, 2.6).

use std::collections::BTreeMap;

use super::decode::{Located, Map, record, words};
use super::istio::WorkloadSelector;
use super::istio::virtual_service::StringMatch;

record! {
    /// A group of lanes over the same services.
    pub struct SwimLaneGroup("ASMSwimLaneGroup") {
        /// The services.
        "services" => services: Vec<LaneService>,
        /// Where traffic enters.
        "ingress" => ingress: Option<LaneIngress>,
        /// Whether lanes may miss services (asm-lanes 2.1).
        "isPermissive" => is_permissive: bool,
        /// How permissive lanes find each other.
        "permissiveModeConfiguration" => permissive: Option<PermissiveMode>,
    }
    ignore ["defaultTrafficPolicyPatch", "defaultHttpRoutePatch", "autoUpdate"]
}

record! {
    /// A service of a lane or a group.
    pub struct LaneService("service of a lane") {
        /// Name.
        "name" => name: Option<Located<String>>,
        /// Namespace.
        "namespace" => namespace: Option<Located<String>>,
    }
    ignore ["cluster", "trafficPolicyPatch", "httpRoutePatch"]
}

record! {
    /// Where traffic enters.
    pub struct LaneIngress("ingress of a lane group") {
        /// The gateway.
        "gateway" => gateway: Option<LaneGateway>,
        /// How traffic is spread over lanes.
        "ingressRouting" => routing: Option<IngressRouting>,
    }
}

record! {
    /// The gateway of a lane group.
    pub struct LaneGateway("gateway of a lane group") {
        /// Name of the Gateway.
        "name" => name: Option<Located<String>>,
        /// Its namespace.
        "namespace" => namespace: Option<Located<String>>,
    }
    ignore ["type"]
}

words! {
    /// How traffic is spread over lanes.
    pub enum IngressStrategy("ingress routing strategy") {
        /// Each lane has rules of its own.
        "rule_based" => RuleBased,
        /// One rule for all, then by weight.
        "weighted" => Weighted,
    }
}

record! {
    /// How traffic is spread over lanes.
    pub struct IngressRouting("ingressRouting") {
        /// The strategy; each lane's rules if absent.
        "ingressRoutingStrategy" => strategy: Option<IngressStrategy>,
        /// The one rule.
        "weightedRoutingRule" => weighted_rule: Option<WeightedRule>,
    }
}

record! {
    /// The one rule of weighted lanes.
    pub struct WeightedRule("weightedRoutingRule") {
        /// Hosts.
        "hosts" => hosts: Vec<Located<String>>,
        /// Conditions; one is enough.
        "requestMatches" => request_matches: Vec<LaneMatch>,
    }
}

record! {
    /// Conditions on a request.
    pub struct LaneMatch("match of a lane") {
        /// Path.
        "uri" => uri: Option<StringMatch>,
        /// Headers.
        "headers" => headers: Map<Option<StringMatch>>,
    }
}

record! {
    /// How permissive lanes find each other.
    pub struct PermissiveMode("permissiveModeConfiguration") {
        /// Name of the baseline lane.
        "fallbackTarget" => fallback_target: Option<Located<String>>,
        /// Lanes that stand in for single services, by `namespace/service`.
        "serviceLevelFallbackTarget" => service_level_fallback_target: Map<Located<String>>,
        /// The header that ties the calls of one request together.
        "traceHeader" => trace_header: Option<Located<String>>,
        /// The header that names the lane.
        "routeHeader" => route_header: Option<Located<String>>,
    }
}

record! {
    /// A lane.
    pub struct SwimLane("ASMSwimLane") {
        /// Labels of its pods.
        "labelSelector" => label_selector: BTreeMap<String, String>,
        /// Services in the lane; all of the group if absent.
        "services" => services: Option<Vec<LaneService>>,
        /// Rules for traffic that enters.
        "ingressRules" => ingress_rules: Vec<IngressRule>,
        /// Its share of traffic that enters.
        "ingressWeight" => ingress_weight: Option<IngressWeight>,
    }
}

record! {
    /// A rule for traffic that enters.
    pub struct IngressRule("ingress rule of a lane") {
        /// Name.
        "name" => name: Option<Located<String>>,
        /// Whether it is in force.
        "online" => online: Option<bool>,
        /// Hosts.
        "hosts" => hosts: Vec<Located<String>>,
        /// Conditions.
        "match" => matches: Option<LaneMatch>,
        /// Where to.
        "route" => route: Option<IngressRoute>,
    }
}

record! {
    /// Where an ingress rule leads.
    pub struct IngressRoute("route of an ingress rule") {
        /// The first service of the lane.
        "destination" => destination: Option<LaneDestination>,
    }
}

record! {
    /// The first service of a lane.
    pub struct LaneDestination("destination of a lane") {
        /// Host.
        "host" => host: Option<Located<String>>,
        /// Port.
        "portNum" => port_number: Option<Located<u32>>,
    }
    ignore ["subset"]
}

record! {
    /// A lane's share of traffic that enters.
    pub struct IngressWeight("ingressWeight") {
        /// The first service.
        "destination" => destination: Option<LaneDestination>,
        /// Relative weight.
        "weight" => weight: Option<Located<u32>>,
    }
}

record! {
    /// Labels that sidecars put on requests.
    pub struct TrafficLabel("TrafficLabel") {
        /// Workloads whose sidecars do it; the whole namespace if absent.
        "workloadSelector" => workload_selector: Option<WorkloadSelector>,
        /// Rules.
        "rules" => rules: Vec<LabelRule>,
    }
    ignore ["hosts"]
}

record! {
    /// A rule of a TrafficLabel.
    pub struct LabelRule("rule of a TrafficLabel") {
        /// Labels.
        "labels" => labels: Vec<LabelSource>,
    }
    ignore ["attachTo", "protocols", "http"]
}

record! {
    /// A label and where its value comes from.
    pub struct LabelSource("label of a TrafficLabel") {
        /// Name of the header that carries it.
        "name" => name: Option<Located<String>>,
        /// Sources; the first that yields a value counts.
        "valueFrom" => value_from: Vec<Located<String>>,
        /// Whether it replaces a header that the application has set itself.
        "overwrite" => overwrite: bool,
    }
}
