//! Path rewrites and redirects: how a matched route changes where a request goes.

use super::matcher::PathMatcher;
use super::path::{join_query, split_query};
use super::re2::Regex;
use super::request::Request;

/// How the path of a forwarded request changes; the query is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathRewrite {
    /// The matched prefix is replaced; with an exact or regex match the whole path.
    Prefix(String),
    /// Every occurrence of the pattern is replaced.
    Regex {
        /// The pattern, not anchored.
        pattern: Regex,
        /// The substitution with `\0` to `\9`.
        substitution: String,
    },
}

/// A redirect that the proxy answers itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// New scheme, `http` or `https`.
    pub scheme: Option<String>,
    /// New host, with a port if one was written.
    pub authority: Option<String>,
    /// New path.
    pub path: RedirectPath,
    /// Port for the location, after R-134's default ports were dropped.
    pub port: Option<u16>,
    /// Status, 301 if nothing was said.
    pub status: u16,
}

/// The path of a redirect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RedirectPath {
    /// As requested.
    Keep,
    /// This one; the query is appended unless the text has its own.
    Full(String),
    /// The matched prefix is replaced.
    Prefix(String),
}

// === impl PathRewrite ===

impl PathRewrite {
    /// Returns the path (with query) that is sent on.
    #[must_use]
    pub fn apply(&self, matched: &PathMatcher, path: &str) -> String {
        let (only, query) = split_query(path);
        let rewritten = match self {
            Self::Prefix(text) => replace_prefix(matched, only, text),
            Self::Regex { pattern, substitution } => pattern.replace_all(only, substitution),
        };
        join_query(rewritten, query)
    }
}

/// Replaces what the matcher matched: a prefix, or everything.
fn replace_prefix(matched: &PathMatcher, path: &str, text: &str) -> String {
    let cut = match matched {
        PathMatcher::Exact { .. } | PathMatcher::Regex(_) => path.len(),
        PathMatcher::Prefix { prefix, .. } | PathMatcher::SegmentPrefix(prefix) => prefix.len(),
        // Without a condition on the path the matched prefix is `/`.
        PathMatcher::Any => 1,
    };
    format!("{text}{}", path.get(cut..).unwrap_or_default())
}

// === impl Redirect ===

impl Redirect {
    /// Returns the request that header values of the answer see: its path is rewritten already, if the
    /// redirect replaces a prefix.
    #[must_use]
    pub fn seen_by_answer(&self, matched: &PathMatcher, request: &Request) -> Request {
        let mut seen = request.clone();
        if let RedirectPath::Prefix(text) = &self.path {
            let (only, query) = split_query(&request.path);
            seen.path = join_query(replace_prefix(matched, only, text), query);
            seen.headers.set("x-envoy-original-path", request.path.clone());
        }
        seen
    }

    /// Returns the `location` of the answer.
    #[must_use]
    pub fn location(&self, matched: &PathMatcher, request: &Request) -> String {
        let scheme = self.scheme.as_deref().unwrap_or(&request.scheme);
        let host = match (&self.authority, self.port) {
            (Some(authority), Some(port)) => format!("{authority}:{port}"),
            (Some(authority), None) => authority.clone(),
            (None, Some(port)) => format!("{}:{port}", split_port(&request.authority).0),
            (None, None) => kept_host(scheme, request).to_owned(),
        };
        let path = self.location_path(matched, request);
        let slash = if path.starts_with('/') { "" } else { "/" };
        format!("{scheme}://{host}{slash}{path}")
    }

    fn location_path(&self, matched: &PathMatcher, request: &Request) -> String {
        let (only, query) = split_query(&request.path);
        match &self.path {
            RedirectPath::Keep => request.path.clone(),
            RedirectPath::Full(text) if text.contains('?') => text.clone(),
            RedirectPath::Full(text) => join_query(text.clone(), query),
            RedirectPath::Prefix(text) => join_query(replace_prefix(matched, only, text), query),
        }
    }
}

/// The request's own host in an address with `scheme`: it keeps its port, but for the default port of the scheme
/// that the request had, if that is another one. What it had is what `X-Forwarded-Proto` says; only there letter
/// case tells schemes apart.
pub(super) fn kept_host<'r>(scheme: &str, request: &'r Request) -> &'r str {
    let authority = request.authority.as_str();
    let had = request.headers.first("x-forwarded-proto").unwrap_or(&request.scheme);
    let default = match had.to_ascii_lowercase().as_str() {
        "http" if scheme != had => ":80",
        "https" if scheme != had => ":443",
        _ => return authority,
    };
    let (host, port) = split_port(authority);
    if port == default { host } else { authority }
}

/// Splits the port with its colon off, as Envoy does for redirects: behind the brackets of an IPv6 address all is
/// port.
fn split_port(authority: &str) -> (&str, &str) {
    let colon = if authority.starts_with('[') {
        authority.rfind("]:").map(|bracket| bracket + 1)
    } else {
        authority.rfind(':')
    };
    authority.split_at(colon.unwrap_or(authority.len()))
}

