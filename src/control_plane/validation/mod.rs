//! What the API server's schemas and istiod's admission check say to single objects.
//!
//! [`check`] looks at every `VirtualService`, `DestinationRule`, Gateway, `ServiceEntry`, `WorkloadEntry`,
//! Sidecar and `HTTPRoute`, reports all problems with their places, and takes the refused ones out of the
//! load. Each kind has its file; what kinds share (hosts, labels, durations ...) has one of its own.
//!
//! # Model
//! Section 12a of the routing spec. What refuses an object there is an error here, what istiod warns about
//! is a warning, and no more: where istiod loses a warning, none is given. ASM's `fallback` and the subset
//! placeholder `$label` are legal (asm-lanes 2.5, 2.6).

mod addresses;
mod connection_pool;
mod destination;
mod destination_rule;
mod durations;
mod export;
mod gateway;
mod headers;
mod hosts;
mod http_route;
mod labels;
mod matching;
mod numbers;
mod ports;
mod report;
mod server_tls;
mod service_entry;
mod sidecar;
mod virtual_service;
mod workload_entry;

use crate::config::object::{Kind, Meta, Object};
use crate::config::resources::Resources;
use crate::control_plane::MeshConfig;
use crate::diagnostic::{Diagnostics, Place};
use report::Report as _;

/// Annotations that no user may write: istiod's own, and one that only authorization policies know.
const FORBIDDEN_ANNOTATIONS: [&str; 4] = [
    "istio.io/dry-run",
    "internal.istio.io/parents",
    "internal.istio.io/parent-namespace",
    "internal.istio.io/webhook-always-reject",
];

/// An object that is taken out.
type Refused = (Kind, String, Place);

/// Checks all objects and takes the refused ones out of `resources`; all problems of all of them are
/// reported. Objects with warnings stay.
///
/// No option of the mesh changes a verdict.
pub fn check(resources: &mut Resources, _mesh: &MeshConfig, problems: &mut Diagnostics) {
    let mut refused = Vec::new();
    each(&resources.virtual_services, virtual_service::check, &mut refused, problems);
    each(&resources.destination_rules, destination_rule::check, &mut refused, problems);
    each(&resources.gateways, gateway::check, &mut refused, problems);
    each(&resources.service_entries, service_entry::check, &mut refused, problems);
    each(&resources.workload_entries, workload_entry::check, &mut refused, problems);
    each(&resources.sidecars, sidecar::check, &mut refused, problems);
    each(&resources.http_routes, http_route::check, &mut refused, problems);
    for (kind, name, place) in refused {
        resources.drop_object(kind, &name);
        resources.refused.push((kind, name, place));
    }
}

fn each<S>(
    objects: &[Object<S>],
    check: impl Fn(&Object<S>, &mut Diagnostics),
    refused: &mut Vec<Refused>,
    problems: &mut Diagnostics,
) {
    for object in objects {
        let mut found = Diagnostics::new();
        if object.kind != Kind::HttpRoute {
            check_annotations(&object.meta, &mut found);
        }
        check(object, &mut found);
        if found.has_errors() {
            refused.push((object.kind, object.meta.full_name(), object.meta.place));
        }
        problems.append(found);
    }
}

fn check_annotations(meta: &Meta, problems: &mut Diagnostics) {
    for name in FORBIDDEN_ANNOTATIONS {
        if meta.annotations.contains_key(name) {
            let message = format!("the annotation `{name}` is not allowed on this object");
            problems.refuse_with("forbidden-annotation", meta.place, message, "remove it");
        }
    }
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
