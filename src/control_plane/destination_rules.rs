//! Which DestinationRule a client uses for a service, and how rules on one host merge.

use std::collections::{BTreeMap, BTreeSet};

use super::mesh_config::MeshConfig;
use super::names::{is_wildcard, most_specific, resolve_short_name};
use crate::config::istio::destination_rule::{DestinationRule, Subset, TrafficPolicy};
use crate::config::object::{Object, Timestamp};

/// Rules on one host that were folded into one.
#[derive(Clone, Debug, PartialEq)]
pub struct MergedRule {
    /// Namespace of the rules.
    pub namespace: String,
    /// Names of the rules, the first one first.
    pub from: Vec<String>,
    /// Subsets; the first definition of a name counts.
    pub subsets: Vec<Subset>,
    /// Policies of the whole service.
    pub policy: Option<TrafficPolicy>,
    /// Labels that a client must carry.
    pub selector: Option<BTreeMap<String, String>>,
    /// Audience as written; empty if nothing is written.
    audience: BTreeSet<String>,
}

/// Rules by host.
#[derive(Clone, Debug, Default)]
struct ByHost {
    exact: BTreeMap<String, Vec<MergedRule>>,
    wildcards: BTreeMap<String, Vec<MergedRule>>,
}

/// All DestinationRules, indexed for lookup.
#[derive(Clone, Debug, Default)]
pub struct DestinationRules {
    root_namespace: String,
    local: BTreeMap<String, ByHost>,
    exported: BTreeMap<String, ByHost>,
    root_private: ByHost,
}

// === impl DestinationRules ===

impl DestinationRules {
    /// Sorts and folds the rules; each of the three lists is built separately.
    #[must_use]
    pub fn build(objects: &[Object<DestinationRule>], mesh: &MeshConfig) -> Self {
        let mut rules = Self { root_namespace: mesh.root_namespace.clone(), ..Self::default() };
        let mut sorted: Vec<&Object<DestinationRule>> = objects.iter().collect();
        sorted.sort_by_key(|object| {
            let created = object.meta.created.unwrap_or(Timestamp::MAX);
            let general = object.spec.workload_selector.is_none();
            (general, created, object.meta.name.clone(), object.meta.namespace.clone())
        });
        for object in sorted {
            rules.add(object, mesh);
        }
        rules
    }

    fn add(&mut self, object: &Object<DestinationRule>, mesh: &MeshConfig) {
        let namespace = &object.meta.namespace;
        let Some(host) = &object.spec.host else { return };
        let host = resolve_short_name(&host.value, namespace, &mesh.domain);
        let rule = MergedRule::read(object);
        let audience = &rule.audience;
        let admits = |name: &str| audience.contains(name);
        if audience.is_empty() || admits("*") || admits(".") || admits(namespace) {
            self.local.entry(namespace.clone()).or_default().merge(&host, rule.clone());
        }
        let private = audience.len() == 1 && (admits(".") || admits(namespace));
        if !private {
            self.exported.entry(namespace.clone()).or_default().merge(&host, rule);
        } else if *namespace == self.root_namespace {
            self.root_private.merge(&host, rule);
        }
    }

    /// Returns the rules that a client namespace finds for a service: its own, else those of the service's
    /// namespace, else those of the root namespace.
    #[must_use]
    pub fn find(&self, client: &str, hostname: &str, namespace: &str) -> Vec<&MergedRule> {
        let own = if client == self.root_namespace {
            self.root_private.find(hostname)
        } else {
            self.local.get(client).and_then(|rules| rules.find(hostname))
        };
        if let Some(own) = own {
            return own.iter().collect();
        }
        for owner in [namespace, self.root_namespace.as_str()] {
            // the host is chosen before the audience is looked at.
            let rules = self.exported.get(owner).and_then(|rules| rules.find(hostname));
            let admitted: Vec<&MergedRule> = rules
                .into_iter()
                .flatten()
                .filter(|rule| {
                    let audience = &rule.audience;
                    audience.is_empty() || audience.contains("*") || audience.contains(client)
                })
                .collect();
            if !admitted.is_empty() {
                return admitted;
            }
        }
        Vec::new()
    }

    /// Returns the one rule that holds for a client.
    #[must_use]
    pub fn choose<'r>(
        found: &[&'r MergedRule],
        client: &str,
        labels: &BTreeMap<String, String>,
    ) -> Option<&'r MergedRule> {
        let selected = found.iter().find(|rule| {
            rule.namespace == client
                && rule.selector.as_ref().is_some_and(|selector| is_subset(selector, labels))
        });
        selected.or_else(|| found.iter().rev().find(|rule| rule.selector.is_none())).copied()
    }
}

/// Tells whether all of `part` is in `whole`.
#[must_use]
pub(super) fn is_subset(part: &BTreeMap<String, String>, whole: &BTreeMap<String, String>) -> bool {
    part.iter().all(|(key, value)| whole.get(key) == Some(value))
}

// === impl MergedRule ===

impl MergedRule {
    fn read(object: &Object<DestinationRule>) -> Self {
        let spec = &object.spec;
        let selector = spec
            .workload_selector
            .as_ref()
            .map(super::super::config::istio::destination_rule::MatchLabels::labels);
        let audience = if selector.is_some() {
            // a rule for some workloads never leaves its namespace.
            BTreeSet::from([".".to_owned()])
        } else {
            spec.export_to.iter().map(|entry| entry.value.clone()).collect()
        };
        Self {
            namespace: object.meta.namespace.clone(),
            from: vec![object.meta.name.clone()],
            subsets: spec.subsets.clone(),
            policy: spec.traffic_policy.clone(),
            selector,
            audience,
        }
    }

    /// Takes subsets with unseen names, and the policy if there is none yet.
    fn absorb(&mut self, later: &Self) {
        self.from.extend(later.from.iter().cloned());
        for subset in &later.subsets {
            let name = subset_name(subset);
            if !self.subsets.iter().any(|known| subset_name(known) == name) {
                self.subsets.push(subset.clone());
            }
        }
        if self.policy.is_none() {
            self.policy.clone_from(&later.policy);
        }
    }

    /// Returns a subset by name.
    #[must_use]
    pub fn subset(&self, name: &str) -> Option<&Subset> {
        self.subsets.iter().find(|subset| subset_name(subset) == name)
    }
}

/// Returns the name of a subset.
#[must_use]
pub(super) fn subset_name(subset: &Subset) -> &str {
    subset.name.as_ref().map_or("", |name| name.value.as_str())
}

// === impl ByHost ===

impl ByHost {
    /// a later rule is merged into every compatible entry; it stands alone unless the last entry it
    /// was compared with absorbed it for good.
    fn merge(&mut self, host: &str, rule: MergedRule) {
        let map = if is_wildcard(host) { &mut self.wildcards } else { &mut self.exact };
        let entries = map.entry(host.to_owned()).or_default();
        let mut alone = true;
        for entry in entries.iter_mut() {
            let same = rule.audience == entry.audience;
            alone = !same;
            let wider = !entry.audience.is_empty() && rule.audience.is_superset(&entry.audience);
            if !same && !wider {
                continue;
            }
            match (&rule.selector, &entry.selector) {
                (Some(a), Some(b)) if a != b => {
                    alone = true;
                    continue;
                }
                (Some(_), Some(_)) | (None, None) => alone = false,
                _ => {}
            }
            entry.absorb(&rule);
        }
        if alone {
            entries.push(rule);
        }
    }

    fn find(&self, hostname: &str) -> Option<&Vec<MergedRule>> {
        most_specific(hostname, &self.exact, &self.wildcards)
    }
}
