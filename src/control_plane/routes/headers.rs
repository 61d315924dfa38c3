//! Header operations as istiod orders them.

use super::Operations;
use crate::control_plane::rules::{HeaderOperations, Headers};
use crate::data_plane::{HeaderOps, Template};

/// Translates the operations of a rule or a destination.
pub(super) fn translate(written: Option<&Headers>) -> Operations {
    let Some(written) = written else { return Operations::default() };
    // set beats add.
    let authority = authority(&written.request.set)
        .or_else(|| authority(&written.request.add))
        .unwrap_or_default();
    Operations { request: block(&written.request), response: block(&written.response), authority }
}

fn authority(pairs: &[(String, String)]) -> Option<String> {
    let is_authority =
        |name: &str| name.eq_ignore_ascii_case(":authority") || name.eq_ignore_ascii_case("host");
    let found = pairs.iter().rev().find(|(name, _)| is_authority(name));
    found.map(|(_, value)| value.clone()).filter(|value| !value.is_empty())
}

fn block(written: &HeaderOperations) -> HeaderOps {
    let remove = written.remove.iter().filter(|name| !is_internal(name));
    HeaderOps {
        remove: remove.map(|name| name.to_ascii_lowercase()).collect(),
        set: sorted(&written.set),
        add: sorted(&written.add),
    }
}

/// in byte order of the spelling; R-123: internal names are dropped.
fn sorted(pairs: &[(String, String)]) -> Vec<(String, Template)> {
    let mut pairs: Vec<&(String, String)> =
        pairs.iter().filter(|(name, _)| !is_internal(name)).collect();
    pairs.sort_by(|a, b| a.0.cmp(&b.0));
    let template =
        |(name, value): &(String, String)| (name.to_ascii_lowercase(), Template::parse(value));
    pairs.into_iter().map(template).collect()
}

fn is_internal(name: &str) -> bool {
    name.starts_with(':') || name.eq_ignore_ascii_case("host")
}
