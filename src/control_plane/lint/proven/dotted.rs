//! `dotted-short-name` of VirtualServices: hosts such as `reviews.prod` that mean no service.

use super::super::undefined::dotted_name;
use super::super::{Finding, Outcome, catalog, is_generated, name_of};
use super::Material;
use super::reach::{proof, taken_by};
use crate::config::decode::Located;
use crate::config::istio::virtual_service::VirtualService;
use crate::config::object::Object;
use crate::control_plane::rules::MESH;
use crate::data_plane::Request;

/// Looks at the hosts of VirtualServices of the mesh.
pub(super) fn findings(material: &Material<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    let objects = &material.subject.resources.virtual_services;
    for object in objects.iter().filter(|object| !is_generated(&object.meta)) {
        let gateways = &object.spec.gateways;
        if !gateways.is_empty() && !gateways.iter().any(|gateway| gateway.value == MESH) {
            continue;
        }
        found.extend(object.spec.hosts.iter().filter_map(|host| check(material, object, host)));
    }
    found
}

fn check(
    material: &Material<'_>,
    object: &Object<VirtualService>,
    host: &Located<String>,
) -> Option<Finding> {
    let meant = dotted_name(material.subject.mesh, &host.value)?;
    let name = name_of(object);
    // Another host of the object may be the full one.
    if object.spec.hosts.iter().any(|other| other.value == meant) {
        return None;
    }
    let request = Request::get(meant.as_str(), "/");
    let sidecars = material.survey.asked.iter().filter(|asked| asked.is_sidecar());
    let asked = sidecars.into_iter().find(|asked| {
        let known = asked.table.virtual_host(&meant);
        let is_service = known.is_some_and(|known| known.domains.contains(&meant));
        is_service && asked.dialled.is_none()
    })?;
    let taken = taken_by(asked, &request);
    let by = taken.and_then(|route| route.source.as_ref());
    if by.is_some_and(|source| source.object == name) {
        return None;
    }
    let rule = by.map(super::rule_name);
    let text = match &rule {
        Some(rule) => format!("{rule} takes it, not {name}"),
        None if taken.is_some() => format!("the default route takes it, not {name}"),
        None => format!("{name} does not take it"),
    };
    let outcome = Outcome { rule, text, ..Outcome::default() };
    let message = format!("`{}` is no short form of {meant}", host.value);
    Some(
        Finding::new(&catalog::DOTTED_SHORT_NAME, name, host.place, message)
            .help(format!("write {meant}; only a name without a dot is expanded"))
            .proof(proof(asked, request, outcome)),
    )
}
