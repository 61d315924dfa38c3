//! Header lines in order of arrival, with repeats, as Envoy's header map holds them.

/// Request headers that Envoy keeps in one slot: further lines are joined with `,` (E-31).
const SINGLE_SLOT: [&str; 37] = [
    "accept",
    "accept-encoding",
    "access-control-request-headers",
    "access-control-request-method",
    "access-control-request-private-network",
    "authorization",
    "cache-control",
    "content-encoding",
    "content-type",
    "expect",
    "grpc-accept-encoding",
    "grpc-timeout",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "origin",
    "pragma",
    "proxy-status",
    "referer",
    "user-agent",
    "via",
    "x-client-trace-id",
    "x-envoy-attempt-count",
    "x-envoy-decorator-operation",
    "x-envoy-downstream-service-cluster",
    "x-envoy-downstream-service-node",
    "x-envoy-external-address",
    "x-envoy-is-timeout-retry",
    "x-envoy-original-host",
    "x-envoy-original-path",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-request-id",
];

/// Headers of an answer that Envoy keeps in one slot, as observed.
const SINGLE_SLOT_OF_ANSWERS: [&str; 31] = [
    "access-control-allow-credentials",
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-origin",
    "access-control-allow-private-network",
    "access-control-expose-headers",
    "access-control-max-age",
    "age",
    "cache-control",
    "content-encoding",
    "content-type",
    "date",
    "etag",
    "expires",
    "grpc-message",
    "grpc-status",
    "last-modified",
    "location",
    "proxy-status",
    "server",
    "vary",
    "via",
    "x-envoy-attempt-count",
    "x-envoy-decorator-operation",
    "x-envoy-degraded",
    "x-envoy-immediate-health-check-fail",
    "x-envoy-ratelimited",
    "x-envoy-upstream-canary",
    "x-envoy-upstream-healthchecked-cluster",
    "x-envoy-upstream-service-time",
    "x-request-id",
];

/// Header lines: lower-case names, values as sent, repeats kept in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HeaderMap {
    lines: Vec<(String, String)>,
}

// === impl HeaderMap ===

impl HeaderMap {
    /// Returns a map without headers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Decodes the lines of a request: names become lower-case, blanks around values go, single-slot headers are
    /// joined (E-31).
    pub fn decode<N: AsRef<str>, V: Into<String>>(lines: impl IntoIterator<Item = (N, V)>) -> Self {
        let mut map = Self::new();
        for (name, value) in lines {
            map.append_joined(&name.as_ref().to_ascii_lowercase(), without_blanks(value.into()));
        }
        map
    }

    /// Decodes the lines of an answer in the same manner; it has other single-slot headers.
    pub fn decode_answer<N: AsRef<str>, V: Into<String>>(
        lines: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let mut map = Self::new();
        for (name, value) in lines {
            let value = without_blanks(value.into());
            map.append_joined_to_answer(&name.as_ref().to_ascii_lowercase(), value);
        }
        map
    }

    /// Returns all lines as (name, value).
    #[must_use]
    pub fn lines(&self) -> &[(String, String)] {
        &self.lines
    }

    /// Returns the values of all lines of a name (lower-case), in order.
    pub fn values<'m>(&'m self, name: &'m str) -> impl Iterator<Item = &'m str> {
        self.lines.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Returns the value of the first line of a name (lower-case).
    #[must_use]
    pub fn first(&self, name: &str) -> Option<&str> {
        self.lines.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Tells whether a line of this name (lower-case) is there.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.first(name).is_some()
    }

    /// Drops every line of a name (lower-case).
    pub fn remove(&mut self, name: &str) {
        self.lines.retain(|(key, _)| key != name);
    }

    /// Drops every line for which `condition` holds.
    pub fn remove_if(&mut self, mut condition: impl FnMut(&str, &str) -> bool) {
        self.lines.retain(|(name, value)| !condition(name, value));
    }

    /// Replaces every line of a name (lower-case) by one line at the end.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.remove(name);
        self.append(name, value);
    }

    /// Adds a line at the end.
    pub fn append(&mut self, name: &str, value: impl Into<String>) {
        self.lines.push((name.to_owned(), value.into()));
    }

    /// Adds a line to a request; a single-slot name (E-31) that is there already gets the value behind
    /// a comma.
    pub fn append_joined(&mut self, name: &str, value: String) {
        self.append_or_join(&SINGLE_SLOT, name, value);
    }

    /// Adds a line to an answer, in the same manner.
    pub fn append_joined_to_answer(&mut self, name: &str, value: String) {
        self.append_or_join(&SINGLE_SLOT_OF_ANSWERS, name, value);
    }

    fn append_or_join(&mut self, slots: &[&str], name: &str, value: String) {
        let slot = self.lines.iter_mut().find(|(key, _)| key == name);
        match slot {
            Some((_, present)) if slots.contains(&name) => {
                // An empty line adds nothing (E-31).
                if !value.is_empty() {
                    if !present.is_empty() {
                        present.push(',');
                    }
                    present.push_str(&value);
                }
            }
            _ => self.append(name, value),
        }
    }
}

/// What is left of a value on the wire: blanks around it belong to the line.
fn without_blanks(value: String) -> String {
    let kept = value.trim_matches([' ', '\t']);
    if kept.len() == value.len() { value } else { kept.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::HeaderMap;

    #[test]
    fn repeated_lines_stay_apart_unless_the_name_has_one_slot() {
        let map = HeaderMap::decode([
            ("X-A", "1"),
            ("x-a", "2"),
            ("Accept", "a"),
            ("accept", ""),
            ("ACCEPT", "b"),
            ("Cookie", "a=1"),
            ("cookie", "b=2"),
        ]);
        assert_eq!(map.values("x-a").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(map.values("accept").collect::<Vec<_>>(), ["a,b"]);
        assert_eq!(map.values("cookie").count(), 2);
    }

    #[test]
    fn blanks_around_a_value_are_no_part_of_it() {
        let map = HeaderMap::decode([("x-a", " 1\t"), ("accept", " a b "), ("accept", "\tc")]);
        assert_eq!(map.first("x-a"), Some("1"));
        assert_eq!(map.first("accept"), Some("a b,c"));
        let answer = HeaderMap::decode_answer([("x-a", " 1\t"), ("vary", "\ta")]);
        assert_eq!((answer.first("x-a"), answer.first("vary")), (Some("1"), Some("a")));
    }

    #[test]
    fn an_answer_has_slots_of_its_own() {
        let map = HeaderMap::decode_answer([
            ("Vary", "a"),
            ("vary", "b"),
            ("Accept", "a"),
            ("accept", "b"),
            ("set-cookie", "a=1"),
            ("set-cookie", "b=2"),
        ]);
        assert_eq!(map.values("vary").collect::<Vec<_>>(), ["a,b"]);
        assert_eq!(map.values("accept").count(), 2);
        assert_eq!(map.values("set-cookie").count(), 2);
    }

    #[test]
    fn set_leaves_one_line_at_the_end() {
        let mut map = HeaderMap::decode([("a", "1"), ("b", "2"), ("a", "3")]);
        map.set("a", "4");
        assert_eq!(map.lines(), [("b".into(), "2".into()), ("a".into(), "4".into())]);
    }
}
