//! Which rules and which weighted destinations the requests of the tests met.
//!
//! What counts is what stands in the user's files: an entry that several hosts or meshes share counts once,
//! what lane groups generate does not count, nor do destinations with weight 0 and the meshes of scenarios.

use std::collections::BTreeMap;

use super::decide::Outcome;
use crate::control_plane::clusters::ClusterName;
use crate::control_plane::rules::{Action, Rule};
use crate::data_plane::RouteSource;
use crate::diagnostic::{Place, Sources};
use crate::scenario::Base;
use crate::units::Share;

/// What the tests met of everything that they could meet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Rules by place.
    pub rules: Vec<Item>,
    /// Destinations with a weight by place.
    pub destinations: Vec<Item>,
}

/// A rule or a destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// `VirtualService ns/name http[0]`, with `→ host/subset` for a destination.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// Whether a request met it.
    pub met: bool,
}

/// The rules of a mesh by the source that routes name.
pub(super) struct RuleIndex<'m> {
    rules: BTreeMap<(&'m str, usize), Vec<&'m Rule>>,
}

/// Collects what requests meet, over all meshes.
#[derive(Default)]
pub(super) struct Collector {
    rules: BTreeMap<Key, Item>,
    destinations: BTreeMap<Key, Item>,
}

/// Name of the file, line, column: the same file may be read for several meshes.
type Key = (String, u32, u32);

// === impl RuleIndex ===

impl<'m> RuleIndex<'m> {
    pub(super) fn of(base: &'m Base) -> Self {
        let mut rules: BTreeMap<_, Vec<&Rule>> = BTreeMap::new();
        for rule in base.mesh.rule_sets.iter().flat_map(|set| &set.rules) {
            rules.entry((rule.source.object.as_str(), rule.source.rule)).or_default().push(rule);
        }
        Self { rules }
    }

    /// Returns the rule that a request met. Rules of one delegate share their source: the one that leads
    /// where the request goes is meant.
    pub(super) fn rule(&self, outcome: &Outcome) -> Option<&'m Rule> {
        let source = outcome.rule()?;
        let candidates = self.rules.get(&(source.object.as_str(), source.rule))?;
        let named = |rule: &&&Rule| rule.source.rule_name == source.rule_name;
        let mut fitting = candidates.iter().filter(named).filter(|rule| leads(rule, outcome));
        fitting.next().or_else(|| candidates.first()).copied()
    }
}

/// Tells whether a rule can be the one that decided: same action, same destinations.
fn leads(rule: &Rule, outcome: &Outcome) -> bool {
    match (&rule.action, outcome.forward()) {
        (Action::Route(list), Some(forward)) => {
            list.len() == forward.destinations.len()
                && list.iter().zip(&forward.destinations).all(|(wanted, found)| {
                    let wanted = &wanted.destination;
                    ClusterName::parse(&found.cluster)
                        .is_none_or(|name| name.host == wanted.host && name.subset == wanted.subset)
                })
        }
        (Action::Redirect(_), None) => outcome.redirect().is_some(),
        (Action::Direct { .. }, None) => outcome.direct().is_some(),
        _ => false,
    }
}

/// Prints the source of a rule: the object, the index of its entry, its name.
pub(super) fn rule_name(source: &RouteSource) -> String {
    let list = if source.object.starts_with("HTTPRoute") { "rules" } else { "http" };
    let name = match source.rule_name.as_str() {
        "" => String::new(),
        name => format!(" ({name})"),
    };
    format!("{} {list}[{}]{name}", source.object, source.rule)
}

// === impl Collector ===

impl Collector {
    /// Adds everything that requests could meet in a mesh.
    pub(super) fn add(&mut self, base: &Base, sources: &Sources) {
        let generated: Vec<String> = base
            .resources
            .virtual_services
            .iter()
            .filter(|object| object.meta.labels.contains_key("swimlane-group"))
            .map(|object| format!("VirtualService {}", object.meta.full_name()))
            .collect();
        for rule in base.mesh.rule_sets.iter().flat_map(|set| &set.rules) {
            if generated.contains(&rule.source.object) {
                continue;
            }
            let name = rule_name(&rule.source);
            let item = Item { name: name.clone(), place: rule.place, met: false };
            self.rules.entry(key(rule.place, sources)).or_insert(item);
            for (place, host) in weighted(rule).map(|(_, place, host)| (place, host)) {
                let item = Item { name: format!("{name} → {host}"), place, met: false };
                self.destinations.entry(key(place, sources)).or_insert(item);
            }
        }
    }

    /// Marks what a request met; `only` is the destination that was picked, if one was.
    pub(super) fn meet(&mut self, rule: Option<&Rule>, only: Option<usize>, sources: &Sources) {
        let Some(rule) = rule else { return };
        if let Some(item) = self.rules.get_mut(&key(rule.place, sources)) {
            item.met = true;
        }
        for (index, place, _) in weighted(rule) {
            if only.is_none_or(|only| only == index)
                && let Some(item) = self.destinations.get_mut(&key(place, sources))
            {
                item.met = true;
            }
        }
    }

    pub(super) fn finish(self) -> Coverage {
        Coverage {
            rules: self.rules.into_values().collect(),
            destinations: self.destinations.into_values().collect(),
        }
    }
}

fn key(place: Place, sources: &Sources) -> Key {
    let name = sources.get(place.source).map_or("", |source| source.name.as_str());
    (name.to_owned(), place.line, place.column)
}

/// The destinations of a rule that get requests: index, place, `host/subset`.
fn weighted(rule: &Rule) -> impl Iterator<Item = (usize, Place, String)> {
    let list = match &rule.action {
        Action::Route(list) => list.as_slice(),
        _ => &[],
    };
    let single = list.len() == 1;
    let counted = list.iter().enumerate().filter(move |(_, it)| single || it.weight > 0);
    counted.map(|(index, it)| {
        let destination = &it.destination;
        let subset = match destination.subset.as_str() {
            "" => String::new(),
            subset => format!("/{subset}"),
        };
        (index, destination.place, format!("{}{subset}", destination.host))
    })
}

// === impl Coverage ===

impl Coverage {
    /// Returns how many items were met, and how many there are.
    #[must_use]
    pub fn counts(items: &[Item]) -> (usize, usize) {
        (items.iter().filter(|item| item.met).count(), items.len())
    }

    /// Returns the share of rules and destinations, taken together, that were met; all of them if there is
    /// nothing to meet.
    #[must_use]
    pub fn share(&self) -> Share {
        let (rules, destinations) = (Self::counts(&self.rules), Self::counts(&self.destinations));
        let (met, all) = (rules.0 + destinations.0, rules.1 + destinations.1);
        let number = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        Share::new(number(met), number(all)).unwrap_or(Share::ONE)
    }

    /// Returns the items that no request met: rules first, then destinations.
    pub fn missed(&self) -> impl Iterator<Item = &Item> {
        self.rules.iter().chain(&self.destinations).filter(|item| !item.met)
    }
}
