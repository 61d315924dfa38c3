//! Predicates of a route on a request: path, headers, query parameters, claims.
//!
//! All are `ANDed` (E-30). Matching sees the request as received, before any header operation.

use super::path::split_query;
use super::re2::Regex;
use super::request::Request;

/// A condition on one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StringMatcher {
    /// The value is there, whatever it is.
    Present,
    /// Equal text.
    Exact(String),
    /// Begins with the text.
    Prefix(String),
    /// The whole value matches.
    Regex(Regex),
}

/// A condition on the path without its query (E-20).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathMatcher {
    /// No condition: Envoy's prefix `/`.
    Any,
    /// Equal path; trailing slash significant.
    Exact {
        /// The path.
        path: String,
        /// Whether letter case is ignored.
        ignore_case: bool,
    },
    /// Text prefix, as in a VirtualService: `/foo` matches `/foobar` (R-064, E-21).
    Prefix {
        /// The text.
        prefix: String,
        /// Whether letter case is ignored.
        ignore_case: bool,
    },
    /// Prefix of whole segments, as in Gateway API: `/foo` matches `/foo/x`, not `/foobar` (E-22).
    SegmentPrefix(
        /// The prefix without a trailing slash; `/` itself matches everything.
        String,
    ),
    /// The whole path matches; always case-sensitive (R-065, E-24).
    Regex(Regex),
}

/// A condition on the lines of one header, or on a pseudo header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderMatcher {
    /// Lower-case name; `:method`, `:scheme`, `:authority` (`host`) and `:path` are the request line.
    pub name: String,
    /// What a line must satisfy.
    pub value: StringMatcher,
    /// `withoutHeaders`: no line may satisfy it; a missing header counts as the empty text.
    pub without: bool,
}

/// A condition on the first occurrence of a query parameter, raw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryMatcher {
    /// Case-sensitive name.
    pub name: String,
    /// What the value must satisfy; `Present` needs the key only.
    pub value: StringMatcher,
}

/// A condition on a claim of a validated token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimMatcher {
    /// Path of the claim, joined with dots.
    pub claim: String,
    /// What the value must satisfy.
    pub value: StringMatcher,
    /// Whether it stands under `withoutHeaders`.
    pub without: bool,
}

/// All conditions of one route; an empty one matches every request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteMatcher {
    /// Condition on the path.
    pub path: PathMatcher,
    /// Conditions on headers.
    pub headers: Vec<HeaderMatcher>,
    /// Conditions on query parameters.
    pub query: Vec<QueryMatcher>,
    /// Conditions on claims.
    pub claims: Vec<ClaimMatcher>,
}

