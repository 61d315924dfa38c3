//! The findings of Istio's analyzers that concern routing (12b of the routing spec).

mod claims;
mod conflicts;
mod deprecated;
mod destination_rules;
mod destinations;
mod gateway_servers;
mod gateways;
mod hosts;
mod labels;
pub(super) mod schema;
mod service_entries;
mod services;
mod sidecars;

use super::{Finding, Subject};

/// Runs all analyzers.
pub(super) fn all(subject: &Subject<'_>) -> Vec<Finding> {
    let analyzers: [fn(&Subject<'_>) -> Vec<Finding>; 11] = [
        claims::findings,
        conflicts::findings,
        deprecated::findings,
        destination_rules::findings,
        destinations::findings,
        gateway_servers::findings,
        gateways::findings,
        service_entries::findings,
        services::findings,
        services::workload_findings,
        sidecars::findings,
    ];
    analyzers.into_iter().flat_map(|analyzer| analyzer(subject)).collect()
}
