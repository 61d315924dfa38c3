//! Header operations of a route: remove, set, add, with Envoy's `%COMMAND%` values.

use super::headers::HeaderMap;
use super::request::Request;

/// One block of header operations; runs in the steps of R-117.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderOps {
    /// Lower-case names whose lines are dropped.
    pub remove: Vec<String>,
    /// Names (lower-case) that get one new line; a later entry of the same name wins.
    pub set: Vec<(String, Template)>,
    /// Names (lower-case) that get one more line.
    pub add: Vec<(String, Template)>,
}

/// A header value with commands, e.g. `lane-%REQ(x-asm-prefer-tag)%`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    text: String,
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// `%REQ(name?other):limit%`
    Request {
        name: String,
        other: Option<String>,
        limit: Option<usize>,
    },
    /// `%RESP(name?other):limit%`
    Response {
        name: String,
        other: Option<String>,
        limit: Option<usize>,
    },
    /// `%RESPONSE_CODE%`
    Status,
}

/// What the values of a block can refer to.
#[derive(Clone, Copy, Debug)]
pub struct Context<'r> {
    /// The request: its line is used for `:path`, `:method` and `:authority`, its headers for the rest.
    pub request: &'r Request,
    /// Status of the upstream's answer; `None` if there is none, which prints as 0.
    pub status: Option<u16>,
}

// === impl HeaderOps ===

impl HeaderOps {
    /// Tells whether the block does nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.remove.is_empty() && self.set.is_empty() && self.add.is_empty()
    }

    /// Appends another block, so that both run as one.
    pub fn extend(&mut self, other: &Self) {
        self.remove.extend(other.remove.iter().cloned());
        self.set.extend(other.set.iter().cloned());
        self.add.extend(other.add.iter().cloned());
    }

    /// Runs the block on the headers of a request that is being forwarded.
    ///
    /// `received` gives path, method and Host of values; all other names are looked up in `headers`
    /// as the removes of this block left them.
    pub fn apply_to_request(&self, headers: &mut HeaderMap, received: &Request) {
        self.drop_removed(headers);
        let left = headers.clone();
        let value = |template: &Template| template.render_request(received, &left);
        let set = evaluate(&self.set, value);
        let add = evaluate(&self.add, value);
        write(headers, set, add, HeaderMap::append_joined);
    }

    /// Runs the block on the headers of an answer.
    pub fn apply_to_response(&self, headers: &mut HeaderMap, context: Context<'_>) {
        self.drop_removed(headers);
        let left = headers.clone();
        let value = |template: &Template| template.render_response(&left, context);
        let set = evaluate(&self.set, value);
        let add = evaluate(&self.add, value);
        write(headers, set, add, HeaderMap::append_joined_to_answer);
    }

    fn drop_removed(&self, headers: &mut HeaderMap) {
        for name in &self.remove {
            headers.remove(name);
        }
    }
}

/// Step 2 of R-117: all values before any write; empty ones are skipped.
fn evaluate(
    operations: &[(String, Template)],
    value: impl Fn(&Template) -> String,
) -> Vec<(&str, String)> {
    let values = operations.iter().map(|(name, template)| (name.as_str(), value(template)));
    values.filter(|(_, value)| !value.is_empty()).collect()
}

/// Steps 3 and 4 of R-117; single-slot headers join what is added.
fn write(
    headers: &mut HeaderMap,
    set: Vec<(&str, String)>,
    add: Vec<(&str, String)>,
    append: impl Fn(&mut HeaderMap, &str, String),
) {
    for (name, value) in set {
        headers.set(name, value);
    }
    for (name, value) in add {
        append(headers, name, value);
    }
}

// === impl Template ===

impl Template {
    /// Reads a value; commands that are not simulated stay as written.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('%') {
            literal.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            if let Some(tail) = rest.strip_prefix('%') {
                literal.push('%');
                rest = tail;
            } else if let Some((piece, tail)) = command(rest) {
                if !literal.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut literal)));
                }
                pieces.push(piece);
                rest = tail;
            } else {
                literal.push('%');
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            pieces.push(Piece::Text(literal));
        }
        Self { text: text.to_owned(), pieces }
    }

    /// Returns the value as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the text if the value has no command.
    #[must_use]
    pub fn literal(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    fn render_request(&self, received: &Request, left: &HeaderMap) -> String {
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Request { name, other, limit } => {
                    push_limited(&mut out, lookup(name, other.as_deref(), received, left), *limit);
                }
                Piece::Status => out.push('0'),
                Piece::Response { .. } => {}
            }
        }
        out
    }

    fn render_response(&self, headers: &HeaderMap, context: Context<'_>) -> String {
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Request { name, other, limit } => {
                    let request = context.request;
                    let value = lookup(name, other.as_deref(), request, &request.headers);
                    push_limited(&mut out, value, *limit);
                }
                Piece::Response { name, other, limit } => {
                    let other = other.as_deref().and_then(|other| headers.first(other));
                    push_limited(&mut out, headers.first(name).or(other), *limit);
                }
                Piece::Status => out.push_str(&context.status.unwrap_or(0).to_string()),
            }
        }
        out
    }
}

/// The value of `%REQ(name?other)%`: the first line of the name, or of the other name.
fn lookup<'v>(
    name: &str,
    other: Option<&str>,
    received: &'v Request,
    headers: &'v HeaderMap,
) -> Option<&'v str> {
    let one = |name: &str| match name {
        ":path" => Some(received.path.as_str()),
        ":method" => Some(received.method.as_str()),
        ":scheme" => Some(received.scheme.as_str()),
        ":authority" | "host" => Some(received.authority.as_str()),
        name => headers.first(name),
    };
    one(name).or_else(|| other.and_then(one))
}