/// The first condition of a route that a request does not meet; says why a rule was passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mismatch<'m> {
    /// The path.
    Path(&'m PathMatcher),
    /// A header.
    Header(&'m HeaderMatcher),
    /// A query parameter.
    Query(&'m QueryMatcher),
    /// A claim.
    Claim(&'m ClaimMatcher),
}

// === impl StringMatcher ===

impl StringMatcher {
    /// Tells whether a value satisfies the condition.
    #[must_use]
    pub fn matches(&self, value: &str) -> bool {
        match self {
            Self::Present => true,
            Self::Exact(text) => value == text,
            Self::Prefix(text) => value.starts_with(text.as_str()),
            Self::Regex(regex) => regex.matches(value),
        }
    }
}

// === impl PathMatcher ===

impl PathMatcher {
    /// Tells whether a path (without query) satisfies the condition.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        match self {
            Self::Any => path.starts_with('/'),
            Self::Exact { path: text, ignore_case: false } => path == text,
            Self::Exact { path: text, ignore_case: true } => path.eq_ignore_ascii_case(text),
            Self::Prefix { prefix, ignore_case: false } => path.starts_with(prefix.as_str()),
            Self::Prefix { prefix, ignore_case: true } => path
                .as_bytes()
                .get(..prefix.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(prefix.as_bytes())),
            Self::SegmentPrefix(prefix) => {
                prefix == "/"
                    || path
                        .strip_prefix(prefix.as_str())
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
            Self::Regex(regex) => regex.matches(path),
        }
    }

    /// Tells whether the condition alone admits every path in istiod's eyes: none, prefix `/`,
    /// or the regex `.*` to the letter.
    #[must_use]
    pub fn is_catch_all(&self) -> bool {
        match self {
            Self::Any => true,
            Self::Exact { .. } => false,
            Self::Prefix { prefix, .. } | Self::SegmentPrefix(prefix) => prefix == "/",
            Self::Regex(regex) => regex.as_str() == ".*",
        }
    }
}

// === impl HeaderMatcher ===

impl HeaderMatcher {
    fn matches(&self, request: &Request) -> bool {
        let pseudo = match self.name.as_str() {
            ":method" => Some(&request.method),
            ":scheme" => Some(&request.scheme),
            ":authority" | "host" => Some(&request.authority),
            ":path" => Some(&request.path),
            _ => None,
        };
        match pseudo {
            Some(value) => self.value.matches(value) != self.without,
            None => self.matches_lines(request.headers.values(&self.name)),
        }
    }

    /// Each line is tested alone: one is enough, and under `without` none may match (E-31).
    fn matches_lines<'v>(&self, values: impl Iterator<Item = &'v str>) -> bool {
        let mut missing = true;
        for value in values {
            missing = false;
            if self.value.matches(value) {
                return !self.without;
            }
        }
        match &self.value {
            // E-32: nothing but `without` holds for a missing header ...
            StringMatcher::Present => self.without,
            // ... and there the missing header is the empty text.
            value if missing && self.without => !value.matches(""),
            _ => self.without,
        }
    }
}

// === impl QueryMatcher ===

impl QueryMatcher {
    fn matches(&self, query: Option<&str>) -> bool {
        let pieces = query.unwrap_or_default().split('&').filter(|piece| !piece.is_empty());
        let mut parameters = pieces.map(|piece| piece.split_once('=').unwrap_or((piece, "")));
        parameters
            .find(|(name, _)| *name == self.name)
            .is_some_and(|(_, value)| self.value.matches(value))
    }
}

// === impl ClaimMatcher ===

impl ClaimMatcher {
    fn matches(&self, request: &Request) -> bool {
        let mut values = request.claims.iter().filter(|(name, _)| *name == self.claim);
        values.any(|(_, value)| self.value.matches(value)) != self.without
    }
}

// === impl RouteMatcher ===

impl RouteMatcher {
    /// Builds a matcher with a condition on the path only.
    #[must_use]
    pub const fn path(path: PathMatcher) -> Self {
        Self { path, headers: Vec::new(), query: Vec::new(), claims: Vec::new() }
    }

    /// Tells whether a request meets all conditions.
    #[must_use]
    pub fn matches(&self, request: &Request) -> bool {
        self.mismatch(request).is_none()
    }

    /// Returns the first condition that a request does not meet; `None` if the route matches.
    #[must_use]
    pub fn mismatch(&self, request: &Request) -> Option<Mismatch<'_>> {
        let (path, query) = split_query(&request.path);
        if !self.path.matches(path) {
            return Some(Mismatch::Path(&self.path));
        }
        if let Some(header) = self.headers.iter().find(|header| !header.matches(request)) {
            return Some(Mismatch::Header(header));
        }
        if let Some(parameter) = self.query.iter().find(|parameter| !parameter.matches(query)) {
            return Some(Mismatch::Query(parameter));
        }
        self.claims.iter().find(|claim| !claim.matches(request)).map(Mismatch::Claim)
    }

    /// Tells whether istiod takes the route for a catch-all: no condition at all beside the path.
    #[must_use]
    pub fn is_catch_all(&self) -> bool {
        self.path.is_catch_all()
            && self.headers.is_empty()
            && self.query.is_empty()
            && self.claims.is_empty()
    }
}

#[cfg(test)]
mod tests;
