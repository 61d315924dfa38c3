//! IST0134, IST0177: ports of ServiceEntries.

use std::collections::{BTreeMap, BTreeSet};

use super::hosts::scopes;
use crate::config::istio::service_entry::{ServiceEntry, ServicePort};
use crate::config::object::Object;
use crate::control_plane::lint::{Finding, Subject, catalog, name_of};

/// ServiceEntries by (scope, host, port), each with its protocol.
type ByPort<'r> = BTreeMap<(String, &'r str, u32), Vec<(String, &'r Object<ServiceEntry>)>>;

/// Checks all ServiceEntries.
pub(super) fn findings(subject: &Subject<'_>) -> Vec<Finding> {
    let entries = &subject.resources.service_entries;
    let mut found: Vec<Finding> = entries.iter().flat_map(missing_addresses).collect();
    found.extend(conflicts(entries));
    found
}

/// A TCP port without an address of its own takes every connection to that port number.
fn missing_addresses(object: &Object<ServiceEntry>) -> Vec<Finding> {
    if !object.spec.addresses.is_empty() {
        return Vec::new();
    }
    let is_tcp = |port: &&ServicePort| {
        let protocol = protocol(port);
        protocol.is_empty() || protocol == "TCP"
    };
    let finding = |port: &ServicePort| {
        let number = port.number.as_ref().map_or(0, |number| number.value);
        let message = format!("port {number} is TCP and this ServiceEntry has no addresses");
        let help = "without `addresses` nothing tells its connections from others to that port";
        let code = &catalog::ADDRESSES_REQUIRED;
        Finding::new(code, name_of(object), port.place, message).help(help)
    };
    object.spec.ports.iter().filter(is_tcp).map(finding).collect()
}

fn protocol(port: &ServicePort) -> String {
    port.protocol.as_ref().map(|protocol| protocol.value.to_uppercase()).unwrap_or_default()
}

fn conflicts(entries: &[Object<ServiceEntry>]) -> Vec<Finding> {
    let mut index = ByPort::new();
    for object in entries {
        for scope in scopes(&object.spec.export_to, &object.meta.namespace) {
            for host in &object.spec.hosts {
                for port in &object.spec.ports {
                    let number = port.number.as_ref().map_or(0, |number| number.value);
                    let key = (scope.clone(), host.value.as_str(), number);
                    index.entry(key).or_default().push((protocol(port), object));
                }
            }
        }
    }
    let mut reported = BTreeSet::new();
    let mut found = Vec::new();
    for ((scope, host, number), own) in &index {
        let mut all = own.clone();
        if scope != "*" {
            let public = index.get(&("*".to_owned(), *host, *number));
            all.extend(public.into_iter().flatten().cloned());
        }
        let protocols: BTreeSet<&str> = all.iter().map(|(protocol, _)| protocol.as_str()).collect();
        if protocols.len() < 2 {
            continue;
        }
        let list: Vec<&str> = protocols.into_iter().collect();
        for (_, object) in &all {
            if reported.insert(object.meta.full_name()) {
                let message =
                    format!("port {number} of {host} is declared as {}", list.join(" and as "));
                let code = &catalog::CONFLICTING_ENTRIES;
                found.push(Finding::new(code, name_of(object), object.meta.place, message));
            }
        }
    }
    found
}
