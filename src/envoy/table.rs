//! Route tables: `envoy.config.route.v3.RouteConfiguration`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Options;
use super::message::Message;
use super::route::route;
use crate::data_plane::{RouteTable, VirtualHost};

/// The longest direct response that is let through, in bytes; Envoy's default is 4096.
const LONGEST_BODY: u32 = 1 << 20;

/// A route table as a part of a listener.
pub(super) fn route_configuration(table: &RouteTable, options: &Options) -> Value {
    let mut taken = BTreeSet::new();
    let mut names = BTreeSet::new();
    let hosts = table.virtual_hosts().iter().filter_map(|host| {
        let domains = own_domains(host, &mut taken);
        // Nothing leads to a virtual host without a domain, and Envoy refuses it.
        (!domains.is_empty()).then(|| virtual_host(host, domains, &mut names, options))
    });
    let hosts: Vec<Value> = hosts.collect();
    Message::new()
        .with("name", table.name())
        //
        .with("ignore_port_in_host_matching", true)
        // a destination may name a cluster that does not exist.
        .with("validate_clusters", false)
        .with("max_direct_response_body_size_bytes", LONGEST_BODY)
        .with_list("virtual_hosts", hosts)
        .into()
}

/// The domains that no earlier virtual host has: Envoy refuses a second one.
fn own_domains(host: &VirtualHost, taken: &mut BTreeSet<String>) -> Vec<Value> {
    let domains = host.domains.iter().map(|domain| domain.to_lowercase());
    domains.filter(|domain| taken.insert(domain.clone())).map(Value::from).collect()
}

fn virtual_host(
    host: &VirtualHost,
    domains: Vec<Value>,
    names: &mut BTreeSet<String>,
    options: &Options,
) -> Value {
    Message::new()
        .with("name", unique(&host.name, names))
        .with("domains", domains)
        .with_list("routes", host.routes.iter().map(|entry| route(entry, options)))
        .with_some("require_tls", host.https_redirect.then(|| json!("ALL")))
        .with("include_request_attempt_count", true)
        .into()
}

/// A name that no other virtual host of the table has.
fn unique(name: &str, names: &mut BTreeSet<String>) -> String {
    let mut candidate = name.to_owned();
    let mut count = 1_u32;
    while !names.insert(candidate.clone()) {
        count = count.saturating_add(1);
        candidate = format!("{name}#{count}");
    }
    candidate
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(name: &str, domains: &[&str]) -> VirtualHost {
        VirtualHost {
            name: name.to_owned(),
            domains: domains.iter().map(|domain| (*domain).to_owned()).collect(),
            ..VirtualHost::default()
        }
    }

    #[test]
    fn a_domain_stays_with_the_first_host_that_has_it() {
        let hosts =
            vec![host("a", &["A.test", "*"]), host("b", &["*"]), host("a", &["a.test", "b.test"])];
        let table = route_configuration(&RouteTable::new("80", hosts), &Options::default());
        let shown: Vec<_> = table["virtual_hosts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|host| (host["name"].clone(), host["domains"].clone()))
            .collect();
        let expected = [(json!("a"), json!(["a.test", "*"])), (json!("a#2"), json!(["b.test"]))];
        assert_eq!(shown, expected);
    }
}
