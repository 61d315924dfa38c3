//! `unreachable-rule`, `unreachable-match`: rules whose requests earlier rules take, all of them.
//!
//! # Model
//! Inside a rule set a match is dead if an earlier one exists at every proxy where it would ([`super::cover`]) and
//! takes everything that it asks for. Merging keeps this: catch-alls that move to the end have cut their own
//! list before. A rule that stands in several sets must be dead in all of them.

use std::collections::BTreeMap;

use super::super::{Finding, Outcome, Proof, catalog};
use super::cover::{covers, exists_wherever};
use super::reach::{at, proof, request_for, source_of};
use super::{Material, rule_name};
use crate::config::istio::virtual_service::HttpMatch;
use crate::control_plane::destination_rules::MergedRule;
use crate::control_plane::routes::{KnownService, Lookup, RouteBuilder};
use crate::control_plane::rules::{MESH, Match, Rule, RuleSet};
use crate::control_plane::{Proxy, ProxyKind};
use crate::data_plane::{RouteMatcher, RouteSource};
use crate::diagnostic::Place;

/// One match of one rule, in the order in which they are tried.
struct Step<'m> {
    rule: &'m Rule,
    condition: Option<&'m Match>,
    matcher: RouteMatcher,
    /// The earlier step that takes everything, if there is one.
    dead: Option<usize>,
}

/// A dead match with what takes its requests.
struct Dead<'m> {
    rule: &'m Rule,
    condition: Option<&'m Match>,
    matcher: RouteMatcher,
    by: RouteSource,
    same_rule: bool,
}

/// All matches of a rule in all sets: how many, and the dead ones.
#[derive(Default)]
struct Fate<'m> {
    steps: usize,
    dead: Vec<Dead<'m>>,
}

/// Looks at every rule set.
pub(super) fn findings(material: &Material<'_>) -> Vec<Finding> {
    let subject = material.subject;
    let mut fates: BTreeMap<Place, Fate<'_>> = BTreeMap::new();
    for set in &subject.mesh.rule_sets {
        if subject.generated.contains(&set.object) {
            continue;
        }
        let steps = steps(material, set);
        for step in &steps {
            let fate = fates.entry(step.rule.place).or_default();
            fate.steps += 1;
            let Some(by) = step.dead.and_then(|index| steps.get(index)) else { continue };
            let mut source = by.rule.source.clone();
            source.condition = by.condition.map(|condition| condition.index);
            fate.dead.push(Dead {
                rule: step.rule,
                condition: step.condition,
                matcher: step.matcher.clone(),
                by: source,
                same_rule: by.rule.place == step.rule.place,
            });
        }
    }
    fates.values().flat_map(|fate| judge(material, fate)).collect()
}

fn steps<'m>(material: &Material<'m>, set: &'m RuleSet) -> Vec<Step<'m>> {
    let proxy = Proxy::new(ProxyKind::Sidecar, &set.namespace, BTreeMap::new());
    let builder = RouteBuilder {
        mesh: material.subject.mesh,
        proxy: &proxy,
        port: 0,
        gateway: MESH,
        tls: false,
        drops_source_labels: false,
        lookup: &Nothing,
    };
    let mut steps: Vec<Step<'m>> = Vec::new();
    for rule in &set.rules {
        let conditions: Vec<Option<&Match>> = if rule.matches.is_empty() {
            vec![None]
        } else {
            rule.matches.iter().map(Some).collect()
        };
        for condition in conditions {
            let matcher = builder.matcher(set, condition);
            let dead = steps.iter().position(|earlier| {
                earlier.dead.is_none()
                    && exists_wherever(earlier.condition, condition)
                    && covers(&earlier.matcher, &matcher)
            });
            steps.push(Step { rule, condition, matcher, dead });
        }
    }
    steps
}

/// Matchers need no services.
struct Nothing;

impl Lookup for Nothing {
    fn service(&self, _: &str) -> Option<KnownService<'_>> {
        None
    }

    fn destination_rule(&self, _: &str) -> Option<&MergedRule> {
        None
    }
}

/// A rule with no living match is unreachable; otherwise each dead match is told, but for one that another
/// match of its own rule takes: that changes nothing.
fn judge(material: &Material<'_>, fate: &Fate<'_>) -> Vec<Finding> {
    let mut by_others = fate.dead.iter().filter(|dead| !dead.same_rule);
    if fate.dead.len() == fate.steps {
        let found = by_others.find_map(|dead| Some((dead, ask(material, dead)?)));
        return found.map(|(dead, proof)| whole(dead, proof)).into_iter().collect();
    }
    // A delegate's rule has a place of its own but the matches of two objects.
    by_others
        .filter_map(|dead| {
            let place = match_place(material, dead)?;
            Some(single(dead, place, ask(material, dead)?))
        })
        .collect()
}

/// Asks every table that has the taking rule about a request of the dead match.
fn ask(material: &Material<'_>, dead: &Dead<'_>) -> Option<Proof> {
    let routes = material.reached.of(&dead.by.object, dead.by.rule);
    routes.iter().find_map(|place| {
        let (asked, host, route) = at(&material.survey, *place)?;
        if route.source.as_ref() != Some(&dead.by) {
            return None;
        }
        let request = request_for(asked, host, &dead.matcher)?;
        let taken = source_of(asked, &request)?;
        let own = &dead.rule.source;
        if (&taken.object, taken.rule) == (&own.object, own.rule) {
            return None;
        }
        let rule = rule_name(taken);
        let text = format!("{rule} takes it");
        let outcome = Outcome { rule: Some(rule), text, ..Outcome::default() };
        Some(proof(asked, request, outcome))
    })
}

fn whole(dead: &Dead<'_>, proof: Proof) -> Finding {
    let by = rule_name(&dead.by);
    let message = format!("no request reaches this rule: {by} takes all of them");
    Finding::new(
        &catalog::UNREACHABLE_RULE,
        dead.rule.source.object.clone(),
        dead.rule.place,
        message,
    )
    .help("the first rule that matches wins: put the narrower rule first, or remove it")
    .proof(proof)
}

fn single(dead: &Dead<'_>, place: Place, proof: Proof) -> Finding {
    let by = rule_name(&dead.by);
    let message = format!("no request reaches this match: {by} takes all of them");
    Finding::new(&catalog::UNREACHABLE_MATCH, dead.rule.source.object.clone(), place, message)
        .help("the first rule that matches wins: put the narrower rule first")
        .proof(proof)
}

/// Where the match is written.
fn match_place(material: &Material<'_>, dead: &Dead<'_>) -> Option<Place> {
    let source = &dead.rule.source;
    let objects = &material.subject.resources.virtual_services;
    let object = objects.iter().find(|object| super::super::name_of(object) == source.object)?;
    let rule = object.spec.http.get(source.rule).filter(|rule| rule.place == dead.rule.place)?;
    let written: &HttpMatch = rule.matches.get(dead.condition?.index)?;
    Some(written.place)
}
