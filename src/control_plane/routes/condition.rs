//! Conditions of rules to matchers.

use super::RouteBuilder;
use crate::control_plane::rules::{Match, RuleSet, TextMatch};
use crate::data_plane::{
    ClaimMatcher, HeaderMatcher, PathMatcher, QueryMatcher, RouteMatcher, StringMatcher,
};

impl RouteBuilder<'_> {
    pub(in crate::control_plane) fn matcher(
        &self,
        set: &RuleSet,
        condition: Option<&Match>,
    ) -> RouteMatcher {
        let Some(condition) = condition else { return RouteMatcher::path(PathMatcher::Any) };
        let mut matcher = RouteMatcher::path(self.path(set, condition));
        for (list, without) in [(&condition.headers, false), (&condition.without_headers, true)] {
            for (name, text) in list {
                let value = self.string(text);
                match claim(name) {
                    // a claim, whatever headers there are.
                    Some(claim) => matcher.claims.push(ClaimMatcher { claim, value, without }),
                    None => {
                        let name = name.to_ascii_lowercase();
                        matcher.headers.push(HeaderMatcher { name, value, without });
                    }
                }
            }
        }
        for (name, text) in [
            (":method", &condition.method),
            (":authority", &condition.authority),
            (":scheme", &condition.scheme),
        ] {
            if let Some(text) = text {
                // even an always-true condition is one.
                let value = self.string(text);
                matcher.headers.push(HeaderMatcher {
                    name: name.to_owned(),
                    value,
                    without: false,
                });
            }
        }
        for (name, text) in &condition.query {
            matcher.query.push(QueryMatcher { name: name.clone(), value: self.string(text) });
        }
        matcher
    }

    fn path(&self, set: &RuleSet, condition: &Match) -> PathMatcher {
        let ignore_case = condition.ignore_uri_case;
        match &condition.uri {
            // a condition without type is none.
            None | Some(TextMatch::Present) => PathMatcher::Any,
            Some(TextMatch::Exact(path)) => PathMatcher::Exact { path: path.clone(), ignore_case },
            // whole segments for Gateway API, text for VirtualServices.
            Some(TextMatch::Prefix(prefix)) if set.from_gateway_api && prefix != "/" => {
                PathMatcher::SegmentPrefix(prefix.strip_suffix('/').unwrap_or(prefix).to_owned())
            }
            Some(TextMatch::Prefix(prefix)) => {
                PathMatcher::Prefix { prefix: prefix.clone(), ignore_case }
            }
            Some(TextMatch::Regex(pattern)) => match self.mesh.regex(pattern) {
                Some(regex) => PathMatcher::Regex(regex),
                None => PathMatcher::Exact { path: String::new(), ignore_case: false },
            },
        }
    }

    /// the regex `*` is no regex but means presence.
    pub(super) fn string(&self, text: &TextMatch) -> StringMatcher {
        match text {
            TextMatch::Present => StringMatcher::Present,
            TextMatch::Exact(text) => StringMatcher::Exact(text.clone()),
            TextMatch::Prefix(text) => StringMatcher::Prefix(text.clone()),
            TextMatch::Regex(pattern) if pattern == "*" => StringMatcher::Present,
            TextMatch::Regex(pattern) => match self.mesh.regex(pattern) {
                Some(regex) => StringMatcher::Regex(regex),
                // Validation refused the pattern; nothing can match it.
                None => StringMatcher::Exact("\0".to_owned()),
            },
        }
    }
}

/// the claim that a header key names, `@request.auth.claims.a.b` or `...claims[a][b]`.
pub(in crate::control_plane) fn claim(name: &str) -> Option<String> {
    const PREFIX: &str = "@request.auth.claims";
    let head = name.get(..PREFIX.len())?;
    if !head.eq_ignore_ascii_case(PREFIX) {
        return None;
    }
    let rest = &name[PREFIX.len()..];
    if let Some(path) = rest.strip_prefix('.') {
        return (!path.is_empty()).then(|| path.to_owned());
    }
    let inner = rest.strip_prefix('[')?.strip_suffix(']')?;
    Some(inner.split("][").collect::<Vec<_>>().join("."))
}

#[cfg(test)]
mod tests {
    use super::claim;

    #[test]
    fn claims_are_written_with_dots_or_brackets() {
        for (name, expected) in [
            ("@request.auth.claims.group.id", Some("group.id")),
            ("@Request.Auth.Claims[group][id]", Some("group.id")),
            ("@request.auth.claims", None),
            ("x-group", None),
        ] {
            assert_eq!(claim(name).as_deref(), expected, "{name}");
        }
    }
}