/// Returns a host without its port: everything before the last colon, as Envoy takes it; brackets of
/// an IPv6 address stay.
#[must_use]
pub fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => host,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(text: &str) -> PathMatcher {
        PathMatcher::Prefix { prefix: text.to_owned(), ignore_case: false }
    }

    #[test]
    fn a_prefix_rewrite_replaces_what_was_matched() {
        let exact = PathMatcher::Exact { path: "/foo".into(), ignore_case: false };
        let regex = PathMatcher::Regex(Regex::new("/f.*").unwrap());
        for (matched, text, path, expected) in [
            (prefix("/foo"), "/bar", "/foo/x?q=1", "/bar/x?q=1"),
            (prefix("/foo"), "/", "/foo/bar", "//bar"),
            (prefix("/foo"), "/", "/foobar", "/bar"),
            (prefix(""), "/v2", "/x", "/v2/x"),
            (exact, "/bar", "/foo?q", "/bar?q"),
            (regex, "/bar", "/foo/x", "/bar"),
            (PathMatcher::Any, "/v2", "/x", "/v2x"),
            (PathMatcher::SegmentPrefix("/foo".into()), "/x", "/foo/a", "/x/a"),
        ] {
            let rewrite = PathRewrite::Prefix(text.into());
            assert_eq!(rewrite.apply(&matched, path), expected, "{matched:?} {text} {path}");
        }
    }

    fn redirect(scheme: Option<&str>, authority: Option<&str>, port: Option<u16>) -> Redirect {
        Redirect {
            scheme: scheme.map(str::to_owned),
            authority: authority.map(str::to_owned),
            path: RedirectPath::Keep,
            port,
            status: 301,
        }
    }

    #[test]
    fn a_location_has_the_port_that_is_left() {
        for (scheme, authority, port, host, expected) in [
            (None, None, None, "h:8080", "http://h:8080/p?q"),
            (Some("https"), None, None, "h:80", "https://h/p?q"),
            (Some("https"), None, None, "h:8080", "https://h:8080/p?q"),
            (Some("http"), None, None, "h:80", "http://h:80/p?q"),
            (None, None, Some(8443), "h:1", "http://h:8443/p?q"),
            (None, Some("n:1"), Some(2), "h", "http://n:1:2/p?q"),
            (None, Some("n"), None, "h:8080", "http://n/p?q"),
            (None, None, Some(1), "[::1]:80", "http://[::1]:1/p?q"),
            (None, None, Some(1), "[::1]:80:90", "http://[::1]:1/p?q"),
            (None, None, Some(1), "[::1]", "http://[::1]:1/p?q"),
            (None, None, Some(1), "h:80:90", "http://h:80:1/p?q"),
            (Some("https"), None, None, "[::1]:80", "https://[::1]/p?q"),
            (Some("https"), None, None, "[::1]:80:80", "https://[::1]:80:80/p?q"),
        ] {
            let request = Request::get(host, "/p?q");
            let location = redirect(scheme, authority, port).location(&PathMatcher::Any, &request);
            assert_eq!(location, expected, "{scheme:?} {authority:?} {port:?} {host}");
        }
    }

    #[test]
    fn a_port_is_dropped_for_the_scheme_that_was_forwarded() {
        for (proto, expected) in
            [("http", "https://h/p"), ("HTTP", "https://h/p"), ("gopher", "https://h:80/p")]
        {
            let mut request = Request::get("h:80", "/p");
            request.headers.append("x-forwarded-proto", proto);
            let redirect = redirect(Some("https"), None, None);
            assert_eq!(redirect.location(&PathMatcher::Any, &request), expected, "{proto}");
        }
    }

    #[test]
    fn the_own_scheme_in_other_letters_is_another_one() {
        let mut request = Request::get("h:443", "/p");
        "https".clone_into(&mut request.scheme);
        for (proto, host) in [("https", "h:443"), ("HTTPS", "h"), ("http", "h:443")] {
            request.headers.set("x-forwarded-proto", proto.to_owned());
            assert_eq!(kept_host(&request.scheme, &request), host, "{proto}");
            let location = redirect(None, None, None).location(&PathMatcher::Any, &request);
            assert_eq!(location, format!("https://{host}/p"));
        }
    }

    #[test]
    fn a_location_path_keeps_the_query_unless_it_brings_one() {
        for (path, request_path, expected) in [
            (RedirectPath::Full("/new".into()), "/old?q=1", "http://h/new?q=1"),
            (RedirectPath::Full("/new?x".into()), "/old?q=1", "http://h/new?x"),
            (RedirectPath::Full("new".into()), "/old", "http://h/new"),
            (RedirectPath::Prefix("/b".into()), "/a/c?q", "http://h/b/c?q"),
        ] {
            let redirect = Redirect { path, ..redirect(None, None, None) };
            let location = redirect.location(&prefix("/a"), &Request::get("h", request_path));
            assert_eq!(location, expected);
        }
    }
}
