//! Rules and matches that are never reached: warnings only.
//!
//! istiod's test is followed, not the truth: some real overlaps are missed, and a rule for TCP or
//! TLS is judged like one for HTTP.

use std::collections::BTreeMap;

use super::super::report::Report as _;
use crate::config::decode::{Located, Map};
use crate::config::istio::virtual_service::{
    HttpMatch, HttpRule, L4Match, StringMatch, TlsMatch, VirtualService,
};
use crate::diagnostic::{Diagnostics, Place};

/// A rule as the test sees it.
struct Rule {
    /// What messages call it.
    name: String,
    place: Place,
    matches: Vec<Match>,
}

/// A match as the test sees it.
struct Match {
    /// Everything but its name, as text; equal texts are equal matches.
    content: String,
    place: Place,
}

/// Warns about the rules of a `VirtualService`.
pub(super) fn check(spec: &VirtualService, problems: &mut Diagnostics) {
    let rules = spec.http.iter().enumerate();
    check_list(rules.map(|(index, rule)| http_rule(rule, index)), problems);
    check_prefixes(&spec.http, problems);
    let tcp = spec.tcp.iter().enumerate().map(|(index, rule)| Rule {
        name: format!("tcp[{index}]"),
        place: rule.place,
        matches: rule.matches.iter().map(tcp_match).collect(),
    });
    check_list(tcp, problems);
    let tls = spec.tls.iter().enumerate().map(|(index, rule)| Rule {
        name: format!("tls[{index}]"),
        place: rule.place,
        matches: rule.matches.iter().map(tls_match).collect(),
    });
    check_list(tls, problems);
}

fn check_list(rules: impl Iterator<Item = Rule>, problems: &mut Diagnostics) {
    // a match equal to an earlier one, of the same rule too.
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    let mut general: Option<String> = None;
    for rule in rules {
        let everything = rule.matches.is_empty();
        if let Some(general) = &general {
            let message = format!("this rule is never reached: {general} takes everything");
            let help = "a rule without `match` belongs to the end of the list";
            problems.warn_with("unreachable-rule", rule.place, message, help);
        } else if !everything {
            check_repetitions(&rule, &mut known, problems);
        }
        if everything {
            general = Some(rule.name);
        }
    }
}

fn check_repetitions(
    rule: &Rule,
    known: &mut BTreeMap<String, String>,
    problems: &mut Diagnostics,
) {
    let mut repeated = 0;
    for found in &rule.matches {
        match known.get(&found.content) {
            Some(earlier) => {
                repeated += 1;
                let message = format!("this match is never reached: {earlier} has the same");
                problems.warn("ineffective-match", found.place, message);
            }
            None => {
                known.insert(found.content.clone(), rule.name.clone());
            }
        }
    }
    if repeated == rule.matches.len() {
        problems.warn(
            "unreachable-rule",
            rule.place,
            "this rule is never reached: earlier ones have all its matches",
        );
    }
}

fn http_rule(rule: &HttpRule, index: usize) -> Rule {
    let matches = rule.matches.iter();
    let matches = matches.map(|m| Match { content: http_content(m), place: m.place }).collect();
    Rule { name: http_name(rule, index), place: rule.place, matches }
}

fn http_name(rule: &HttpRule, index: usize) -> String {
    match rule.name.as_ref().filter(|name| !name.value.is_empty()) {
        Some(name) => format!("http[{index}] `{}`", name.value),
        None => format!("http[{index}]"),
    }
}

/// absent, empty and zero are the same, but for a condition without kind.
fn http_content(found: &HttpMatch) -> String {
    let texts = [&found.uri, &found.scheme, &found.method, &found.authority];
    let maps = [&found.headers, &found.query_params, &found.without_headers];
    format!(
        "{:?} {:?} {:?} {} {:?} {:?} {:?}",
        texts.map(|text| text.as_ref().map(kinds)),
        maps.map(|map| conditions(map)),
        labels(&found.source_labels),
        found.ignore_uri_case,
        number(found.port.as_ref()),
        list(&found.gateways),
        [&found.source_namespace, &found.stat_prefix].map(|text| plain(text.as_ref())),
    )
}

fn tcp_match(found: &L4Match) -> Match {
    let content = format!(
        "{:?} {} {:?} {:?} {:?} {:?}",
        list(&found.destination_subnets),
        number(found.port.as_ref()),
        plain(found.source_subnet.as_ref()),
        labels(&found.source_labels),
        list(&found.gateways),
        found.source_namespace.as_deref().unwrap_or_default(),
    );
    Match { content, place: found.place }
}

