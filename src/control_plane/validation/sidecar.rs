//! Sidecar: listeners for what comes in and what goes out.

use std::collections::{BTreeMap, BTreeSet};

use super::addresses::{self, UNIX};
use super::hosts::{self, HostsOf};
use super::ports::{self, is_http, is_tls, protocol};
use super::report::{Report as _, filled, required};
use super::{connection_pool, destination, labels, server_tls};
use crate::config::decode::Located;
use crate::config::istio::gateway::{ServerTls, ServerTlsMode};
use crate::config::istio::sidecar::{
    CaptureMode, EgressListener, IngressListener, OutboundMode, OutboundTrafficPolicy, Sidecar,
    SidecarPort,
};
use crate::config::object::Object;
use crate::diagnostic::Diagnostics;

/// The most labels of a selector.
const MOST_LABELS: usize = 256;

/// Checks a Sidecar.
pub(super) fn check(object: &Object<Sidecar>, problems: &mut Diagnostics) {
    let (spec, namespace) = (&object.spec, object.meta.namespace.as_str());
    if let Some(selector) = &spec.workload_selector {
        labels::check_selector(selector.labels.written(), selector.place, MOST_LABELS, problems);
    }
    if spec.ingress.is_empty()
        && spec.egress.is_empty()
        && spec.outbound_traffic_policy.is_none()
        && spec.inbound_connection_pool.is_none()
    {
        problems.refuse_with(
            "empty-sidecar",
            spec.place,
            "this Sidecar says nothing",
            "write `egress` with the hosts that the workloads need",
        );
    }
    let mut numbers = BTreeSet::new();
    for listener in &spec.ingress {
        check_ingress(listener, &mut numbers, problems);
    }
    if let Some(pool) = &spec.inbound_connection_pool {
        connection_pool::check(pool, problems);
    }
    check_listeners(&spec.egress, problems);
    for listener in &spec.egress {
        check_hosts(listener, namespace, problems);
    }
    if let Some(policy) = &spec.outbound_traffic_policy {
        check_outbound(policy, problems);
    }
}

fn check_ingress(
    listener: &IngressListener,
    numbers: &mut BTreeSet<u32>,
    problems: &mut Diagnostics,
) {
    let Some(port) = required(listener.port.as_ref(), "port", listener.place, problems) else {
        return;
    };
    check_port(port, problems);
    if let Some(number) = required(port.number.as_ref(), "number", port.place, problems) {
        ports::check_number(number, problems);
        check_unique(number, numbers, problems);
    }
    if let Some(bind) = filled(listener.bind.as_ref()) {
        addresses::check_ip(bind, problems);
    }
    if let Some(endpoint) = &listener.default_endpoint {
        addresses::check_default_endpoint(endpoint, problems);
    }
    let protocol = port.protocol.as_ref().and_then(|name| protocol(&name.value));
    if let Some(tls) = &listener.tls {
        if !is_tls(protocol) {
            problems.refuse_with(
                "tls-without-tls-port",
                tls.place,
                "a listener with TLS settings needs a TLS port",
                "write the protocol HTTPS or TLS",
            );
        }
        check_ingress_tls(tls, problems);
    }
    let Some(pool) = &listener.connection_pool else { return };
    connection_pool::check(pool, problems);
    if let Some(http) = pool.http.as_ref().filter(|_| !is_http(protocol)) {
        problems.warn_with(
            "http-pool-without-http",
            http.place,
            "these settings have no effect: the port is not HTTP",
            "only `tcp` counts here",
        );
    }
}

fn check_port(port: &SidecarPort, problems: &mut Diagnostics) {
    ports::refuse_target_port(port.target_port.as_ref(), "Sidecar", problems);
    if let Some(name) = filled(port.name.as_ref()) {
        ports::check_name(name, problems);
    }
    if let Some(protocol) = &port.protocol {
        ports::check_protocol(protocol, problems);
    }
}

fn check_unique(number: &Located<u32>, known: &mut BTreeSet<u32>, problems: &mut Diagnostics) {
    if !known.insert(number.value) {
        let message = format!("there are two listeners on port {}", number.value);
        problems.refuse("duplicate-port", number.place, message);
    }
}

/// A sidecar takes certificates from files only.
fn check_ingress_tls(tls: &ServerTls, problems: &mut Diagnostics) {
    let fields = [
        ("subjectAltNames", tls.subject_alt_names.first().map(|name| name.place)),
        ("httpsRedirect", tls.https_redirect.then_some(tls.place)),
        ("credentialName", filled(tls.credential_name.as_ref()).map(|name| name.place)),
        ("credentialNames", tls.credential_names.first().map(|name| name.place)),
        ("tlsCertificates", tls.tls_certificates.first().map(|pair| pair.place)),
    ];
    for (name, place) in fields {
        if let Some(place) = place {
            let message = format!("a Sidecar does not support `{name}`");
            problems.refuse("unsupported-field", place, message);
        }
    }
    let mode = tls.mode.as_ref().filter(|mode| {
        matches!(mode.value, ServerTlsMode::IstioMutual | ServerTlsMode::AutoPassthrough)
    });
    if let Some(mode) = mode {
        problems.refuse_with(
            "unsupported-tls-mode",
            mode.place,
            "a Sidecar does not support this mode",
            "SIMPLE, MUTUAL, OPTIONAL_MUTUAL or PASSTHROUGH",
        );
    }
    server_tls::check(tls, problems);
}

