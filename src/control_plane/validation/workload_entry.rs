//! `WorkloadEntry`: an instance that is no pod, also as an endpoint of a `ServiceEntry`.

use std::collections::BTreeSet;

use super::addresses::{UNIX, check_socket, is_ip};
use super::report::{Report as _, at_most, at_most_entries, filled};
use super::{hosts, labels, ports};
use crate::config::decode::Located;
use crate::config::istio::service_entry::WorkloadEntry;
use crate::config::object::Object;
use crate::diagnostic::Diagnostics;

/// Names of ports that endpoints may override.
pub(super) type PortNames<'p> = BTreeSet<&'p str>;

/// Port names are shorter than this in the schema; the admission check allows one more character.
const PORT_NAME_LIMIT: usize = 63;

/// Checks a `WorkloadEntry`.
pub(super) fn check(object: &Object<WorkloadEntry>, problems: &mut Diagnostics) {
    let spec = &object.spec;
    check_schema(spec, problems);
    check_instance(spec, None, problems);
}

/// Checks an endpoint of a `ServiceEntry` whose addresses are fixed.
pub(super) fn check_static(
    endpoint: &WorkloadEntry,
    names: &PortNames<'_>,
    problems: &mut Diagnostics,
) {
    check_instance(endpoint, Some(names), problems);
}

/// Checks an endpoint of a `ServiceEntry` whose addresses are looked up.
pub(super) fn check_named(
    endpoint: &WorkloadEntry,
    names: &PortNames<'_>,
    problems: &mut Diagnostics,
) {
    match &endpoint.address {
        Some(address) => check_name_or_ip(address, problems),
        None => problems.refuse("missing-field", endpoint.place, "an endpoint needs an `address`"),
    }
    check_ports(endpoint, Some(names), problems);
    labels::check(endpoint.labels.written(), problems);
}

/// What the schema says of an instance wherever it stands.
pub(super) fn check_schema(entry: &WorkloadEntry, problems: &mut Diagnostics) {
    if entry.address.is_none() && entry.network.is_none() {
        problems.refuse("missing-field", entry.place, "an instance needs an `address`");
    }
    for (text, most) in [
        (&entry.address, 256),
        (&entry.network, 2048),
        (&entry.locality, 2048),
        (&entry.service_account, 253),
    ] {
        if let Some(text) = text {
            at_most(text, most, problems);
        }
    }
    at_most_entries(entry.labels.written().len(), 256, entry.place, problems);
    at_most_entries(entry.ports.len(), 128, entry.place, problems);
    for (name, _) in entry.ports.iter().filter(|(name, _)| name.value.len() >= PORT_NAME_LIMIT) {
        at_most(name, PORT_NAME_LIMIT - 1, problems);
    }
    let Some(address) = entry.address.as_ref().filter(|a| a.value.starts_with(UNIX)) else {
        return;
    };
    check_socket(address, problems);
    if address.value.starts_with("unix://@") && address.value.ends_with('/') {
        problems.refuse("invalid-socket", address.place, "a socket is no folder");
    }
    if let Some(place) = entry.written_ports.0 {
        problems.refuse("exclusive-fields", place, "a Unix socket has no `ports`");
    }
}

/// The admission check; `names` are the ports of the `ServiceEntry` around it.
fn check_instance(
    entry: &WorkloadEntry,
    names: Option<&PortNames<'_>>,
    problems: &mut Diagnostics,
) {
    match filled(entry.address.as_ref()) {
        None => check_without_address(entry, problems),
        Some(address) if address.value.starts_with(UNIX) => {
            if names.is_some_and(|names| names.len() != 1) {
                problems.refuse(
                    "socket-with-ports",
                    address.place,
                    "a Unix socket serves a ServiceEntry of exactly one port",
                );
            }
        }
        Some(address) if names.is_none() => check_name_or_ip(address, problems),
        Some(address) if !is_ip(&address.value) => {
            let message = format!("`{}` is no IP address", address.value);
            let help = "with `resolution: STATIC` addresses are fixed; to look up names, write DNS";
            problems.refuse_with("invalid-address", address.place, message, help);
        }
        Some(_) => {}
    }
    check_ports(entry, names, problems);
    labels::check(entry.labels.written(), problems);
}

fn check_without_address(entry: &WorkloadEntry, problems: &mut Diagnostics) {
    let Some(network) = filled(entry.network.as_ref()) else {
        problems.refuse("missing-field", entry.place, "an instance needs an `address`");
        return;
    };
    let message = format!("the instance in network `{}` has no address", network.value);
    problems.warn("no-address", network.place, message);
}

fn check_name_or_ip(address: &Located<String>, problems: &mut Diagnostics) {
    if is_ip(&address.value) {
        return;
    }
    if let Err(why) = hosts::domain(&address.value) {
        let message =
            format!("`{}` is neither an IP address nor a host name: {why}", address.value);
        problems.refuse("invalid-address", address.place, message);
    }
}

fn check_ports(entry: &WorkloadEntry, names: Option<&PortNames<'_>>, problems: &mut Diagnostics) {
    for (name, number) in entry.ports.iter() {
        if names.is_some_and(|names| !names.contains(name.value.as_str())) {
            let message = format!("the ServiceEntry has no port `{}`", name.value);
            problems.refuse("unknown-port", name.place, message);
        }
        ports::check_name(name, problems);
        ports::check_number(number, problems);
    }
}

#[cfg(test)]
mod tests;
