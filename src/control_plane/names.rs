//! Host names as istiod compares them: short names, wildcards, specificity.

use std::cmp::Ordering;
use std::collections::BTreeMap;

/// Expands a short name: one without a dot, not `*` and not an address, belongs to the namespace of the
/// object that holds it.
#[must_use]
pub fn resolve_short_name(host: &str, namespace: &str, domain: &str) -> String {
    if host.contains('.') || host == "*" || host.is_empty() || is_address(host) {
        return host.to_owned();
    }
    format!("{host}.{namespace}.svc.{domain}")
}

/// Tells whether a text is an IPv4 or IPv6 address.
#[must_use]
pub(super) fn is_address(text: &str) -> bool {
    text.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>().is_ok()
}

/// Tells whether a host is a wildcard.
#[must_use]
pub fn is_wildcard(host: &str) -> bool {
    host.starts_with('*')
}

/// Tells whether two hosts overlap; either may be a wildcard.
#[must_use]
pub fn overlaps(a: &str, b: &str) -> bool {
    match (a.strip_prefix('*'), b.strip_prefix('*')) {
        (Some(a), Some(b)) => a.ends_with(b) || b.ends_with(a),
        (Some(a), None) => b.ends_with(a),
        (None, Some(b)) => a.ends_with(b),
        (None, None) => a == b,
    }
}

/// Tells whether every name that `inner` stands for is one of `outer`.
#[must_use]
pub fn is_within(inner: &str, outer: &str) -> bool {
    match (inner.strip_prefix('*'), outer.strip_prefix('*')) {
        (Some(inner), Some(outer)) => inner.ends_with(outer),
        (Some(_), None) => false,
        (None, Some(outer)) => inner.ends_with(outer),
        (None, None) => inner == outer,
    }
}

/// Orders hosts by specificity: names before wildcards, longer before shorter, then alphabetically
///
#[must_use]
pub(super) fn by_specificity(a: &str, b: &str) -> Ordering {
    let key = |host: &str| (is_wildcard(host), std::cmp::Reverse(host.len()));
    key(a).cmp(&key(b)).then_with(|| a.cmp(b))
}

/// Finds the entry whose host is the most specific one for `needle`.
#[must_use]
pub(super) fn most_specific<'m, V>(
    needle: &str,
    exact: &'m BTreeMap<String, V>,
    wildcards: &'m BTreeMap<String, V>,
) -> Option<&'m V> {
    let same = if is_wildcard(needle) { wildcards.get(needle) } else { exact.get(needle) };
    if same.is_some() {
        return same;
    }
    let suffix = needle.strip_prefix('*').unwrap_or(needle);
    let fitting = wildcards.iter().filter(|(host, _)| suffix.ends_with(&host[1..]));
    fitting.min_by(|a, b| by_specificity(a.0, b.0)).map(|(_, value)| value)
}

/// Every pair of a gateway's host and a rule's host, narrowed to the narrower of the two; in the order
/// of `hosts`.
#[must_use]
pub(super) fn intersection(hosts: &[String], others: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for host in hosts {
        for other in others {
            let narrower = if is_within(host, other) {
                host
            } else if is_within(other, host) {
                other
            } else {
                continue;
            };
            if !found.contains(narrower) {
                found.push(narrower.clone());
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_without_a_dot_are_short() {
        for (host, expected) in [
            ("reviews", "reviews.shop.svc.cluster.local"),
            ("reviews.prod", "reviews.prod"),
            ("*", "*"),
            ("10.0.0.1", "10.0.0.1"),
            ("::1", "::1"),
        ] {
            assert_eq!(resolve_short_name(host, "shop", "cluster.local"), expected);
        }
    }

    #[test]
    fn overlap_goes_both_ways_and_containment_one() {
        for (a, b, overlap, within) in [
            ("a.foo.com", "*.foo.com", true, true),
            ("*.foo.com", "a.foo.com", true, false),
            ("*.a.foo.com", "*.foo.com", true, true),
            ("*.foo.com", "*.a.foo.com", true, false),
            ("foo.com", "*.foo.com", false, false),
            ("foo.com", "*", true, true),
            ("*", "*", true, true),
            ("a", "b", false, false),
            ("*shop.com", "*.com", true, true),
        ] {
            assert_eq!((overlaps(a, b), is_within(a, b)), (overlap, within), "{a} {b}");
        }
    }

    #[test]
    fn the_most_specific_host_is_exact_or_the_longest_wildcard() {
        let map = |hosts: &[&str]| -> BTreeMap<String, String> {
            hosts.iter().map(|host| ((*host).to_owned(), (*host).to_owned())).collect()
        };
        let exact = map(&["a.b.c"]);
        let wildcards = map(&["*", "*.c", "*.b.c"]);
        for (needle, expected) in
            [("a.b.c", "a.b.c"), ("x.b.c", "*.b.c"), ("x.c", "*.c"), ("z", "*"), ("*.x.c", "*.c")]
        {
            assert_eq!(most_specific(needle, &exact, &wildcards).unwrap(), expected, "{needle}");
        }
        assert_eq!(most_specific("z", &exact, &map(&["*.c"])), None);
    }

    #[test]
    fn an_intersection_takes_the_narrower_of_each_pair() {
        let list = |hosts: &[&str]| hosts.iter().map(|h| (*h).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            intersection(&list(&["*.foo.com"]), &list(&["a.foo.com", "*"])),
            ["a.foo.com", "*.foo.com"]
        );
        assert_eq!(intersection(&list(&["foo.com"]), &list(&["*.foo.com"])), [""; 0]);
    }
}
