//! Endpoints by place: fixed shares and failover priorities.

use std::collections::{BTreeMap, BTreeSet};

use super::super::registry::{RegistryEndpoint, Service};
use super::super::scope::Scope;
use super::policy::EffectivePolicy;
use super::{EndpointGroup, group};
use crate::config::decode::Located;
use crate::config::istio::destination_rule::{Distribute, Failover};
use crate::data_plane::{Cluster, Locality};

/// What decides about places, from whichever object says so first.
struct Setting<'r> {
    distribute: &'r [Distribute],
    failover: &'r [Failover],
    priority: Vec<String>,
    /// A traffic distribution forces failover without outlier detection.
    forced: bool,
}

/// Groups endpoints by place, all in priority 0.
pub(super) fn groups(endpoints: &[&RegistryEndpoint]) -> Vec<EndpointGroup> {
    let mut by_place: BTreeMap<&Locality, Vec<&RegistryEndpoint>> = BTreeMap::new();
    for endpoint in endpoints {
        by_place.entry(&endpoint.locality).or_default().push(endpoint);
    }
    by_place.into_iter().map(|(place, endpoints)| group(place, 0, &endpoints)).collect()
}

/// Applies the setting that holds for a cluster.
pub(super) fn apply(
    scope: &Scope<'_>,
    service: &Service,
    policy: &EffectivePolicy<'_>,
    cluster: &mut Cluster,
    endpoints: &[&RegistryEndpoint],
) {
    let Some(setting) = setting(scope, service, policy) else { return };
    let place = &scope.proxy.locality;
    if !setting.distribute.is_empty() {
        // the cluster is weighted for every client, whether its place is named or not.
        cluster.locality_weighted = true;
        distribute(place, setting.distribute, &mut cluster.groups);
        return;
    }
    if !(policy.outlier.is_some() || setting.forced) {
        return;
    }
    if !setting.priority.is_empty() {
        cluster.groups = by_labels(scope, &setting.priority, endpoints);
    }
    if setting.priority.is_empty() || !setting.failover.is_empty() {
        fail_over(place, setting.failover, &mut cluster.groups);
    }
    compact(&mut cluster.groups);
    // plain default failover is not weighted.
    cluster.locality_weighted =
        setting.forced || !setting.failover.is_empty() || !setting.priority.is_empty();
}

/// the rule, then the Service, then the mesh.
fn setting<'r>(
    scope: &Scope<'_>,
    service: &Service,
    policy: &EffectivePolicy<'r>,
) -> Option<Setting<'r>> {
    let texts = |list: &[Located<String>]| list.iter().map(|text| text.value.clone()).collect();
    if let Some(zone) = policy.balancer.and_then(|b| b.zone_aware_lb_setting.as_ref()) {
        return zone.enabled.unwrap_or(true).then(|| Setting {
            distribute: &[],
            failover: &zone.failover,
            priority: texts(&zone.failover_priority),
            forced: false,
        });
    }
    if let Some(locality) = policy.balancer.and_then(|b| b.locality_lb_setting.as_ref()) {
        return locality.enabled.unwrap_or(true).then(|| Setting {
            distribute: &locality.distribute,
            failover: &locality.failover,
            priority: texts(&locality.failover_priority),
            forced: false,
        });
    }
    if let Some(priority) = service.traffic_distribution.as_deref().and_then(distribution_labels) {
        return Some(Setting { distribute: &[], failover: &[], priority, forced: true });
    }
    let plain = Setting { distribute: &[], failover: &[], priority: Vec::new(), forced: false };
    scope.mesh.config.locality_balancing.then_some(plain)
}

/// The labels that a `trafficDistribution` orders endpoints by.
fn distribution_labels(text: &str) -> Option<Vec<String>> {
    const REGION: &str = "topology.kubernetes.io/region";
    const ZONE: &str = "topology.kubernetes.io/zone";
    let labels: &[&str] = match text.to_ascii_lowercase().as_str() {
        "preferclose" | "prefersamezone" => &[REGION, ZONE],
        "prefersamenode" => &[REGION, ZONE, "topology.istio.io/subzone", "kubernetes.io/hostname"],
        _ => return None,
    };
    Some(labels.iter().map(|label| (*label).to_owned()).collect())
}

