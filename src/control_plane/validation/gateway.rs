//! Istio's Gateway: servers, their ports and hosts.

use std::collections::BTreeSet;

use super::addresses::{self, UNIX};
use super::hosts::{self, HostsOf, is_dns_label};
use super::ports::{self, is_http, is_tls, protocol};
use super::report::{Report as _, filled, required};
use super::server_tls;
use crate::config::decode::Located;
use crate::config::istio::gateway::{Gateway, Port, Server, ServerTls, ServerTlsMode};
use crate::config::object::Object;
use crate::diagnostic::Diagnostics;

/// Checks a Gateway.
pub(super) fn check(object: &Object<Gateway>, problems: &mut Diagnostics) {
    let spec = &object.spec;
    if !is_dns_label(&object.meta.name) {
        let message = format!("`{}` is no name of a Gateway", object.meta.name);
        problems.refuse_with("invalid-name", object.meta.place, message, "a name without dots");
    }
    if spec.servers.is_empty() {
        problems.refuse("no-servers", spec.place, "a Gateway needs at least one server");
    }
    let mut names = BTreeSet::new();
    for server in &spec.servers {
        check_server(server, problems);
        let port = server.port.as_ref();
        let name = port.and_then(|port| port.name.as_ref());
        if let Some(name) = name.filter(|name| !names.insert(name.value.as_str())) {
            let message = format!("two servers have a port named `{}`", name.value);
            let help = "port names are unique within a Gateway, also on the same number";
            problems.refuse_with("duplicate-port-name", name.place, message, help);
        }
    }
}

fn check_server(server: &Server, problems: &mut Diagnostics) {
    if server.hosts.is_empty() {
        problems.refuse_with(
            "missing-field",
            server.place,
            "a server needs at least one host",
            "for all hosts write `hosts: ['*']`",
        );
    }
    for host in &server.hosts {
        hosts::scoped(host, HostsOf::Gateway, problems);
    }
    let bind = filled(server.bind.as_ref());
    let at_socket = bind.is_some_and(|bind| bind.value.starts_with(UNIX));
    if let Some(port) = required(server.port.as_ref(), "port", server.place, problems) {
        check_port(port, at_socket, problems);
        check_transport(server, port, problems);
    }
    if let Some(bind) = bind {
        check_bind(bind, problems);
    }
    if let Some(tls) = &server.tls {
        server_tls::check(tls, problems);
    }
}

fn check_port(port: &Port, at_socket: bool, problems: &mut Diagnostics) {
    let name = required(port.name.as_ref(), "name", port.place, problems);
    if let Some(name) = name.filter(|name| name.value.is_empty()) {
        problems.refuse("empty-name", name.place, "a port needs a name");
    }
    if let Some(number) = required(port.number.as_ref(), "number", port.place, problems) {
        match (at_socket, number.value) {
            (true, 0) => {}
            (true, _) => {
                ports::check_number(number, problems);
                problems.refuse(
                    "port-of-socket",
                    number.place,
                    "a server at a Unix socket has port number 0",
                );
            }
            (false, _) => ports::check_number(number, problems),
        }
    }
    if let Some(name) = required(port.protocol.as_ref(), "protocol", port.place, problems) {
        if name.value.is_empty() {
            problems.refuse("unknown-protocol", name.place, "a server needs a protocol");
        }
        ports::check_protocol(name, problems);
    }
    ports::refuse_target_port(port.target_port.as_ref(), "Gateway", problems);
}

fn check_bind(bind: &Located<String>, problems: &mut Diagnostics) {
    if bind.value.starts_with(UNIX) {
        addresses::check_socket(bind, problems);
    } else {
        addresses::check_ip(bind, problems);
    }
}

/// TLS settings belong to TLS ports; an HTTP port may only redirect to one.
fn check_transport(server: &Server, port: &Port, problems: &mut Diagnostics) {
    let Some(name) = &port.protocol else { return };
    let protocol = protocol(&name.value);
    let Some(tls) = &server.tls else {
        if is_tls(protocol) {
            let message = format!("a server for {} needs `tls`", name.value);
            problems.refuse("missing-tls", server.place, message);
        }
        return;
    };
    if tls.https_redirect && !is_http(protocol) {
        problems.warn_with(
            "redirect-without-http",
            tls.place,
            "`httpsRedirect` has no effect here",
            "it belongs to a server whose protocol is HTTP",
        );
    }
    if is_tls(protocol) || protocol.is_none() || (is_http(protocol) && only_redirects(tls)) {
        return;
    }
    let message = format!("a server for {} cannot have TLS settings", name.value);
    let help = if is_http(protocol) {
        "only `httpsRedirect` may stand here; to serve TLS, write the protocol HTTPS"
    } else {
        "to serve TLS, write the protocol TLS or HTTPS"
    };
    problems.refuse_with("tls-without-tls-port", tls.place, message, help);
}

fn only_redirects(tls: &ServerTls) -> bool {
    let mode = server_tls::mode(tls);
    let files = [&tls.server_certificate, &tls.private_key, &tls.ca_certificates];
    matches!(mode, ServerTlsMode::Passthrough | ServerTlsMode::AutoPassthrough)
        && files.iter().all(|file| filled(file.as_ref()).is_none())
}

#[cfg(test)]
mod tests;
