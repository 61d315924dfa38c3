//! Backends of HTTPRoutes: what they resolve to and how they break.

use super::Context;
use crate::config::gateway_api::BackendRef;
use crate::control_plane::rules::Destination;

/// What a backend resolves to.
pub(super) enum Backend {
    /// A destination; an empty host answers 500.
    Usable(Destination),
    /// A destination that does not resolve: kept by rules, left out by mirrors.
    Broken(Destination),
}

/// A mistake that invalidates the whole route.
pub(super) struct HardError;

/// API group of Istio's own kinds, among them `Hostname`.
const ISTIO: &str = "networking.istio.io";
/// API group of services of several clusters.
const MULTI_CLUSTER: &str = "multicluster.x-k8s.io";

/// Resolves a backend of a route in a namespace; grants count for gateway parents only.
pub(super) fn resolve(
    context: Context<'_>,
    backend: &BackendRef,
    own: &str,
    enforce_grants: bool,
) -> Result<Backend, HardError> {
    let group = backend.group.as_deref().unwrap_or("");
    let kind = backend.kind.as_deref().unwrap_or("Service");
    let name = backend.name.as_ref().map_or("", |name| name.value.as_str());
    let place = backend.name.as_ref().map_or(backend.place, |name| name.place);
    let unknown = || {
        Backend::Broken(Destination {
            host: String::new(),
            subset: String::new(),
            port: None,
            place,
        })
    };
    let written = backend.namespace.as_ref().map(|namespace| namespace.value.as_str());
    if let Some(other) = written.filter(|other| enforce_grants && *other != own)
        && !context.is_granted(own, group, kind, other, name)
    {
        return Ok(unknown());
    }
    let namespace = written.unwrap_or(own);
    let domain = &context.mesh.domain;
    let (host, exists) = match (group, kind) {
        ("", "Service") if name.contains('.') => return Err(HardError),
        ("", "Service") | (MULTI_CLUSTER, "ServiceImport") => {
            let services = &context.resources.services;
            let mut same = services.iter().map(|service| &service.meta);
            let exists = same.any(|meta| meta.name == name && meta.namespace == namespace);
            (format!("{name}.{namespace}.svc.{domain}"), exists)
        }
        (ISTIO, "Hostname") if written.is_some() => return Err(HardError),
        (ISTIO, "Hostname") => {
            let exists = context.registry.owner(name, namespace).is_some();
            (name.to_owned(), exists)
        }
        _ => return Ok(unknown()),
    };
    let Some(port) = &backend.port else { return Err(HardError) };
    let destination = Destination { host, subset: String::new(), port: Some(port.value), place };
    Ok(if exists { Backend::Usable(destination) } else { Backend::Broken(destination) })
}

/// Returns the weight of a backend, 1 if none is written.
pub(super) fn weight(backend: &BackendRef) -> u32 {
    backend.weight.as_ref().map_or(1, |weight| weight.value)
}
