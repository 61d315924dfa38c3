//! IST0002: fields that are deprecated or ignored.

use crate::control_plane::lint::{Finding, Subject, catalog, name_of};

/// Looks for `fault.delay.percent` and a Sidecar's `egressProxy`.
pub(super) fn findings(subject: &Subject<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for object in &subject.resources.virtual_services {
        let faults = object.spec.http.iter().filter_map(|rule| rule.fault.as_ref());
        let delays = faults.filter_map(|fault| fault.delay.as_ref()?.percent.as_ref());
        for percent in delays.filter(|percent| percent.value > 0) {
            let message = "`fault.delay.percent` is deprecated";
            let finding =
                Finding::new(&catalog::DEPRECATED, name_of(object), percent.place, message);
            found.push(finding.help("use `percentage: {value: ...}`"));
        }
    }
    for object in &subject.resources.sidecars {
        let policy = object.spec.outbound_traffic_policy.as_ref();
        if let Some(proxy) = policy.and_then(|policy| policy.egress_proxy.as_ref()) {
            let message = "`outboundTrafficPolicy.egressProxy` is deprecated";
            found.push(Finding::new(&catalog::DEPRECATED, name_of(object), proxy.place, message));
        }
    }
    found
}
