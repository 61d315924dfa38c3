//! One route table of a gateway.

use std::collections::BTreeMap;

use super::super::destination_rules::MergedRule;
use super::super::names::{by_specificity, intersection};
use super::super::registry::Service;
use super::super::routes::{KnownService, Lookup, RouteBuilder};
use super::super::scope::Scope;
use super::{Server, Table};
use crate::data_plane::{Route, RouteTable, VirtualHost};

/// The lookup of a gateway knows whole services; the rule's own namespace comes first.
struct GatewayLookup<'a, 'm> {
    scope: &'a Scope<'m>,
    rule_namespace: &'a str,
}

/// A virtual host while it is put together.
struct Draft {
    name: String,
    host: String,
    /// Which lists were appended, as (gateway, rule set): equal ones make hosts fold.
    lists: Vec<(usize, usize)>,
    routes: Vec<Route>,
    https_redirect: bool,
}

/// Routes by (gateway, rule set), built once per table.
type Built = BTreeMap<(usize, usize), Vec<Route>>;

/// Builds the table: servers in order, for each the rule sets of its gateway in candidate order.
pub(super) fn build(scope: &Scope<'_>, table: &Table) -> RouteTable {
    let mut drafts: Vec<Draft> = Vec::new();
    let mut built = Built::new();
    for (index, server) in &table.servers {
        add_server(scope, *index, server, &mut built, &mut drafts);
        add_redirects(server, &mut drafts);
    }
    if drafts.is_empty() {
        let port = table.servers.first().map_or(0, |(_, server)| server.number);
        let blackhole = VirtualHost {
            // everything is 404.
            name: format!("blackhole:{port}"),
            domains: vec!["*".to_owned()],
            routes: Vec::new(),
            https_redirect: false,
        };
        return RouteTable::new(table.name.clone(), vec![blackhole]);
    }
    RouteTable::new(table.name.clone(), fold(drafts))
}

fn add_server(
    scope: &Scope<'_>,
    index: usize,
    server: &Server,
    built: &mut Built,
    drafts: &mut Vec<Draft>,
) {
    let gateway = scope.mesh.gateways[index].full_name();
    for set_index in scope.mesh.rule_candidates(&scope.proxy.namespace, &gateway) {
        let set = &scope.mesh.rule_sets[set_index];
        // compared as written, lowered afterwards.
        let hosts = intersection(&server.hosts_for(&set.namespace), &set.hosts);
        if hosts.is_empty() {
            continue;
        }
        let key = (index, set_index);
        if let std::collections::btree_map::Entry::Vacant(e) = built.entry(key) {
            let lookup = GatewayLookup { scope, rule_namespace: &set.namespace };
            let builder = RouteBuilder {
                mesh: scope.mesh,
                proxy: &scope.proxy,
                port: server.number,
                gateway: &gateway,
                tls: server.tls.is_some(),
                drops_source_labels: false,
                lookup: &lookup,
            };
            let routes = builder.routes(set);
            // a server for which nothing survives is passed over, the next one tries again.
            if routes.is_empty() {
                continue;
            }
            e.insert(routes);
        }
        for host in hosts {
            append(drafts, &host.to_lowercase(), server, key, &built[&key]);
        }
    }
}

/// what merges is the equal lower-cased intersection host.
fn append(
    drafts: &mut Vec<Draft>,
    host: &str,
    server: &Server,
    key: (usize, usize),
    routes: &[Route],
) {
    if let Some(draft) = drafts.iter_mut().find(|draft| draft.host == host) {
        draft.lists.push(key);
        draft.routes.extend_from_slice(routes);
        draft.https_redirect |= server.redirects();
        return;
    }
    drafts.push(Draft {
        name: format!("{host}:{}", server.number),
        host: host.to_owned(),
        lists: vec![key],
        routes: routes.to_vec(),
        https_redirect: server.redirects(),
    });
}

/// a redirecting server marks its hosts, with or without rules.
fn add_redirects(server: &Server, drafts: &mut Vec<Draft>) {
    if !server.redirects() {
        return;
    }
    for host in &server.hosts {
        let host = host.to_lowercase();
        if let Some(draft) = drafts.iter_mut().find(|draft| draft.host == host) {
            draft.https_redirect = true;
            continue;
        }
        drafts.push(Draft {
            name: format!("{host}:{}", server.number),
            host,
            lists: Vec::new(),
            routes: Vec::new(),
            https_redirect: true,
        });
    }
}

/// hosts with the very same lists are one virtual host, named after the most specific of them;
/// catch-alls move to the end.
fn fold(mut drafts: Vec<Draft>) -> Vec<VirtualHost> {
    drafts.sort_by(|a, b| by_specificity(&a.host, &b.host));
    let mut kept: Vec<(Draft, Vec<String>)> = Vec::new();
    for draft in drafts {
        let same = kept.iter_mut().find(|(known, _)| {
            known.lists == draft.lists && known.https_redirect == draft.https_redirect
        });
        match same {
            Some((_, domains)) => domains.push(draft.host),
            None => {
                let domains = vec![draft.host.clone()];
                kept.push((draft, domains));
            }
        }
    }
    let finish = |(draft, domains): (Draft, Vec<String>)| {
        let (last, mut routes): (Vec<Route>, Vec<Route>) =
            draft.routes.into_iter().partition(|route| route.matcher.is_catch_all());
        routes.extend(last);
        VirtualHost { name: draft.name, domains, routes, https_redirect: draft.https_redirect }
    };
    kept.into_iter().map(finish).collect()
}

// === impl GatewayLookup ===

impl GatewayLookup<'_, '_> {
    /// the owner in the rule's namespace if the gateway may see it, else the gateway's own view.
    fn found(&self, host: &str) -> Option<KnownService<'_>> {
        let registry = &self.scope.mesh.registry;
        let own = registry.owner(host, self.rule_namespace).map(|id| &registry.services[id]);
        let visible = |service: &&Service| service.audience.admits(&self.scope.proxy.namespace);
        if let Some(service) = own.filter(visible) {
            let external_name = service.external_name.as_deref();
            return Some(KnownService { ports: &service.ports, external_name });
        }
        let (scoped, service) = self.scope.service(host)?;
        let external_name = service.external_name.as_deref();
        Some(KnownService { ports: &scoped.ports, external_name })
    }
}

impl Lookup for GatewayLookup<'_, '_> {
    fn service(&self, host: &str) -> Option<KnownService<'_>> {
        self.found(host)
    }

    fn destination_rule(&self, host: &str) -> Option<&MergedRule> {
        self.scope.destination_rule(host)
    }
}
