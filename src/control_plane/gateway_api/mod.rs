//! Gateway API objects in the form of Istio's own: listeners become gateways, HTTPRoutes rule sets (R-207
//! to R-222).

mod attach;
mod backend;
mod filters;
mod listeners;
mod rule;

use super::mesh_config::MeshConfig;
use super::registry::Registry;
use crate::config::gateway_api::{AllowedRoutes, FromNamespaces, ReferenceGrant};
use crate::config::kubernetes::LabelSelector;
use crate::config::object::Object;
use crate::config::resources::Resources;

pub(super) use attach::rule_sets;
pub(super) use listeners::{gateways, waypoints};

/// API group of the Gateway API.
const GROUP: &str = "gateway.networking.k8s.io";

/// What conversions look things up in.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    /// All objects.
    pub resources: &'a Resources,
    /// Services.
    pub registry: &'a Registry,
    /// Mesh-wide options.
    pub mesh: &'a MeshConfig,
}

/// From which namespaces routes or Services may attach.
#[derive(Clone, Debug, PartialEq)]
pub struct NamespaceChoice {
    from: FromNamespaces,
    selector: Option<LabelSelector>,
}

// === impl NamespaceChoice ===

impl NamespaceChoice {
    /// Reads `allowedRoutes.namespaces`; the default is the gateway's own.
    fn read(allowed: Option<&AllowedRoutes>) -> Self {
        let namespaces = allowed.and_then(|allowed| allowed.namespaces.as_ref());
        Self {
            from: namespaces.and_then(|n| n.from).unwrap_or(FromNamespaces::Same),
            selector: namespaces.and_then(|n| n.selector.clone()),
        }
    }

    /// Tells whether objects of a namespace may attach to a gateway in `own`.
    #[must_use]
    pub fn admits(&self, namespace: &str, own: &str, registry: &Registry) -> bool {
        match self.from {
            FromNamespaces::All => true,
            FromNamespaces::Same => namespace == own,
            FromNamespaces::None => false,
            FromNamespaces::Selector => self.selector.as_ref().is_some_and(|selector| {
                let labels = registry.namespaces.get(namespace).cloned();
                selector.matches(&with_name(labels.unwrap_or_default(), namespace))
            }),
        }
    }
}

/// Kubernetes labels every namespace with its name.
fn with_name(
    mut labels: std::collections::BTreeMap<String, String>,
    namespace: &str,
) -> std::collections::BTreeMap<String, String> {
    labels.insert("kubernetes.io/metadata.name".to_owned(), namespace.to_owned());
    labels
}

// === impl Context ===

impl Context<'_> {
    /// Tells whether HTTPRoutes of a namespace may refer to an object of another one.
    fn is_granted(&self, from: &str, group: &str, kind: &str, namespace: &str, name: &str) -> bool {
        let grants = self.resources.reference_grants.iter();
        grants
            .filter(|grant| grant.meta.namespace == namespace)
            .any(|grant| grants_from(grant, from) && grants_to(grant, group, kind, name))
    }
}

fn grants_from(grant: &Object<ReferenceGrant>, namespace: &str) -> bool {
    grant.spec.from.iter().any(|from| {
        from.group.as_deref() == Some(GROUP)
            && from.kind.as_deref() == Some("HTTPRoute")
            && from.namespace.as_deref() == Some(namespace)
    })
}

fn grants_to(grant: &Object<ReferenceGrant>, group: &str, kind: &str, name: &str) -> bool {
    grant.spec.to.iter().any(|to| {
        to.group.as_deref().unwrap_or_default() == group
            && to.kind.as_deref() == Some(kind)
            && to.name.as_deref().is_none_or(|granted| granted.is_empty() || granted == name)
    })
}
