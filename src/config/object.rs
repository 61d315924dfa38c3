//! What all objects have in common: kind, name, namespace, labels, age.

use std::collections::BTreeMap;
use std::fmt;

use super::decode::{Decode, Fields, Located, wrong_type};
use super::node::{Node, Value};
use crate::diagnostic::{Diagnostic, Diagnostics, Place};

/// The kinds that lanecast reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `networking.istio.io` VirtualService
    VirtualService,
    /// `networking.istio.io` DestinationRule
    DestinationRule,
    /// `networking.istio.io` Gateway
    Gateway,
    /// `networking.istio.io` ServiceEntry
    ServiceEntry,
    /// `networking.istio.io` WorkloadEntry
    WorkloadEntry,
    /// `networking.istio.io` Sidecar
    Sidecar,
    /// `gateway.networking.k8s.io` Gateway
    KubernetesGateway,
    /// `gateway.networking.k8s.io` HTTPRoute
    HttpRoute,
    /// `gateway.networking.k8s.io` ReferenceGrant
    ReferenceGrant,
    /// core Service
    Service,
    /// core Pod
    Pod,
    /// core Namespace
    Namespace,
    /// core ConfigMap (only the mesh config is read)
    ConfigMap,
    /// `apps` Deployment
    Deployment,
    /// `apps` StatefulSet
    StatefulSet,
    /// `apps` ReplicaSet
    ReplicaSet,
    /// `apps` DaemonSet
    DaemonSet,
    /// `argoproj.io` Rollout
    Rollout,
    /// `flagger.app` Canary
    Canary,
    /// `istio.alibabacloud.com` ASMSwimLaneGroup
    SwimLaneGroup,
    /// `istio.alibabacloud.com` ASMSwimLane
    SwimLane,
    /// `istio.alibabacloud.com` TrafficLabel
    TrafficLabel,
}

/// A moment, in nanoseconds since 1970.
pub type Timestamp = i128;

/// Name, labels and age of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Meta {
    /// Name.
    pub name: String,
    /// Namespace; empty for objects of the cluster.
    pub namespace: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
    /// When it was created; `None` has not been applied yet.
    pub created: Option<Timestamp>,
    /// Kinds and names of its owners.
    pub owners: Vec<(String, String)>,
    /// Where its name stands.
    pub place: Place,
}

/// An object with the part of it that its kind defines.
#[derive(Clone, Debug, PartialEq)]
pub struct Object<S> {
    /// Its kind.
    pub kind: Kind,
    /// Name, labels and age.
    pub meta: Meta,
    /// What its kind defines.
    pub spec: S,
}

// === impl Kind ===

impl Kind {
    /// Finds the kind of an API version and a kind name; `None` if lanecast does not read it.
    #[must_use]
    pub fn find(api_version: &str, kind: &str) -> Option<Self> {
        let group = api_version.rsplit_once('/').map_or("", |(group, _)| group);
        let version = api_version.rsplit('/').next().unwrap_or_default();
        let found = match (group, kind) {
            ("networking.istio.io", "VirtualService") => Self::VirtualService,
            ("networking.istio.io", "DestinationRule") => Self::DestinationRule,
            ("networking.istio.io", "Gateway") => Self::Gateway,
            ("networking.istio.io", "ServiceEntry") => Self::ServiceEntry,
            ("networking.istio.io", "WorkloadEntry") => Self::WorkloadEntry,
            ("networking.istio.io", "Sidecar") => Self::Sidecar,
            ("gateway.networking.k8s.io", "Gateway") => Self::KubernetesGateway,
            ("gateway.networking.k8s.io", "HTTPRoute") => Self::HttpRoute,
            ("gateway.networking.k8s.io", "ReferenceGrant") => Self::ReferenceGrant,
            ("", "Service") => Self::Service,
            ("", "Pod") => Self::Pod,
            ("", "Namespace") => Self::Namespace,
            ("", "ConfigMap") => Self::ConfigMap,
            ("apps", "Deployment") => Self::Deployment,
            ("apps", "StatefulSet") => Self::StatefulSet,
            ("apps", "ReplicaSet") => Self::ReplicaSet,
            ("apps", "DaemonSet") => Self::DaemonSet,
            ("argoproj.io", "Rollout") => Self::Rollout,
            ("flagger.app", "Canary") => Self::Canary,
            ("istio.alibabacloud.com", "ASMSwimLaneGroup") => Self::SwimLaneGroup,
            ("istio.alibabacloud.com", "ASMSwimLane") => Self::SwimLane,
            ("istio.alibabacloud.com", "TrafficLabel") => Self::TrafficLabel,
            _ => return None,
        };
        found.versions().contains(&version).then_some(found)
    }

