//! Balancing by place and by zone.

use super::super::report::{Report as _, required};
use crate::config::decode::Located;
use crate::config::istio::destination_rule::{Distribute, Failover, LocalityBalancing, ZoneAware};
use crate::diagnostic::{Diagnostics, Place};

/// The labels that say where an endpoint is.
const TOPOLOGY: [&str; 3] =
    ["topology.kubernetes.io/region", "topology.kubernetes.io/zone", "topology.istio.io/subzone"];

/// In which order places are compared: a wildcard behind a place that it contains is no overlap to istiod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// As they are written.
    Written,
    /// A map has none, so istiod refuses such an overlap at one time and accepts it at another.
    Any,
}

/// Checks balancing by place.
pub(super) fn check(setting: &LocalityBalancing, has_outlier: bool, problems: &mut Diagnostics) {
    if let (Some(_), Some(failover)) = (setting.distribute.first(), setting.failover.first()) {
        let message = "`failover` cannot stand beside `distribute`";
        problems.refuse("exclusive-fields", failover.place, message);
    }
    if !setting.failover.is_empty() {
        for label in topology_labels(&setting.failover_priority) {
            let message = format!("`{}` cannot stand beside `failover`", label.value);
            problems.refuse("topology-priority", label.place, message);
        }
    }
    for distribute in &setting.distribute {
        check_shares(distribute, problems);
    }
    let mut callers = Vec::new();
    for distribute in &setting.distribute {
        let from = required(distribute.from.as_ref(), "from", distribute.place, problems);
        callers.extend(from.map(|from| (from.value.as_str(), from.place)));
    }
    check_places(&callers, Order::Written, problems);
    warn_without_outlier(&setting.failover, &setting.failover_priority, has_outlier, problems);
    check_failover(&setting.failover, problems);
}

/// Checks balancing by zone: regions come in order by themselves.
pub(super) fn check_zone_aware(setting: &ZoneAware, has_outlier: bool, problems: &mut Diagnostics) {
    for label in topology_labels(&setting.failover_priority) {
        let message = format!("`{}` is taken care of by the zones", label.value);
        problems.refuse_with("topology-priority", label.place, message, "remove it from the list");
    }
    warn_without_outlier(&setting.failover, &setting.failover_priority, has_outlier, problems);
    check_failover(&setting.failover, problems);
    if let Some(size) = setting.min_cluster_size.as_ref().filter(|size| size.value == 0) {
        problems.refuse("out-of-range", size.place, "the smallest cluster has at least 1 host");
    }
}

fn topology_labels(labels: &[Located<String>]) -> impl Iterator<Item = &Located<String>> {
    labels.iter().filter(|label| TOPOLOGY.contains(&label.value.as_str()))
}

/// each share is 1 to 100, all together are 100.
fn check_shares(distribute: &Distribute, problems: &mut Diagnostics) {
    for (_, share) in distribute.to.iter().filter(|(_, share)| !(1..=100).contains(&share.value)) {
        let message = format!("a share of {} is not between 1 and 100", share.value);
        problems.refuse("invalid-percentage", share.place, message);
    }
    let total: u64 = distribute.to.iter().map(|(_, share)| u64::from(share.value)).sum();
    if total != 100 {
        let message = format!("the shares of `to` sum to {total}, not to 100");
        let place = distribute.to.first().map_or(distribute.place, |(_, share)| share.place);
        problems.refuse("shares-not-100", place, message);
    }
    let places: Vec<(&str, Place)> =
        distribute.to.iter().map(|(place, _)| (place.value.as_str(), place.place)).collect();
    check_places(&places, Order::Any, problems);
}

/// Checks places `region/zone/subzone`: no empty part, `*` at the end only, none within another.
fn check_places(places: &[(&str, Place)], order: Order, problems: &mut Diagnostics) {
    for (index, (text, place)) in places.iter().enumerate() {
        let stars = text.matches('*').count();
        if stars > 1 || (stars == 1 && !text.ends_with('*')) {
            let message = format!("`{text}`: `*` may only stand at the end of a place");
            problems.refuse("invalid-locality", *place, message);
        }
        if parts(text).contains(&"") {
            let message = format!("`{text}` has an empty part");
            problems.refuse_with("invalid-locality", *place, message, "write region/zone/subzone");
        }
        let overlaps = |other: &str| {
            places_overlap(other, text) || (order == Order::Any && places_overlap(text, other))
        };
        let earlier = places[..index].iter().find(|(other, _)| overlaps(other));
        if let Some((other, _)) = earlier {
            let message = format!("`{text}` overlaps `{other}`");
            problems.refuse("overlapping-localities", *place, message);
        }
    }
}

/// The region, zone and subzone of a place; the last part keeps further slashes.
fn parts(text: &str) -> Vec<&str> {
    text.splitn(3, '/').collect()
}

/// Whether istiod sees an overlap between a place and a later one.
fn places_overlap(earlier: &str, later: &str) -> bool {
    let (earlier, later) = (parts(earlier), parts(later));
    if earlier[0] == "*" {
        return true;
    }
    // A place without zone covers its region; so does the zone `*`, which as a later place covers nothing
    // but itself.
    let covers = |depth: usize| earlier.get(depth).is_none_or(|part| *part == "*");
    if earlier[0] != later[0] {
        return false;
    }
    if later.len() == 1 || covers(1) {
        return true;
    }
    if earlier[1] != later[1] {
        return false;
    }
    later.len() == 2 || covers(2) || earlier[2] == later[2]
}

fn warn_without_outlier(
    failover: &[Failover],
    priority: &[Located<String>],
    has_outlier: bool,
    problems: &mut Diagnostics,
) {
    let first = failover.first().map(|entry| entry.place);
    let place = first.or_else(|| priority.first().map(|label| label.place));
    if let Some(place) = place.filter(|_| !has_outlier) {
        //
        problems.warn_with(
            "failover-without-outlier-detection",
            place,
            "without outlier detection there is no failover",
            "write `outlierDetection` in the same traffic policy",
        );
    }
}

fn check_failover(failover: &[Failover], problems: &mut Diagnostics) {
    for entry in failover {
        let text = |region: &Option<Located<String>>| {
            region.as_ref().map(|region| region.value.clone()).unwrap_or_default()
        };
        let (from, to) = (entry.from.as_ref(), entry.to.as_ref());
        if text(&entry.from) == text(&entry.to) {
            let place = to.or(from).map_or(entry.place, |region| region.place);
            problems.refuse("same-region", place, "a region cannot fail over to itself");
        }
        for region in [from, to].into_iter().flatten().filter(|r| r.value.contains(['/', '*'])) {
            let message = format!("`{}` is no region", region.value);
            problems.refuse_with(
                "invalid-locality",
                region.place,
                message,
                "a region alone, without zone and without `*`",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::places_overlap;

    #[test]
    fn places_overlap_as_istiod_sees_it() {
        for (earlier, later, expected) in [
            ("a", "a", true),
            ("a", "b", false),
            ("a", "a/b", true),
            ("a/b", "a", true),
            ("a/b", "a/b", true),
            ("a/b", "a/c", false),
            ("a/*", "a/b", true),
            ("a/b", "a/*", false),
            ("a/b/c", "a/b", true),
            ("a/b", "a/b/c", true),
            ("a/b/*", "a/b/c", true),
            ("a/b/c", "a/b/*", false),
            ("a/b/c", "a/b/d", false),
            ("*", "a", true),
            ("a", "*", false),
        ] {
            assert_eq!(places_overlap(earlier, later), expected, "{earlier} {later}");
        }
    }
}
