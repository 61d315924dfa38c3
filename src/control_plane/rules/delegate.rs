//! Delegates: rules of one VirtualService in the place of an entry of another.

use std::collections::BTreeMap;

use super::{Action, Match, Mirrors, Rule, RuleSet, TextMatch};

/// Puts delegates into their roots; sets without hosts never stand alone.
pub(super) fn merge(sets: Vec<RuleSet>) -> Vec<RuleSet> {
    let (delegates, roots): (Vec<_>, Vec<_>) =
        sets.into_iter().partition(|set| set.hosts.is_empty());
    let delegates: BTreeMap<(String, String), RuleSet> =
        delegates.into_iter().map(|set| ((set.namespace.clone(), set.name.clone()), set)).collect();
    let merged = roots.into_iter().map(|mut root| {
        let namespace = root.namespace.clone();
        let rules = std::mem::take(&mut root.rules).into_iter();
        root.rules = rules.flat_map(|rule| expand(rule, &namespace, &delegates)).collect();
        root
    });
    merged.collect()
}

/// The rules that stand for an entry: itself, or those of its delegate; none if that is missing or hidden
/// from the root's namespace.
fn expand(
    rule: Rule,
    root_namespace: &str,
    delegates: &BTreeMap<(String, String), RuleSet>,
) -> Vec<Rule> {
    let Action::Delegate { name, namespace } = &rule.action else { return vec![rule] };
    let Some(delegate) = delegates.get(&(namespace.clone(), name.clone())) else {
        return Vec::new();
    };
    if !delegate.audience.admits(root_namespace) {
        return Vec::new();
    }
    delegate.rules.iter().filter_map(|inner| merge_rule(&rule, inner)).collect()
}

/// the delegate's fields win whole, the root's stand in for absent ones.
fn merge_rule(root: &Rule, delegate: &Rule) -> Option<Rule> {
    // One level only: a delegate's own delegates are refused by validation.
    if matches!(delegate.action, Action::Delegate { .. }) {
        return None;
    }
    let matches = merge_matches(&root.matches, &delegate.matches)?;
    let mut source = root.source.clone();
    let name = join_names(&root.name, &delegate.name);
    source.rule_name.clone_from(&name);
    Some(Rule {
        source,
        name,
        matches,
        action: delegate.action.clone(),
        rewrite: delegate.rewrite.clone().or_else(|| root.rewrite.clone()),
        timeout: delegate.timeout.or(root.timeout),
        retries: delegate.retries.clone().or_else(|| root.retries.clone()),
        fault: delegate.fault.clone().or_else(|| root.fault.clone()),
        mirrors: merge_mirrors(&root.mirrors, &delegate.mirrors),
        cors: delegate.cors.clone().or_else(|| root.cors.clone()),
        headers: delegate.headers.clone().or_else(|| root.headers.clone()),
        place: delegate.place,
    })
}

fn merge_mirrors(root: &Mirrors, delegate: &Mirrors) -> Mirrors {
    let several = if delegate.several.is_empty() { &root.several } else { &delegate.several };
    Mirrors {
        single: delegate.single.clone().or_else(|| root.single.clone()),
        percentage: delegate.percentage.or(root.percentage),
        percent: delegate.percent.or(root.percent),
        several: several.clone(),
    }
}

fn join_names(root: &str, delegate: &str) -> String {
    match (root, delegate) {
        ("", name) | (name, "") => name.to_owned(),
        (root, delegate) => format!("{root}-{delegate}"),
    }
}

/// every delegate match with every root match that it does not conflict with; a delegate match
/// that conflicts with all of them drops the whole delegate rule.
fn merge_matches(root: &[Match], delegate: &[Match]) -> Option<Vec<Match>> {
    if root.is_empty() {
        return Some(delegate.to_vec());
    }
    if delegate.is_empty() {
        return Some(root.to_vec());
    }
    let mut out = Vec::new();
    for inner in delegate {
        let compatible: Vec<Match> = root
            .iter()
            .filter(|outer| !conflicts(outer, inner))
            .map(|outer| merge_match(outer, inner))
            .collect();
        if compatible.is_empty() {
            return None;
        }
        out.extend(compatible);
    }
    Some(out)
}