    /// The versions that are served.
    const fn versions(self) -> &'static [&'static str] {
        match self {
            Self::VirtualService
            | Self::DestinationRule
            | Self::Gateway
            | Self::ServiceEntry
            | Self::WorkloadEntry
            | Self::Sidecar => &["v1", "v1beta1", "v1alpha3"],
            Self::KubernetesGateway | Self::HttpRoute | Self::ReferenceGrant => {
                &["v1", "v1beta1", "v1alpha2"]
            }
            Self::SwimLaneGroup | Self::SwimLane | Self::TrafficLabel => &["v1", "v1beta1"],
            Self::Rollout => &["v1alpha1"],
            Self::Canary => &["v1beta1"],
            _ => &["v1"],
        }
    }

    /// Tells whether objects of this kind have no namespace.
    #[must_use]
    pub const fn is_cluster_scoped(self) -> bool {
        matches!(self, Self::Namespace | Self::SwimLaneGroup | Self::SwimLane)
    }

    /// Returns the kind name as users write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::VirtualService => "VirtualService",
            Self::DestinationRule => "DestinationRule",
            Self::Gateway | Self::KubernetesGateway => "Gateway",
            Self::ServiceEntry => "ServiceEntry",
            Self::WorkloadEntry => "WorkloadEntry",
            Self::Sidecar => "Sidecar",
            Self::HttpRoute => "HTTPRoute",
            Self::ReferenceGrant => "ReferenceGrant",
            Self::Service => "Service",
            Self::Pod => "Pod",
            Self::Namespace => "Namespace",
            Self::ConfigMap => "ConfigMap",
            Self::Deployment => "Deployment",
            Self::StatefulSet => "StatefulSet",
            Self::ReplicaSet => "ReplicaSet",
            Self::DaemonSet => "DaemonSet",
            Self::Rollout => "Rollout",
            Self::Canary => "Canary",
            Self::SwimLaneGroup => "ASMSwimLaneGroup",
            Self::SwimLane => "ASMSwimLane",
            Self::TrafficLabel => "TrafficLabel",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

// === impl Meta ===

impl Meta {
    /// Reads `metadata`; an object without a name is refused.
    pub fn read(
        kind: Kind,
        root: &Node,
        default: &str,
        problems: &mut Diagnostics,
    ) -> Option<Self> {
        let Some(node) = root.get("metadata") else {
            let message = format!("this {kind} has no metadata");
            problems.push(Diagnostic::error("missing-field", root.place, message));
            return None;
        };
        let mut fields = Fields::open("metadata", node, problems)?;
        let name: Option<Located<String>> = fields.take("name", problems);
        let namespace: Option<String> = fields.take("namespace", problems);
        let labels = fields.take("labels", problems);
        let annotations = fields.take("annotations", problems);
        let created = fields.take::<Option<Created>>("creationTimestamp", problems);
        let owners = fields.take::<Vec<Owner>>("ownerReferences", problems);
        fields.finish(&["*"], problems);
        let Some(name) = name.filter(|name| !name.value.is_empty()) else {
            let message = format!("this {kind} has no name");
            problems.push(Diagnostic::error("missing-field", node.place, message));
            return None;
        };
        let namespace = match namespace {
            _ if kind.is_cluster_scoped() => String::new(),
            Some(namespace) if !namespace.is_empty() => namespace,
            _ => default.to_owned(),
        };
        Some(Self {
            name: name.value,
            namespace,
            labels,
            annotations,
            created: created.map(|created| created.0),
            owners: owners.into_iter().map(|owner| (owner.kind, owner.name)).collect(),
            place: name.place,
        })
    }

