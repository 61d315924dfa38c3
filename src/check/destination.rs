//! Names of destinations in expectations: `host`, `host/subset`, `host:port`, `host:port/subset`.
//!
//! A short host stands for the one service that its labels begin; a host that nothing in the mesh has is an
//! error, so that a typing mistake never looks like a share of 0.

use std::collections::BTreeSet;
use std::fmt;

use crate::config::decode::{Located, closest};
use crate::control_plane::clusters::ClusterName;
use crate::control_plane::rules::RuleSet;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::scenario::Base;

/// A destination as an expectation names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// The full host, or the whole name of a cluster of Envoy's own such as `PassthroughCluster`.
    pub(super) host: String,
    /// Port; `None` is any.
    pub(super) port: Option<u32>,
    /// Subset; `None` is any that no other name of the list stands for.
    pub(super) subset: Option<String>,
    /// As written.
    text: String,
}

/// The hosts that a destination can mean.
#[derive(Debug)]
pub(super) struct Hosts {
    known: BTreeSet<String>,
    suffix: String,
}

/// Clusters that stand for no service.
const OWN_CLUSTERS: [&str; 2] = ["PassthroughCluster", "BlackHoleCluster"];

// === impl Hosts ===

impl Hosts {
    /// Collects the services of the mesh and the hosts that rules lead to.
    pub(super) fn of(base: &Base) -> Self {
        let services = base.mesh.registry.services.iter().map(|service| service.hostname.clone());
        let led_to = base.mesh.rule_sets.iter().flat_map(|set: &RuleSet| {
            set.destinations(None).map(|(host, _)| host.to_owned()).collect::<Vec<_>>()
        });
        let known = services.chain(led_to).filter(|host| !host.is_empty()).collect();
        Self { known, suffix: format!(".svc.{}", base.mesh.config.domain) }
    }

    /// Resolves a name; a host that is unknown, or means several services, is reported.
    pub(super) fn resolve(
        &self,
        name: &Located<String>,
        problems: &mut Diagnostics,
    ) -> Option<Wanted> {
        let text = name.value.trim();
        let (address, subset) = match text.split_once('/') {
            Some((address, subset)) => (address, Some(subset.to_owned())),
            None => (text, None),
        };
        let (host, port) = match address.rsplit_once(':') {
            Some((host, digits)) => match digits.parse() {
                Ok(port) => (host, Some(port)),
                Err(_) => return refuse(name, problems),
            },
            None => (address, None),
        };
        if host.is_empty() || subset.as_deref() == Some("") {
            return refuse(name, problems);
        }
        let host = self.full(host, name, problems)?;
        Some(Wanted { host, port, subset, text: text.to_owned() })
    }

    fn full(
        &self,
        host: &str,
        name: &Located<String>,
        problems: &mut Diagnostics,
    ) -> Option<String> {
        if OWN_CLUSTERS.contains(&host) || self.known.contains(host) {
            return Some(host.to_owned());
        }
        let begins =
            |known: &&String| known.strip_prefix(host).is_some_and(|rest| rest.starts_with('.'));
        let found: Vec<&String> = self.known.iter().filter(begins).collect();
        match found[..] {
            [only] => Some(only.clone()),
            [] => {
                let message = format!("nothing in this mesh is called `{host}`");
                let mut problem = Diagnostic::error("unknown-host", name.place, message);
                let short = self.known.iter().map(|known| self.short(known, host));
                let short: BTreeSet<&str> = short.collect();
                problem = match closest(host, short.iter().copied()) {
                    Some(close) => problem.help(format!("did you mean `{close}`?")),
                    None => problem.help(format!("there are {}", first(&short))),
                };
                problems.push(problem);
                None
            }
            _ => {
                let names: Vec<&str> = found.iter().map(|found| found.as_str()).collect();
                let message = format!("`{host}` may be {}", names.join(" or "));
                let help = "write the namespace as well, e.g. `reviews.default`";
                problems.push(Diagnostic::error("ambiguous-host", name.place, message).help(help));
                None
            }
        }
    }

    /// The part of a known host that is as long as what was written: `mocka`, `mocka.default` or all of it.
    fn short<'k>(&self, known: &'k str, written: &str) -> &'k str {
        let Some(local) = known.strip_suffix(&self.suffix) else { return known };
        if written.contains('.') { local } else { local.split('.').next().unwrap_or(local) }
    }
}

fn refuse(name: &Located<String>, problems: &mut Diagnostics) -> Option<Wanted> {
    let message = format!("`{}` is no destination", name.value);
    let help = "write it as host, host/subset, host:port or host:port/subset";
    problems.push(Diagnostic::error("invalid-destination", name.place, message).help(help));
    None
}

/// At most twelve names.
fn first(names: &BTreeSet<&str>) -> String {
    let shown: Vec<&str> = names.iter().take(12).copied().collect();
    let more = if names.len() > 12 { " …" } else { "" };
    if shown.is_empty() { "none at all".to_owned() } else { format!("{}{more}", shown.join(", ")) }
}

// === impl Wanted ===

impl Wanted {
    /// Tells whether the name stands for a cluster, as far as it says.
    pub(super) fn fits(&self, cluster: &str) -> bool {
        let Some(name) = ClusterName::parse(cluster) else { return cluster == self.host };
        name.host == self.host
            && self.port.is_none_or(|port| port == name.port)
            && self.subset.as_ref().is_none_or(|subset| subset == name.subset)
    }

    /// How much the name says: of two names that fit, the one that says more stands for the cluster.
    pub(super) const fn precision(&self) -> u8 {
        self.subset.is_some() as u8 * 2 + self.port.is_some() as u8
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Prints a cluster as an expectation would name it: `mocka/v1`, with the namespace or the port where
/// that is asked for.
pub(super) fn label(cluster: &str, domain: &str, with_port: bool) -> String {
    let Some(name) = ClusterName::parse(cluster) else { return cluster.to_owned() };
    let suffix = format!(".svc.{domain}");
    let host = match name.host.strip_suffix(&suffix) {
        Some(local) => local.split('.').next().unwrap_or(local),
        None => name.host,
    };
    let port = if with_port { format!(":{}", name.port) } else { String::new() };
    let subset = if name.subset.is_empty() { String::new() } else { format!("/{}", name.subset) };
    format!("{host}{port}{subset}")
}