///
fn merge_match(root: &Match, delegate: &Match) -> Match {
    let either = |inner: &Option<TextMatch>, outer: &Option<TextMatch>| {
        inner.clone().or_else(|| outer.clone())
    };
    let mut source_labels = root.source_labels.clone();
    source_labels.extend(delegate.source_labels.clone());
    let text = |inner: &str, outer: &str| if inner.is_empty() { outer } else { inner }.to_owned();
    Match {
        name: join_names(&root.name, &delegate.name),
        uri: either(&delegate.uri, &root.uri),
        ignore_uri_case: delegate.ignore_uri_case,
        scheme: either(&delegate.scheme, &root.scheme),
        method: either(&delegate.method, &root.method),
        authority: either(&delegate.authority, &root.authority),
        headers: union(&root.headers, &delegate.headers),
        without_headers: union(&root.without_headers, &delegate.without_headers),
        query: union(&root.query, &delegate.query),
        port: if delegate.port == 0 { root.port } else { delegate.port },
        gateways: if delegate.gateways.is_empty() { &root.gateways } else { &delegate.gateways }
            .clone(),
        source_labels,
        source_namespace: text(&delegate.source_namespace, &root.source_namespace),
        stat_prefix: text(&delegate.stat_prefix, &root.stat_prefix),
        index: root.index,
    }
}

fn union(
    root: &[(String, TextMatch)],
    delegate: &[(String, TextMatch)],
) -> Vec<(String, TextMatch)> {
    let kept = root.iter().filter(|(name, _)| !delegate.iter().any(|(other, _)| other == name));
    kept.chain(delegate).cloned().collect()
}

/// whether a delegate match is not provably narrower than a root match.
fn conflicts(root: &Match, delegate: &Match) -> bool {
    // Only a path on both sides makes letter case matter.
    let case = root.ignore_uri_case != delegate.ignore_uri_case;
    let texts = [
        (&root.uri, &delegate.uri),
        (&root.scheme, &delegate.scheme),
        (&root.method, &delegate.method),
        (&root.authority, &delegate.authority),
    ];
    let maps = [
        (&root.headers, &delegate.headers),
        (&root.without_headers, &delegate.without_headers),
        (&root.query, &delegate.query),
    ];
    let labels = root
        .source_labels
        .iter()
        .any(|(key, value)| delegate.source_labels.get(key).is_some_and(|other| other != value));
    let gateways = !root.gateways.is_empty()
        && !delegate.gateways.is_empty()
        && !delegate.gateways.iter().all(|gateway| root.gateways.contains(gateway));
    case || labels
        || gateways
        || texts
            .into_iter()
            .any(|(root, delegate)| text_conflicts(root.as_ref(), delegate.as_ref()))
        || maps.into_iter().any(|(root, delegate)| map_conflicts(root, delegate))
        || (root.port != 0 && delegate.port != 0 && root.port != delegate.port)
        || (!root.source_namespace.is_empty() && root.source_namespace != delegate.source_namespace)
}

fn map_conflicts(root: &[(String, TextMatch)], delegate: &[(String, TextMatch)]) -> bool {
    root.iter().any(|(name, outer)| {
        let inner = delegate.iter().find(|(other, _)| other == name).map(|(_, inner)| inner);
        inner.is_some_and(|inner| text_conflicts(Some(outer), Some(inner)))
    })
}

/// no conflict only if one side is absent, or the delegate's text lies inside the root's.
/// An empty root text is no text to lie inside of.
fn text_conflicts(root: Option<&TextMatch>, delegate: Option<&TextMatch>) -> bool {
    let (Some(root), Some(delegate)) = (root, delegate) else { return false };
    let narrower = match (root, delegate) {
        (TextMatch::Exact(outer), TextMatch::Exact(inner)) => !outer.is_empty() && outer == inner,
        (TextMatch::Prefix(outer), TextMatch::Exact(inner) | TextMatch::Prefix(inner)) => {
            !outer.is_empty() && inner.starts_with(outer.as_str())
        }
        _ => false,
    };
    !narrower
}
