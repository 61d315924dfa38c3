//! References to gateways.

use super::super::hosts::{self, is_dns_label};
use super::super::report::Report as _;
use crate::config::decode::Located;
use crate::diagnostic::Diagnostics;

/// What happens to a gateway written as `name.namespace`: istiod loses the warning in some places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Legacy {
    /// It warns.
    Warned,
    /// Nothing.
    Silent,
}

/// Checks a list of gateways.
pub(super) fn check(names: &[Located<String>], legacy: Legacy, problems: &mut Diagnostics) {
    for name in names {
        let Some((namespace, gateway)) = name.value.split_once('/') else {
            check_plain(name, legacy, problems);
            // what stands behind the first name without a slash is not looked at.
            return;
        };
        for (part, what) in [(namespace, "namespace"), (gateway, "gateway")] {
            if !is_dns_label(part) {
                let message = format!("`{}`: `{part}` is no name of a {what}", name.value);
                let help = if part == "." {
                    "a gateway of the own namespace is written without namespace"
                } else {
                    "write `namespace/name`"
                };
                problems.refuse_with("invalid-gateway", name.place, message, help);
            }
        }
    }
}

fn check_plain(name: &Located<String>, legacy: Legacy, problems: &mut Diagnostics) {
    let mut parts = name.value.split('.');
    if let (Some(gateway), Some(namespace)) = (parts.next(), parts.next())
        && legacy == Legacy::Warned
    {
        let message = format!("`{}` is the old way to name a gateway", name.value);
        let help = format!("write `{namespace}/{gateway}`");
        problems.warn_with("legacy-gateway", name.place, message, help);
    }
    if let Err(why) = hosts::domain(&name.value) {
        let message = format!("`{}` is no name of a gateway: {why}", name.value);
        problems.refuse("invalid-gateway", name.place, message);
    }
}