/// the first entry for the client's place divides its shares; unnamed places lose their endpoints.
fn distribute(place: &Locality, entries: &[Distribute], groups: &mut Vec<EndpointGroup>) {
    let from = |entry: &&Distribute| {
        entry.from.as_ref().is_some_and(|from| matches_place(place, &from.value))
    };
    let Some(entry) = entries.iter().find(from) else { return };
    let mut named = BTreeSet::new();
    for (pattern, share) in entry.to.iter() {
        let fitting: Vec<usize> = (0..groups.len())
            .filter(|index| {
                !named.contains(index) && matches_place(&groups[*index].locality, &pattern.value)
            })
            .collect();
        let total: u64 = fitting.iter().map(|index| u64::from(groups[*index].weight)).sum();
        for index in fitting {
            named.insert(index);
            let weight = u64::from(groups[index].weight) * u64::from(share.value);
            let part = weight.div_ceil(total.max(1));
            groups[index].weight = u32::try_from(part).unwrap_or(u32::MAX);
        }
    }
    let mut index = 0;
    groups.retain(|_| {
        index += 1;
        named.contains(&(index - 1))
    });
}

/// Tells whether a place fits `region/zone/subzone`, where `*` and missing parts fit everything.
fn matches_place(place: &Locality, pattern: &str) -> bool {
    let parts = [&place.region, &place.zone, &place.subzone];
    let mut patterns = pattern.split('/');
    parts.into_iter().all(|part| patterns.next().is_none_or(|p| p == "*" || p == part))
}

/// nearer places first; a region that `failover` does not prefer comes last.
fn fail_over(place: &Locality, failover: &[Failover], groups: &mut [EndpointGroup]) {
    let own = failover
        .iter()
        .find(|entry| entry.from.as_ref().is_some_and(|from| from.value == place.region));
    for group in groups {
        let mut distance = distance(place, &group.locality);
        if distance == 3
            && own.is_some_and(|own| {
                own.to.as_ref().is_none_or(|to| to.value != group.locality.region)
            })
        {
            distance = 4;
        }
        // inside priorities that labels gave.
        group.priority = group.priority * 5 + distance;
    }
}

fn distance(a: &Locality, b: &Locality) -> u32 {
    if a.region != b.region {
        3
    } else if a.zone != b.zone {
        2
    } else {
        u32::from(a.subzone != b.subzone)
    }
}

/// the priority is the number of labels from the first mismatch on.
fn by_labels(
    scope: &Scope<'_>,
    labels: &[String],
    endpoints: &[&RegistryEndpoint],
) -> Vec<EndpointGroup> {
    let mut split: BTreeMap<(&Locality, usize), Vec<&RegistryEndpoint>> = BTreeMap::new();
    for endpoint in endpoints {
        let mismatch = labels.iter().position(|label| {
            let (name, wanted) = match label.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (label.as_str(), scope.proxy.labels.get(label).map(String::as_str)),
            };
            wanted.is_none() || endpoint.labels.get(name).map(String::as_str) != wanted
        });
        let priority = mismatch.map_or(0, |index| labels.len() - index);
        split.entry((&endpoint.locality, priority)).or_default().push(endpoint);
    }
    split
        .into_iter()
        .map(|((place, priority), endpoints)| {
            group(place, u32::try_from(priority).unwrap_or(u32::MAX), &endpoints)
        })
        .collect()
}

/// Priorities run from 0 without gaps.
fn compact(groups: &mut [EndpointGroup]) {
    let used: BTreeSet<u32> = groups.iter().map(|group| group.priority).collect();
    for group in groups.iter_mut() {
        let rank = used.iter().position(|priority| *priority == group.priority).unwrap_or(0);
        group.priority = u32::try_from(rank).unwrap_or(u32::MAX);
    }
    groups.sort_by(|a, b| (a.priority, &a.locality).cmp(&(b.priority, &b.locality)));
}
