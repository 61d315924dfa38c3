//! The route tables of one proxy, by the ports that clients dial.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::control_plane::{Connection, Handling, ProxyKind, ProxyView};
use crate::data_plane::{Edge, RouteTable};
use crate::scenario::Entry;

/// A port that answers HTTP.
#[derive(Clone, Debug)]
pub(super) struct Port {
    /// Number.
    pub(super) number: u16,
    /// What it decides by.
    pub(super) table: Arc<RouteTable>,
    /// From which side it sees requests.
    pub(super) edge: Edge,
}

/// The ports of a proxy.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// In order of their numbers, at least one.
    pub(super) ports: Vec<Port>,
    /// Tables that have to share a port with another one, in plain sentences.
    pub(super) left_out: Vec<String>,
}

/// Finds the ports of a proxy that read HTTP.
///
/// # Errors
/// Why there is none, in plain words.
pub(super) fn find(
    view: &mut ProxyView<'_>,
    entry: &Entry,
    port: Option<u32>,
    host: Option<&str>,
) -> Result<Found, String> {
    if view.scope.proxy.kind == ProxyKind::Gateway {
        return of_gateway(view, entry.port, host);
    }
    let wanted = host.map(|host| {
        view.named_service(host).ok_or_else(|| format!("it knows no service `{host}`"))
    });
    let wanted = wanted.transpose()?;
    let mut tables: BTreeMap<u16, Vec<Port>> = BTreeMap::new();
    for (hostname, number) in service_ports(view) {
        let skipped = port.is_some_and(|port| port != u32::from(number))
            || wanted.as_ref().is_some_and(|wanted| *wanted != hostname);
        if skipped {
            continue;
        }
        if let Some(found) = ask(view, &hostname, number, false) {
            let list = tables.entry(number).or_default();
            if !list.iter().any(|known| known.table.name() == found.table.name()) {
                list.push(found);
            }
        }
    }
    if tables.is_empty() {
        return Err("no port that it listens on reads HTTP".to_owned());
    }
    Ok(one_per_port(tables))
}

/// Every port of every service that the proxy knows.
fn service_ports(view: &ProxyView<'_>) -> Vec<(String, u16)> {
    let services = view.scope.services.iter();
    let ports = services.flat_map(|(hostname, service)| {
        let numbers = service.ports.iter().filter_map(|port| u16::try_from(port.number).ok());
        numbers.map(|number| (hostname.clone(), number))
    });
    ports.collect()
}

/// Plain HTTP first, else TLS with the server name `host`.
fn of_gateway(view: &mut ProxyView<'_>, port: u32, host: Option<&str>) -> Result<Found, String> {
    let number = u16::try_from(port).map_err(|_| format!("{port} is no port"))?;
    let name = host.unwrap_or_default();
    let found = ask(view, name, number, false).or_else(|| ask(view, name, number, true));
    let found = found.ok_or_else(|| match host {
        None => format!(
            "port {port} has no HTTP server, or several that are told apart by server name: choose \
             one with --host"
        ),
        Some(host) => format!("port {port} has no HTTP server for `{host}`"),
    })?;
    Ok(Found { ports: vec![found], left_out: Vec::new() })
}

fn ask(view: &mut ProxyView<'_>, authority: &str, number: u16, tls: bool) -> Option<Port> {
    let connection = Connection { address: None, port: number.into(), authority, tls };
    match view.handle(&connection) {
        Handling::Http(table, edge) => Some(Port { number, table, edge }),
        Handling::Tcp(_) | Handling::NoListener => None,
    }
}

/// The mesh tells tables of a port apart by the dialled address, which is one and the same here: the
/// table that services share comes first.
fn one_per_port(tables: BTreeMap<u16, Vec<Port>>) -> Found {
    let mut found = Found::default();
    for (number, mut ports) in tables {
        let shared = ports.iter().position(|port| port.table.name() == number.to_string());
        let chosen = ports.remove(shared.unwrap_or(0));
        for other in ports {
            found.left_out.push(format!(
                "port {number}: table `{}` is printed, `{}` is not; choose with --host",
                chosen.table.name(),
                other.table.name()
            ));
        }
        found.ports.push(chosen);
    }
    found
}