fn tls_match(found: &TlsMatch) -> Match {
    let content = format!(
        "{:?} {:?} {} {:?} {:?} {:?}",
        list(&found.sni_hosts),
        list(&found.destination_subnets),
        number(found.port.as_ref()),
        labels(&found.source_labels),
        list(&found.gateways),
        found.source_namespace.as_deref().unwrap_or_default(),
    );
    Match { content, place: found.place }
}

fn kinds(text: &StringMatch) -> [Option<&str>; 3] {
    [&text.exact, &text.prefix, &text.regex].map(|kind| kind.as_ref().map(|k| k.value.as_str()))
}

fn conditions(map: &Map<Option<StringMatch>>) -> BTreeMap<&str, Option<[Option<&str>; 3]>> {
    map.iter().map(|(name, text)| (name.value.as_str(), text.as_ref().map(kinds))).collect()
}

fn labels(map: &Map<Located<String>>) -> BTreeMap<&str, &str> {
    map.iter().map(|(key, value)| (key.value.as_str(), value.value.as_str())).collect()
}

fn list(texts: &[Located<String>]) -> Vec<&str> {
    texts.iter().map(|text| text.value.as_str()).collect()
}

fn plain(text: Option<&Located<String>>) -> &str {
    text.map_or("", |text| text.value.as_str())
}

fn number(port: Option<&Located<u32>>) -> u32 {
    port.map_or(0, |port| port.value)
}

/// A match by prefix, with what R-092 compares.
struct PrefixMatch<'m> {
    rule: String,
    place: Place,
    prefix: &'m str,
    port: u32,
    method: String,
    authority: String,
    maps: [BTreeMap<&'m str, String>; 3],
}

/// a longer prefix behind a shorter one that asks for no more.
fn check_prefixes(rules: &[HttpRule], problems: &mut Diagnostics) {
    let mut earlier: Vec<PrefixMatch<'_>> = Vec::new();
    for found in prefix_matches(rules) {
        let cover =
            earlier.iter().find(|cover| cover.prefix != found.prefix && cover.covers(&found));
        if let Some(cover) = cover {
            let message = format!(
                "this match is hardly reached: the prefix `{}` of {} covers `{}`",
                cover.prefix, cover.rule, found.prefix
            );
            let help = "rules are tried in order: put the longer prefix first";
            problems.warn_with("ineffective-match", found.place, message, help);
        }
        earlier.push(found);
    }
}

/// The matches by prefix that stand in front of a rule without match, repetitions left out.
fn prefix_matches(rules: &[HttpRule]) -> Vec<PrefixMatch<'_>> {
    let mut known = Vec::new();
    let mut out = Vec::new();
    let reached = rules.iter().enumerate().take_while(|(_, rule)| !rule.matches.is_empty());
    for (index, rule) in reached {
        for found in &rule.matches {
            let content = http_content(found);
            if known.contains(&content) {
                continue;
            }
            known.push(content);
            out.extend(PrefixMatch::read(found, http_name(rule, index)));
        }
    }
    out
}

impl<'m> PrefixMatch<'m> {
    fn read(found: &'m HttpMatch, rule: String) -> Option<Self> {
        let prefix =
            found.uri.as_ref()?.prefix.as_ref().filter(|prefix| !prefix.value.is_empty())?;
        let words = |map: &'m Map<Option<StringMatch>>| {
            map.iter().map(|(name, text)| (name.value.as_str(), word(text.as_ref()))).collect()
        };
        // no method counts as exactly GET.
        let method = Some(word(found.method.as_ref())).filter(|word| !word.is_empty());
        Some(Self {
            rule,
            place: found.place,
            prefix: &prefix.value,
            port: number(found.port.as_ref()),
            method: method.unwrap_or_else(|| "exact:GET".to_owned()),
            authority: word(found.authority.as_ref()),
            maps: [
                words(&found.headers),
                words(&found.query_params),
                words(&found.without_headers),
            ],
        })
    }

    fn covers(&self, later: &Self) -> bool {
        let maps = self.maps.iter().zip(&later.maps);
        later.prefix.starts_with(self.prefix)
            && later.port == self.port
            && self.method.starts_with(&later.method)
            && self.authority.starts_with(&later.authority)
            && maps.into_iter().all(|(own, other)| {
                own.len() == other.len()
                    && own.iter().all(|(name, text)| {
                        other.get(name).is_some_and(|later| text.starts_with(later))
                    })
            })
    }
}

/// The text that R-092 compares; a regular expression counts as nothing.
fn word(text: Option<&StringMatch>) -> String {
    let filled = |kind: &'static str, value: Option<&Located<String>>| {
        let value = value.filter(|value| !value.value.is_empty())?;
        Some(format!("{kind}:{}", value.value))
    };
    text.and_then(|text| {
        filled("exact", text.exact.as_ref()).or_else(|| filled("prefix", text.prefix.as_ref()))
    })
    .unwrap_or_default()
}
