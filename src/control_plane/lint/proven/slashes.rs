//! `rewrite-double-slash`: a rewrite of `/foo` to `/` that makes `//bar` of `/foo/bar`.

use super::super::{Finding, Outcome, catalog, name_of};
use super::reach::{at, proof, source_of, witness};
use super::{Material, rule_name};
use crate::config::decode::Located;
use crate::data_plane::{PathMatcher, RouteAction, split_query};

/// Looks at every path rewrite of a VirtualService that ends with a slash.
pub(super) fn findings(material: &Material<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for object in &material.subject.resources.virtual_services {
        let name = name_of(object);
        for (index, rule) in object.spec.http.iter().enumerate() {
            let uri = rule.rewrite.as_ref().and_then(|rewrite| rewrite.uri.as_ref());
            if let Some(uri) = uri.filter(|uri| uri.value.ends_with('/')) {
                found.extend(ask(material, &name, index, uri));
            }
        }
    }
    found
}

fn ask(
    material: &Material<'_>,
    object: &str,
    rule: usize,
    uri: &Located<String>,
) -> Option<Finding> {
    material.reached.of(object, rule).iter().find_map(|route| {
        let (asked, host, route) = at(&material.survey, *route)?;
        let (PathMatcher::Prefix { prefix, .. }, RouteAction::Forward(forward)) =
            (&route.matcher.path, &route.action)
        else {
            return None;
        };
        if prefix.ends_with('/') || forward.path_rewrite.is_none() {
            return None;
        }
        let mut request = witness(asked, host, route)?;
        let (_, query) = split_query(&request.path);
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        request.path = format!("{prefix}/x{query}");
        // An earlier match with the slash is the usual cure.
        if source_of(asked, &request) != route.source.as_ref() {
            return None;
        }
        let received = asked.decide(&request).1?;
        let sent = forward.forwarded(&route.matcher.path, 0, &received);
        if !sent.path_only().contains("//") {
            return None;
        }
        let rule = route.source.as_ref().map(rule_name);
        let taker = rule.clone().unwrap_or_default();
        let text = format!("{taker} takes it; the application gets {}", sent.path);
        let outcome = Outcome { rule, text, ..Outcome::default() };
        let message = format!("the rewrite of `{prefix}` leaves a double slash");
        Some(
            Finding::new(&catalog::DOUBLE_SLASH, object, uri.place, message)
                .help(format!("put a match with the prefix `{prefix}/` in front"))
                .proof(proof(asked, request, outcome)),
        )
    })
}