    /// Returns `namespace/name`, or the name of an object of the cluster.
    #[must_use]
    pub fn full_name(&self) -> String {
        if self.namespace.is_empty() {
            return self.name.clone();
        }
        format!("{}/{}", self.namespace, self.name)
    }
}

/// A `creationTimestamp`.
struct Created(Timestamp);

impl Decode for Created {
    fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        let Value::Text(text) = &node.value else {
            wrong_type(node, "text such as 2026-01-31T12:00:00Z", problems);
            return None;
        };
        let parsed = timestamp(text);
        if parsed.is_none() {
            let message = format!("`{text}` is no timestamp such as 2026-01-31T12:00:00Z");
            problems.push(Diagnostic::error("invalid-timestamp", node.place, message));
        }
        parsed.map(Self)
    }
}

struct Owner {
    kind: String,
    name: String,
}

impl Decode for Owner {
    fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        let mut fields = Fields::open("ownerReferences", node, problems)?;
        Some(Self { kind: fields.take("kind", problems), name: fields.take("name", problems) })
    }
}

/// Parses RFC 3339, `2026-01-31T12:00:00.5+01:00`.
fn timestamp(text: &str) -> Option<Timestamp> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let mut date = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let zone_at = time.rfind(['Z', 'z', '+', '-'])?;
    let (clock, zone) = time.split_at(zone_at);
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let mut clock = clock.splitn(3, ':').map(|part| part.parse::<i64>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    let in_range = (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60).contains(&second)
        && (0..10_000).contains(&year);
    if !in_range || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let nanos: i128 = format!("{fraction:0<9}")[..9].parse().ok()?;
    let offset = match zone.split_at(1) {
        ("Z" | "z", "") => 0,
        (sign, zone) => {
            let (hours, minutes) = zone.split_once(':')?;
            let minutes = hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?;
            if sign == "-" { -minutes * 60 } else { minutes * 60 }
        }
    };
    let seconds = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset;
    Some(i128::from(seconds) * 1_000_000_000 + nanos)
}

/// Days since 1970 of a date of the Gregorian calendar (H. Hinnant, "chrono-compatible date algorithms").
const fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_instants() {
        assert_eq!(timestamp("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(timestamp("2024-02-29T12:00:00Z"), Some(1_709_208_000_000_000_000));
        assert_eq!(timestamp("2024-02-29T13:00:00+01:00"), timestamp("2024-02-29T12:00:00Z"));
        assert_eq!(timestamp("1970-01-01T00:00:00.25Z"), Some(250_000_000));
        for text in
            ["", "2024", "2024-13-01T00:00:00Z", "2024-01-01T00:00:00", "x", "2024-01-01T25:00:00Z"]
        {
            assert_eq!(timestamp(text), None, "{text}");
        }
    }

    #[test]
    fn two_kinds_are_called_gateway() {
        assert_eq!(Kind::find("networking.istio.io/v1beta1", "Gateway"), Some(Kind::Gateway));
        assert_eq!(
            Kind::find("gateway.networking.k8s.io/v1", "Gateway"),
            Some(Kind::KubernetesGateway)
        );
        assert_eq!(Kind::find("v1", "Service"), Some(Kind::Service));
        assert_eq!(Kind::find("serving.example/v1", "Service"), None);
        assert_eq!(Kind::find("networking.istio.io/v2", "Gateway"), None);
    }
}
