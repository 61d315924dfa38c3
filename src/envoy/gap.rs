//! What a configuration of Envoy leaves out of given tables and clusters.

use std::fmt;

use super::Listener;
use super::route::redirect_code;
use crate::data_plane::{Cluster, Discovery, Edge, Route, RouteAction};

/// Something that the printed configuration does not do as lanecast does.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// The listener and route, or the cluster.
    pub place: String,
    /// What is different there.
    pub what: &'static str,
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

/// Lists everything in tables and clusters that [`super::bootstrap`] cannot tell Envoy, in order.
#[must_use]
pub fn gaps(listeners: &[Listener<'_>], clusters: &[Cluster]) -> Vec<Gap> {
    let mut gaps = Vec::new();
    for listener in listeners {
        if listener.edge == (Edge::Gateway { tls: true }) {
            gaps.push(Gap {
                place: format!("listener `{}`", listener.name),
                what: "TLS is not ended here; plain requests count as encrypted",
            });
        }
        for host in listener.table.virtual_hosts() {
            for route in &host.routes {
                let place = || {
                    let (listener, host, route) = (listener.name, &host.name, &route.name);
                    format!("listener `{listener}`, host `{host}`, route `{route}`")
                };
                gaps.extend(of_route(route).map(|what| Gap { place: place(), what }));
            }
        }
    }
    for cluster in clusters {
        if cluster.discovery == Discovery::OriginalDestination {
            gaps.push(Gap {
                place: format!("cluster `{}`", cluster.name),
                what: "it dials the original address, which only redirected connections have",
            });
        }
    }
    gaps
}

fn of_route(route: &Route) -> impl Iterator<Item = &'static str> + use<> {
    let mut found = Vec::new();
    if !route.matcher.claims.is_empty() {
        found.push("no filter reads tokens, so no request has a claim");
    }
    match &route.action {
        RouteAction::Redirect(redirect) if redirect_code(redirect.status).is_none() => {
            found.push("this status of a redirect is unknown to Envoy, 301 stands for it");
        }
        RouteAction::Direct(direct) if !(200..=599).contains(&direct.status) => {
            found.push("Envoy refuses this status of a direct response");
        }
        RouteAction::Forward(forward) => {
            let destinations = &forward.destinations;
            if destinations.iter().any(|one| subset(&one.cluster).starts_with('$')) {
                found.push("a subset placeholder is not filled in, the cluster does not exist");
            }
            if destinations.iter().any(|one| one.fallback.is_some()) {
                found.push("a fallback takes its share below 71 % healthy, not at 0 %");
            }
            if forward.total_weight() > u64::from(u32::MAX) {
                found.push("Envoy refuses weights whose sum is above 2^32 - 1");
            }
        }
        RouteAction::Redirect(_) | RouteAction::Direct(_) => {}
    }
    found.into_iter()
}

/// The third part of a cluster's name.
fn subset(cluster: &str) -> &str {
    cluster.split('|').nth(2).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{forwarding_to, table};
    use super::*;
    use crate::data_plane::{DirectResponse, PathNormalization};

    fn whats(action: RouteAction) -> Vec<&'static str> {
        let table = table(action);
        let listener = Listener {
            name: "a",
            port: 80,
            table: &table,
            edge: Edge::Inside,
            path_normalization: PathNormalization::Base,
        };
        gaps(&[listener], &[]).into_iter().map(|gap| gap.what).collect()
    }

    #[test]
    fn a_placeholder_and_a_fallback_are_gaps_of_their_route() {
        assert_eq!(whats(forwarding_to("outbound|80|v1|a", None)), [] as [&str; 0]);
        assert_eq!(
            whats(forwarding_to("outbound|80|$lane|a", Some("outbound|80|v1|a"))),
            [
                "a subset placeholder is not filled in, the cluster does not exist",
                "a fallback takes its share below 71 % healthy, not at 0 %"
            ]
        );
    }

    #[test]
    fn a_gap_names_its_place() {
        let table = table(RouteAction::Direct(DirectResponse { status: 600, body: String::new() }));
        let listener = Listener {
            name: "a",
            port: 80,
            table: &table,
            edge: Edge::Gateway { tls: true },
            path_normalization: PathNormalization::Base,
        };
        let shown: Vec<String> = gaps(&[listener], &[Cluster::new("x", Discovery::Eds)])
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            shown,
            [
                "listener `a`: TLS is not ended here; plain requests count as encrypted",
                "listener `a`, host `h`, route `r`: Envoy refuses this status of a direct response"
            ]
        );
    }
}
