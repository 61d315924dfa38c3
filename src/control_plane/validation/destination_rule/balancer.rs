//! Load balancers.

use std::collections::BTreeSet;

use super::super::durations;
use super::super::numbers::check_share;
use super::super::report::{Report as _, exclusive, place_of, required};
use super::locality;
use crate::config::decode::Located;
use crate::config::istio::destination_rule::{
    ConsistentHash, HttpCookie, LoadBalancer, OutlierDetection, Warmup,
};
use crate::diagnostic::Diagnostics;

/// Maglev tables are smaller than this.
const MAGLEV_LIMIT: u64 = 5_000_011;

/// Checks a load balancer beside the outlier detection of the same policy.
pub(super) fn check(
    balancer: &LoadBalancer,
    outlier: Option<&OutlierDetection>,
    problems: &mut Diagnostics,
) {
    let hash = balancer.consistent_hash.as_ref();
    let kinds = [
        ("simple", place_of(balancer.simple.as_ref())),
        ("consistentHash", hash.map(|hash| hash.place)),
    ];
    exclusive(&kinds, problems);
    if let Some(hash) = hash {
        check_hash(hash, problems);
    }
    let by_place = balancer.locality_lb_setting.as_ref();
    let by_zone = balancer.zone_aware_lb_setting.as_ref();
    let settings = [
        ("localityLbSetting", by_place.map(|setting| setting.place)),
        ("zoneAwareLbSetting", by_zone.map(|setting| setting.place)),
    ];
    exclusive(&settings, problems);
    if let Some(setting) = by_place {
        locality::check(setting, outlier.is_some(), problems);
    }
    if let Some(setting) = by_zone {
        locality::check_zone_aware(setting, outlier.is_some(), problems);
    }
    durations::check_length(balancer.warmup_duration_secs.as_ref(), problems);
    if let Some(warmup) = &balancer.warmup {
        check_warmup(warmup, problems);
    }
}

fn check_hash(hash: &ConsistentHash, problems: &mut Diagnostics) {
    let cookie = hash.http_cookie.as_ref();
    let keys = [
        ("httpHeaderName", place_of(hash.http_header_name.as_ref())),
        ("httpCookie", cookie.map(|cookie| cookie.place)),
        ("useSourceIp", place_of(hash.use_source_ip.as_ref())),
        ("httpQueryParameterName", place_of(hash.http_query_parameter_name.as_ref())),
    ];
    exclusive(&keys, problems);
    let ring = hash.ring_hash.as_ref().map(|ring| ring.place);
    let maglev = hash.maglev.as_ref().map(|maglev| maglev.place);
    exclusive(&[("ringHash", ring), ("maglev", maglev)], problems);
    if let Some(cookie) = cookie {
        check_cookie(cookie, problems);
    }
    if let Some(size) = hash.minimum_ring_size.as_ref().filter(|size| size.value != 0) {
        problems.warn_with(
            "deprecated-field",
            size.place,
            "`minimumRingSize` is deprecated here",
            "write `ringHash: {minimumRingSize: ...}`",
        );
        if ring.or(maglev).is_some() {
            let message = "`minimumRingSize` cannot stand beside `ringHash` or `maglev`";
            problems.refuse("exclusive-fields", size.place, message);
        }
    }
    if let Some(maglev) = &hash.maglev {
        let size = required(maglev.table_size.as_ref(), "tableSize", maglev.place, problems);
        if let Some(size) = size {
            check_maglev(size, problems);
        }
    }
}

///
fn check_maglev(size: &Located<u64>, problems: &mut Diagnostics) {
    if size.value >= MAGLEV_LIMIT || !is_prime(size.value) {
        let message = format!("{} is no size for a Maglev table", size.value);
        let help = format!("a prime number below {MAGLEV_LIMIT}, such as 65537");
        problems.refuse_with("invalid-maglev-size", size.place, message, help);
    }
}

/// Envoy's test for small numbers; it takes 1 for a prime.
fn is_prime(number: u64) -> bool {
    let has_no_factor =
        || (3..).step_by(2).take_while(|f| f * f <= number).all(|f| !number.is_multiple_of(f));
    matches!(number, 1..=3) || (number % 2 == 1 && has_no_factor())
}

fn check_cookie(cookie: &HttpCookie, problems: &mut Diagnostics) {
    let name = required(cookie.name.as_ref(), "name", cookie.place, problems);
    if let Some(name) = name.filter(|name| name.value.is_empty()) {
        problems.refuse("empty-name", name.place, "a cookie needs a name");
    }
    if let Some(ttl) = &cookie.ttl {
        durations::read(ttl, problems);
    }
    let mut known = BTreeSet::new();
    for attribute in &cookie.attributes {
        let name = required(attribute.name.as_ref(), "name", attribute.place, problems);
        let Some(name) = name else { continue };
        if name.value.is_empty() {
            problems.refuse("empty-name", name.place, "an attribute needs a name");
        } else if !known.insert(name.value.as_str()) {
            let message = format!("there are two attributes `{}`", name.value);
            problems.refuse("duplicate-attribute", name.place, message);
        }
    }
}

fn check_warmup(warmup: &Warmup, problems: &mut Diagnostics) {
    required(warmup.duration.as_ref(), "duration", warmup.place, problems);
    durations::check(warmup.duration.as_ref(), problems);
    check_share(warmup.minimum_percent.as_ref(), problems);
    if let Some(aggression) = warmup.aggression.as_ref().filter(|number| number.value <= 0.0) {
        let message = format!("{} is not above 0", aggression.value);
        problems.refuse_with(
            "invalid-aggression",
            aggression.place,
            message,
            "1 is a straight ramp",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::is_prime;

    #[test]
    fn primes_are_those_of_envoy() {
        for (number, prime) in [
            (0, false),
            (1, true),
            (2, true),
            (3, true),
            (4, false),
            (9, false),
            (65_537, true),
            (65_536, false),
            (5_000_009, false),
            (4_999_999, true),
        ] {
            assert_eq!(is_prime(number), prime, "{number}");
        }
    }
}