fn push_limited(out: &mut String, value: Option<&str>, limit: Option<usize>) {
    let value = value.unwrap_or_default();
    out.extend(value.chars().take(limit.unwrap_or(usize::MAX)));
}

/// Reads a command behind its first `%`; gives the rest behind its last one.
fn command(text: &str) -> Option<(Piece, &str)> {
    if let Some(rest) = text.strip_prefix("REQ(") {
        let (name, other, limit, rest) = arguments(rest)?;
        return Some((Piece::Request { name, other, limit }, rest));
    }
    if let Some(rest) = text.strip_prefix("RESP(") {
        let (name, other, limit, rest) = arguments(rest)?;
        return Some((Piece::Response { name, other, limit }, rest));
    }
    if let Some(rest) = text.strip_prefix("RESPONSE_CODE%") {
        return Some((Piece::Status, rest));
    }
    if let Some(rest) = text.strip_prefix("PROTOCOL%") {
        return Some((Piece::Text("HTTP/1.1".to_owned()), rest));
    }
    let (name, rest) = text.split_once('%')?;
    let is_command = name.starts_with(|c: char| c.is_ascii_uppercase());
    is_command.then(|| (Piece::Text(format!("%{name}%")), rest))
}

type Arguments<'t> = (String, Option<String>, Option<usize>, &'t str);

/// `name?other)%` or `name?other):limit%`
fn arguments(text: &str) -> Option<Arguments<'_>> {
    let (inside, rest) = text.split_once(')')?;
    let (limit, rest) = match rest.strip_prefix(':') {
        Some(rest) => {
            let (digits, rest) = rest.split_once('%')?;
            (Some(digits.parse().ok()?), rest)
        }
        None => (None, rest.strip_prefix('%')?),
    };
    let (name, other) = match inside.split_once('?') {
        Some((name, other)) => (name, Some(other.to_ascii_lowercase())),
        None => (inside, None),
    };
    Some((name.to_ascii_lowercase(), other, limit, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ops(remove: &[&str], set: &[(&str, &str)], add: &[(&str, &str)]) -> HeaderOps {
        let pairs = |list: &[(&str, &str)]| {
            list.iter().map(|(n, v)| ((*n).to_owned(), Template::parse(v))).collect()
        };
        let remove = remove.iter().map(|name| (*name).to_owned()).collect();
        HeaderOps { remove, set: pairs(set), add: pairs(add) }
    }

    fn run(block: &HeaderOps, lines: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut request = Request::get("shop", "/p?q");
        request.headers = HeaderMap::decode(lines.iter().copied());
        let mut headers = request.headers.clone();
        block.apply_to_request(&mut headers, &request);
        headers.lines().to_vec()
    }

    fn lines(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn a_block_removes_then_evaluates_then_sets_then_adds() {
        let block = ops(
            &["gone"],
            &[("was", "%REQ(gone)%"), ("x", "new"), ("old", "%REQ(x)%")],
            &[("x", "more"), ("p", "%REQ(:path)%")],
        );
        assert_eq!(
            run(&block, &[("gone", "1"), ("x", "a"), ("x", "b")]),
            lines(&[("x", "new"), ("old", "a"), ("x", "more"), ("p", "/p?q")])
        );
    }

    #[test]
    fn empty_values_are_skipped_and_the_last_set_wins() {
        let block = ops(&[], &[("a", ""), ("b", "%REQ(nope)%"), ("c", "1"), ("c", "2")], &[]);
        assert_eq!(run(&block, &[("a", "kept")]), lines(&[("a", "kept"), ("c", "2")]));
    }

    #[test]
    fn an_added_value_joins_the_line_of_a_single_slot_header() {
        let block = ops(&[], &[], &[("accept", "b"), ("x", "b")]);
        assert_eq!(
            run(&block, &[("accept", "a"), ("x", "a")]),
            lines(&[("accept", "a,b"), ("x", "a"), ("x", "b")])
        );
    }

    #[test]
    fn values_know_alternatives_limits_and_escapes() {
        for (text, expected) in [
            ("100%%", "100%"),
            ("%REQ(X?Y)%", "y"),
            ("a%REQ(y):1%z", "ayz"),
            ("%REQ(long):3%", "abc"),
            ("%PROTOCOL%", "HTTP/1.1"),
            ("%DOWNSTREAM_REMOTE_ADDRESS%", "%DOWNSTREAM_REMOTE_ADDRESS%"),
            ("50% off", "50% off"),
        ] {
            let block = ops(&[], &[("out", text)], &[]);
            let out = run(&block, &[("y", "y"), ("long", "abcdef")]);
            assert_eq!(out.last(), Some(&("out".to_owned(), expected.to_owned())), "{text}");
        }
    }

    #[test]
    fn response_values_see_the_request_and_the_answer() {
        let mut request = Request::get("shop", "/sent");
        request.headers.append("x-lane", "s2");
        let mut headers = HeaderMap::decode([("server", "app"), ("via", "a")]);
        let block = ops(
            &["via"],
            &[("lane", "%REQ(x-lane)%"), ("was", "%RESP(via)%"), ("code", "%RESPONSE_CODE%")],
            &[],
        );
        block.apply_to_response(&mut headers, Context { request: &request, status: Some(204) });
        assert_eq!(headers.lines(), lines(&[("server", "app"), ("lane", "s2"), ("code", "204")]));
    }
}