/// at most one listener without port, and that the last.
fn check_listeners(egress: &[EgressListener], problems: &mut Diagnostics) {
    let (mut numbers, mut sockets) = (BTreeSet::new(), BTreeSet::new());
    for (index, listener) in egress.iter().enumerate() {
        let Some(port) = &listener.port else {
            if index + 1 < egress.len() {
                problems.refuse_with(
                    "catch-all-not-last",
                    listener.place,
                    "a listener without port stands for all other ports and must be the last",
                    "move it to the end; keep one of them",
                );
            }
            continue;
        };
        check_port(port, problems);
        match port.number.as_ref().filter(|number| number.value != 0) {
            Some(number) => {
                ports::check_number(number, problems);
                check_unique(number, &mut numbers, problems);
                if let Some(bind) = filled(listener.bind.as_ref()) {
                    addresses::check_ip(bind, problems);
                }
            }
            None => check_socket(listener, port, &mut sockets, problems),
        }
    }
}

/// Port 0 stands for a Unix socket.
fn check_socket<'l>(
    listener: &'l EgressListener,
    port: &SidecarPort,
    known: &mut BTreeSet<&'l str>,
    problems: &mut Diagnostics,
) {
    let bind = filled(listener.bind.as_ref());
    let place = bind.map_or(port.place, |bind| bind.place);
    if let Some(bind) = bind.filter(|bind| bind.value.starts_with(UNIX)) {
        addresses::check_socket(bind, problems);
    } else {
        problems.refuse_with(
            "port-of-socket",
            place,
            "a listener on port 0 binds to a Unix socket",
            "write the port number, or `bind: unix:///path`",
        );
    }
    if !known.insert(bind.map_or("", |bind| bind.value.as_str())) {
        problems.refuse("duplicate-socket", place, "there are two listeners at this socket");
    }
    if let Some(mode) = listener.capture_mode.as_ref().filter(|m| m.value == CaptureMode::Iptables)
    {
        problems.refuse_with(
            "capture-at-socket",
            mode.place,
            "traffic to a Unix socket cannot be captured",
            "DEFAULT or NONE",
        );
    }
}

fn check_hosts(listener: &EgressListener, namespace: &str, problems: &mut Diagnostics) {
    if listener.hosts.is_empty() {
        problems.refuse_with(
            "missing-field",
            listener.place,
            "a listener needs at least one host",
            "for all hosts of the own namespace write `./*`",
        );
    }
    // Hosts by namespace, exclusions aside.
    let mut known: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for entry in &listener.hosts {
        hosts::scoped(entry, HostsOf::Sidecar, problems);
        let parts = entry.value.split_once('/').filter(|(found, _)| !found.starts_with('~'));
        let Some((found, host)) = parts else { continue };
        let names = known.entry(if found == "." { namespace } else { found }).or_default();
        let repeated =
            names.contains(host) || names.contains("*") || (host == "*" && !names.is_empty());
        if repeated {
            let message =
                format!("`{}` is already among the hosts, or contains one of them", entry.value);
            problems.warn("duplicate-egress-host", entry.place, message);
        }
        names.insert(host);
    }
    let everything = known.get("*").is_some_and(|names| names.contains("*"));
    if everything && known.len() > 1 {
        let entry = listener.hosts.iter().find(|entry| entry.value == "*/*");
        problems.warn_with(
            "redundant-egress-hosts",
            entry.map_or(listener.place, |entry| entry.place),
            "`*/*` stands for all hosts; the others have no effect",
            "keep one or the other",
        );
    }
}

fn check_outbound(policy: &OutboundTrafficPolicy, problems: &mut Diagnostics) {
    let Some(proxy) = &policy.egress_proxy else { return };
    if policy.mode != Some(OutboundMode::AllowAny) {
        problems.refuse_with(
            "egress-proxy-without-any",
            proxy.place,
            "`egressProxy` goes with the mode ALLOW_ANY only",
            "write `mode: ALLOW_ANY`",
        );
    }
    destination::check(proxy, problems);
    if let Some(host) = &proxy.host
        && hosts::wildcard_domain(&host.value).is_ok()
        && host.value != "*"
    {
        hosts::report(host, hosts::domain(&host.value), problems);
    }
    required(proxy.port.as_ref(), "port", proxy.place, problems);
}

#[cfg(test)]
mod tests;
