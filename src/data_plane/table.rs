//! Route tables: which virtual host a Host header means, and which of its routes takes a request.
//!
//! # Invariants
//! - The virtual host is chosen once, by the host alone; a miss inside it is final (E-15, R-036).
//! - Inside it the first matching route wins, without any ranking (E-16, R-087).

use std::collections::BTreeMap;

use super::matcher::Mismatch;
use super::request::Request;
use super::rewrite::without_port;
use super::route::Route;

/// Routes that share host names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VirtualHost {
    /// Envoy's name of it, e.g. `reviews.default.svc.cluster.local:9080`.
    pub name: String,
    /// Lower-case host names, `*.suffix`, `prefix.*` or `*`.
    pub domains: Vec<String>,
    /// Routes in the order in which they are tried.
    pub routes: Vec<Route>,
    /// Whether every plain request is redirected to https before any route is tried.
    pub https_redirect: bool,
}

/// The virtual hosts of one listener, indexed by domain.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RouteTable {
    name: String,
    virtual_hosts: Vec<VirtualHost>,
    exact: BTreeMap<String, usize>,
    /// `*suffix` by descending length of the suffix.
    suffixes: Vec<(String, usize)>,
    /// `prefix*` by descending length of the prefix.
    prefixes: Vec<(String, usize)>,
    any: Option<usize>,
}

/// What a table makes of a request.
#[derive(Clone, Copy, Debug)]
pub enum Selection<'t> {
    /// No virtual host has the name.
    NoVirtualHost,
    /// The virtual host sends every plain request to https.
    HttpsRedirect(&'t VirtualHost),
    /// No route of the virtual host takes the request.
    NoRoute(&'t VirtualHost),
    /// This route takes it.
    Route(&'t VirtualHost, &'t Route),
}

// === impl RouteTable ===

impl RouteTable {
    /// Indexes virtual hosts; a domain that comes twice belongs to the first that has it.
    #[must_use]
    pub fn new(name: impl Into<String>, virtual_hosts: Vec<VirtualHost>) -> Self {
        let mut table = Self { name: name.into(), ..Self::default() };
        for (index, host) in virtual_hosts.iter().enumerate() {
            for domain in &host.domains {
                table.index(domain, index);
            }
        }
        // Stable: of equal lengths the first stays in front; equal texts never match twice anyway.
        table.suffixes.sort_by_key(|(suffix, _)| std::cmp::Reverse(suffix.len()));
        table.prefixes.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
        table.virtual_hosts = virtual_hosts;
        table
    }

    fn index(&mut self, domain: &str, index: usize) {
        let domain = domain.to_lowercase();
        if domain == "*" {
            self.any.get_or_insert(index);
        } else if let Some(suffix) = domain.strip_prefix('*') {
            self.suffixes.push((suffix.to_owned(), index));
        } else if let Some(prefix) = domain.strip_suffix('*') {
            self.prefixes.push((prefix.to_owned(), index));
        } else {
            self.exact.entry(domain).or_insert(index);
        }
    }

    /// Returns the name of the table, e.g. `9080` or `http.8080`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns all virtual hosts.
    #[must_use]
    pub fn virtual_hosts(&self) -> &[VirtualHost] {
        &self.virtual_hosts
    }

    /// Returns the virtual host of a Host header: the port is ignored, letter case too; exact
    /// name, then the longest `*suffix`, then the longest `prefix*`, then `*` (R-036, E-11, E-12).
    #[must_use]
    pub fn virtual_host(&self, authority: &str) -> Option<&VirtualHost> {
        let host = without_port(authority).to_lowercase();
        let wildcard = |list: &[(String, usize)], fits: fn(&str, &str) -> bool| {
            // The wildcard stands for at least one character (E-12).
            list.iter().find(|(part, _)| part.len() < host.len() && fits(&host, part)).map(|e| e.1)
        };
        let index = self
            .exact
            .get(&host)
            .copied()
            .or_else(|| wildcard(&self.suffixes, |host, suffix| host.ends_with(suffix)))
            .or_else(|| wildcard(&self.prefixes, |host, prefix| host.starts_with(prefix)))
            .or(self.any)?;
        self.virtual_hosts.get(index)
    }

    /// Chooses the virtual host and the first route that takes the request.
    #[must_use]
    pub fn select(&self, request: &Request) -> Selection<'_> {
        // `OPTIONS *` is answered 404 before any table is asked.
        if !request.path.starts_with('/') {
            return Selection::NoVirtualHost;
        }
        let Some(host) = self.virtual_host(&request.authority) else {
            return Selection::NoVirtualHost;
        };
        // the mark asks for X-Forwarded-Proto, which a gateway sets from the connection.
        let proto = request.headers.first("x-forwarded-proto").unwrap_or(&request.scheme);
        if host.https_redirect && proto != "https" {
            return Selection::HttpsRedirect(host);
        }
        match host.routes.iter().find(|route| route.matcher.matches(request)) {
            Some(route) => Selection::Route(host, route),
            None => Selection::NoRoute(host),
        }
    }
}

