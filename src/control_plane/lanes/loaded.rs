//! What was loaded besides the lanes: Services, and objects that ASM has generated already.

use super::super::mesh_config::MeshConfig;
use super::super::names::resolve_short_name;
use super::super::rules::{Context, MESH};
use super::group::{GroupService, LaneGroup};
use crate::config::istio::destination_rule::DestinationRule;
use crate::config::istio::virtual_service::VirtualService;
use crate::config::kubernetes::Service;
use crate::config::object::{Meta, Object};
use crate::config::resources::Resources;

/// Label that ties lanes and generated objects to their group.
pub(super) const GROUP_LABEL: &str = "swimlane-group";

/// The objects of a load and the options that names are resolved with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Loaded<'r> {
    /// All objects.
    pub resources: &'r Resources,
    /// Domain and root namespace.
    pub mesh: &'r MeshConfig,
}

/// Tells whether ASM generated an object for a group (asm-lanes 2.4).
pub(super) fn is_generated_for(meta: &Meta, group: &str) -> bool {
    is_generated(meta) && meta.labels.get(GROUP_LABEL).is_some_and(|label| label == group)
}

/// Tells whether ASM generated an object for any group.
pub(super) fn is_generated(meta: &Meta) -> bool {
    let has = |label: &str, value: &str| meta.labels.get(label).is_some_and(|found| found == value);
    meta.labels.contains_key(GROUP_LABEL) && (has("asm-system", "true") || has("provider", "asm"))
}

// === impl Loaded ===

impl<'r> Loaded<'r> {
    /// Returns the Service object of a name.
    pub(super) fn service(self, name: &str, namespace: &str) -> Option<&'r Object<Service>> {
        let mut services = self.resources.services.iter();
        services.find(|service| service.meta.name == name && service.meta.namespace == namespace)
    }

    /// Tells whether a Service or a `ServiceEntry` has the hostname.
    pub(super) fn defines(self, service: &GroupService) -> bool {
        let mut entries = self.resources.service_entries.iter();
        self.service(&service.name, &service.namespace).is_some()
            || entries.any(|entry| entry.spec.hosts.iter().any(|h| h.value == service.hostname))
    }

    /// Tells whether any generated object of a group was loaded.
    pub(super) fn has_generated(self, group: &str) -> bool {
        let resources = self.resources;
        let rules = resources.virtual_services.iter().map(|object| &object.meta);
        let subsets = resources.destination_rules.iter().map(|object| &object.meta);
        let labels = resources.traffic_labels.iter().map(|object| &object.meta);
        rules.chain(subsets).chain(labels).any(|meta| is_generated_for(meta, group))
    }

    /// Tells whether a `VirtualService` has an exact host and rules for the mesh.
    pub(super) fn is_for(self, object: &Object<VirtualService>, hostname: &str) -> bool {
        let (spec, namespace) = (&object.spec, &object.meta.namespace);
        let in_mesh = spec.gateways.is_empty() || spec.gateways.iter().any(|g| g.value == MESH);
        let mut hosts = spec.hosts.iter();
        in_mesh && hosts.any(|host| self.hostname(&host.value, namespace) == hostname)
    }

    /// Tells whether a `VirtualService` is bound to a gateway, `namespace/name`.
    pub(super) fn is_at(self, object: &Object<VirtualService>, gateway: &str) -> bool {
        let context = Context { namespace: &object.meta.namespace, domain: &self.mesh.domain };
        object.spec.gateways.iter().any(|bound| context.gateway(&bound.value) == gateway)
    }

    /// Tells whether a `DestinationRule` is for a hostname.
    pub(super) fn is_about(self, object: &Object<DestinationRule>, hostname: &str) -> bool {
        let host = object.spec.host.as_ref();
        host.is_some_and(|host| self.hostname(&host.value, &object.meta.namespace) == hostname)
    }

    /// Tells whether the subsets of a service need not be generated.
    pub(super) fn has_subsets(self, group: &LaneGroup, service: &GroupService, name: &str) -> bool {
        self.resources.destination_rules.iter().any(|object| {
            let generated = is_generated_for(&object.meta, &group.name);
            self.is_named(&object.meta, name)
                || generated && self.is_about(object, &service.hostname)
        })
    }

    /// Tells whether the rules of a service need not be generated.
    pub(super) fn has_rules(self, group: &LaneGroup, service: &GroupService, name: &str) -> bool {
        self.resources.virtual_services.iter().any(|object| {
            let generated = is_generated_for(&object.meta, &group.name);
            self.is_named(&object.meta, name) || generated && self.is_for(object, &service.hostname)
        })
    }

    /// Tells whether the labels of a service need not be generated.
    pub(super) fn has_labels(self, group: &LaneGroup, service: &GroupService, name: &str) -> bool {
        self.resources.traffic_labels.iter().any(|object| {
            let selector = object.spec.workload_selector.as_ref();
            let selected = selector.is_none_or(|selector| *selector.labels == service.selector);
            let generated = is_generated_for(&object.meta, &group.name) && selected;
            object.meta.namespace == service.namespace && (object.meta.name == name || generated)
        })
    }

    /// An object of the root namespace that has the name of a generated one stands in its place.
    fn is_named(self, meta: &Meta, name: &str) -> bool {
        meta.name == name && meta.namespace == self.mesh.root_namespace
    }

    /// Returns the full name of a host as an object of a namespace means it.
    pub(super) fn hostname(self, host: &str, namespace: &str) -> String {
        resolve_short_name(host, namespace, &self.mesh.domain)
    }
}
