//! `exportTo`.

use std::collections::BTreeSet;

use super::hosts::is_dns_label;
use super::report::Report as _;
use crate::config::decode::Located;
use crate::diagnostic::Diagnostics;

/// What kind of object is exported; the rules differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exported {
    /// A `VirtualService`, or a `DestinationRule` for all clients.
    Rule,
    /// A `DestinationRule` with `workloadSelector`.
    SelectingRule,
    /// A `ServiceEntry`: `~` hides it from everybody.
    Service,
}

/// Checks the entries of an object of a namespace.
pub(super) fn check(
    entries: &[Located<String>],
    namespace: &str,
    exported: Exported,
    problems: &mut Diagnostics,
) {
    let mut known = BTreeSet::new();
    for entry in entries {
        // `.` and the own namespace are the same entry.
        let name = if entry.value == "." { namespace } else { &entry.value };
        if known.contains(name) {
            let message = format!("`{}` is exported to twice", entry.value);
            problems.refuse("duplicate-export", entry.place, message);
        } else if name == "~" && exported != Exported::Service {
            problems.refuse_with(
                "invalid-export",
                entry.place,
                "only a ServiceEntry can be exported to nobody (`~`)",
                "`.` exports to the own namespace alone",
            );
        } else if name == "*" || name == "~" || is_dns_label(name) {
            known.insert(name);
        } else {
            let message = format!("`{}` is no namespace", entry.value);
            problems.refuse_with(
                "invalid-export",
                entry.place,
                message,
                "`*` for all, `.` for the own one, or the name of a namespace",
            );
        }
    }
    for (alone, meaning) in [("*", "all namespaces"), ("~", "nobody")] {
        if known.contains(alone) && entries.len() > 1 {
            let entry = entries.iter().find(|entry| entry.value == alone);
            let message = format!("`{alone}` exports to {meaning} and must stand alone");
            problems.extend(entry.map(|entry| {
                crate::diagnostic::Diagnostic::error("mixed-export", entry.place, message)
            }));
        }
    }
    if exported == Exported::SelectingRule {
        check_selecting(entries, &known, namespace, problems);
    }
}

/// a rule for selected clients stays in its namespace.
fn check_selecting(
    entries: &[Located<String>],
    known: &BTreeSet<&str>,
    namespace: &str,
    problems: &mut Diagnostics,
) {
    if known.is_empty() || (known.len() == 1 && known.contains(namespace)) {
        return;
    }
    let foreign = |entry: &&Located<String>| entry.value != "." && entry.value != namespace;
    for entry in entries.iter().filter(foreign) {
        problems.refuse_with(
            "selecting-rule-export",
            entry.place,
            "a DestinationRule with `workloadSelector` cannot leave its namespace",
            "write `.` alone, or remove `exportTo` or the selector",
        );
    }
}