// === impl VirtualHost ===

impl VirtualHost {
    /// Returns every route that is tried for a request with the condition that fails, up to and with
    /// the route that matches.
    pub fn trials<'t>(
        &'t self,
        request: &'t Request,
    ) -> impl Iterator<Item = (&'t Route, Option<Mismatch<'t>>)> {
        let mut done = false;
        self.routes.iter().map_while(move |route| {
            if done {
                return None;
            }
            let mismatch = route.matcher.mismatch(request);
            done = mismatch.is_none();
            Some((route, mismatch))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::matcher::{PathMatcher, RouteMatcher};
    use super::super::route::{DirectResponse, RouteAction};
    use super::*;

    fn route(name: &str, prefix: &str) -> Route {
        Route {
            name: name.to_owned(),
            source: None,
            matcher: RouteMatcher::path(PathMatcher::Prefix {
                prefix: prefix.to_owned(),
                ignore_case: false,
            }),
            action: RouteAction::Direct(DirectResponse { status: 200, body: name.to_owned() }),
            fault: None,
            cors: None,
            response_ops: super::super::mutation::HeaderOps::default(),
        }
    }

    fn table() -> RouteTable {
        let host = |name: &str, domains: &[&str], routes: Vec<Route>| VirtualHost {
            name: name.to_owned(),
            domains: domains.iter().map(|domain| (*domain).to_owned()).collect(),
            routes,
            https_redirect: name == "secure",
        };
        RouteTable::new(
            "80",
            vec![
                host("exact", &["www.foo.com"], vec![route("a", "/a"), route("ab", "/ab")]),
                host("long", &["*.x.foo.com"], vec![]),
                host("short", &["*.foo.com", "api.*"], vec![]),
                host("secure", &["Secure.test"], vec![]),
                host("all", &["*", "www.foo.com"], vec![]),
            ],
        )
    }

    #[test]
    fn the_host_decides_exact_then_suffix_then_prefix_then_any() {
        for (host, expected) in [
            ("www.foo.com", "exact"),
            ("WWW.foo.com:8080", "exact"),
            ("a.x.foo.com", "long"),
            ("x.foo.com", "short"),
            ("api.foo.com", "short"),
            ("api.test", "short"),
            (".foo.com", "all"),
            ("api.", "all"),
            ("[::1]:80", "all"),
        ] {
            assert_eq!(table().virtual_host(host).unwrap().name, expected, "{host}");
        }
    }

    #[test]
    fn the_first_of_equal_routes_wins_and_a_miss_is_final() {
        let name = |path: &str| match table().select(&Request::get("www.foo.com", path)) {
            Selection::Route(_, route) => route.name.clone(),
            other => format!("{other:?}").chars().take(7).collect(),
        };
        assert_eq!(name("/abc"), "a");
        assert_eq!(name("/zzz"), "NoRoute");
    }

    #[test]
    fn a_redirecting_host_asks_no_route() {
        let table = table();
        let mut request = Request::get("secure.test", "/");
        assert!(matches!(table.select(&request), Selection::HttpsRedirect(_)));
        request.scheme = "https".to_owned();
        assert!(matches!(table.select(&request), Selection::NoRoute(_)));
    }

    #[test]
    fn trials_end_with_the_match() {
        let table = table();
        let request = Request::get("www.foo.com", "/ab");
        let host = table.virtual_host("www.foo.com").unwrap();
        let tried: Vec<_> =
            host.trials(&request).map(|(route, miss)| (&route.name, miss)).collect();
        assert_eq!(tried.len(), 1);
        assert!(tried[0].1.is_none());
    }
}
