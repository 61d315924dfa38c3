//! Conditions of a route: `envoy.config.route.v3.RouteMatch`.

use serde_json::{Value, json};

use super::message::Message;
use crate::data_plane::{
    ClaimMatcher, HeaderMatcher, PathMatcher, QueryMatcher, Regex, RouteMatcher, StringMatcher,
};

/// Where a JWT filter leaves the claims of a token, and under which key.
const CLAIMS: (&str, &str) = ("envoy.filters.http.jwt_authn", "payload");

/// The conditions of a route.
pub(super) fn route_match(matcher: &RouteMatcher) -> Value {
    path(&matcher.path)
        .with_list("headers", matcher.headers.iter().map(header))
        .with_list("query_parameters", matcher.query.iter().map(query_parameter))
        .with_list("dynamic_metadata", matcher.claims.iter().map(claim))
        .into()
}

fn path(matcher: &PathMatcher) -> Message {
    let message = Message::new();
    let cased = |message: Message, ignore_case: bool| {
        if ignore_case { message.with("case_sensitive", false) } else { message }
    };
    match matcher {
        PathMatcher::Any => message.with("prefix", "/"),
        PathMatcher::Exact { path, ignore_case } => {
            cased(message.with("path", path.as_str()), *ignore_case)
        }
        PathMatcher::Prefix { prefix, ignore_case } => {
            cased(message.with("prefix", prefix.as_str()), *ignore_case)
        }
        // Envoy refuses the root as a separated prefix; as a text prefix it means the same.
        PathMatcher::SegmentPrefix(prefix) if prefix.len() < 2 => message.with("prefix", "/"),
        PathMatcher::SegmentPrefix(prefix) => {
            message.with("path_separated_prefix", prefix.as_str())
        }
        PathMatcher::Regex(regex) => message.with("safe_regex", self::regex(regex)),
    }
}

fn header(matcher: &HeaderMatcher) -> Value {
    let message = Message::new().with("name", matcher.name.as_str());
    let message = match &matcher.value {
        StringMatcher::Present => message.with("present_match", true),
        value => {
            // under `without` a missing header is the empty text.
            let message = message.with("string_match", string(value));
            message.with_flag("treat_missing_header_as_empty", matcher.without)
        }
    };
    message.with_flag("invert_match", matcher.without).into()
}

fn query_parameter(matcher: &QueryMatcher) -> Value {
    let message = Message::new().with("name", matcher.name.as_str());
    match &matcher.value {
        StringMatcher::Present => message.with("present_match", true),
        value => message.with("string_match", string(value)),
    }
    .into()
}

/// A claim is a text or a list of texts.
fn claim(matcher: &ClaimMatcher) -> Value {
    let value = match &matcher.value {
        StringMatcher::Present => json!({"present_match": true}),
        value => {
            let text = json!({"string_match": string(value)});
            json!({"or_match": {"value_matchers": [{"list_match": {"one_of": text}}, text]}})
        }
    };
    let (filter, key) = CLAIMS;
    let keys = std::iter::once(key).chain(matcher.claim.split('.'));
    Message::new()
        .with("filter", filter)
        .with_list("path", keys.map(|key| json!({"key": key})))
        .with("value", value)
        .with_flag("invert", matcher.without)
        .into()
}

/// An `envoy.type.matcher.v3.StringMatcher`.
pub(super) fn string(matcher: &StringMatcher) -> Value {
    match matcher {
        StringMatcher::Exact(text) => json!({"exact": text}),
        StringMatcher::Prefix(text) if !text.is_empty() => json!({"prefix": text}),
        // Every value; Envoy has no empty prefix.
        StringMatcher::Present | StringMatcher::Prefix(_) => {
            json!({"safe_regex": {"regex": "(?s).*"}})
        }
        StringMatcher::Regex(regex) => json!({"safe_regex": self::regex(regex)}),
    }
}

/// An `envoy.type.matcher.v3.RegexMatcher`: the pattern as it was written.
pub(super) fn regex(regex: &Regex) -> Value {
    // Envoy refuses the empty text, not the empty pattern.
    let pattern = if regex.as_str().is_empty() { "(?:)" } else { regex.as_str() };
    json!({"regex": pattern})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_path_has_its_own_field() {
        for (matcher, expected) in [
            (PathMatcher::Any, json!({"prefix": "/"})),
            (
                PathMatcher::Exact { path: "/a".into(), ignore_case: true },
                json!({"path": "/a", "case_sensitive": false}),
            ),
            (
                PathMatcher::Prefix { prefix: String::new(), ignore_case: false },
                json!({"prefix": ""}),
            ),
            (PathMatcher::SegmentPrefix("/".into()), json!({"prefix": "/"})),
            (PathMatcher::SegmentPrefix("/a".into()), json!({"path_separated_prefix": "/a"})),
            (
                PathMatcher::Regex(Regex::new("/v[0-9]").unwrap()),
                json!({"safe_regex": {"regex": "/v[0-9]"}}),
            ),
        ] {
            assert_eq!(route_match(&RouteMatcher::path(matcher)), expected);
        }
    }

    #[test]
    fn without_a_value_the_missing_header_is_empty_text() {
        let matcher = |value, without| HeaderMatcher { name: "x".into(), value, without };
        for (matcher, expected) in [
            (matcher(StringMatcher::Present, false), json!({"name": "x", "present_match": true})),
            (
                matcher(StringMatcher::Present, true),
                json!({"name": "x", "present_match": true, "invert_match": true}),
            ),
            (
                matcher(StringMatcher::Exact("v".into()), true),
                json!({"name": "x", "string_match": {"exact": "v"}, "invert_match": true,
                    "treat_missing_header_as_empty": true}),
            ),
        ] {
            assert_eq!(header(&matcher), expected);
        }
    }

    #[test]
    fn a_claim_is_looked_up_where_a_jwt_filter_puts_it() {
        let matcher =
            ClaimMatcher { claim: "a.b".into(), value: StringMatcher::Present, without: true };
        let expected = json!({"filter": "envoy.filters.http.jwt_authn", "invert": true,
            "path": [{"key": "payload"}, {"key": "a"}, {"key": "b"}],
            "value": {"present_match": true}});
        assert_eq!(claim(&matcher), expected);
    }
}
