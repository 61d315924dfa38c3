//! YAML text to [`Node`] trees. The only place that names the YAML crate.
//!
//! A text is cut into documents first, so that one broken document does not hide the others.
//! Budgets bound depth, events and alias replay; nothing here can hang or run out of memory.

mod room;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::{Location, Options, Spanned};

use super::node::{Key, Node, Value};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, SourceId};

/// Values that aliases may add to a document.
const MAX_REPLAYED: usize = 100_000;

/// Reads all documents of a text; problems are reported, the documents around them are kept.
///
/// Empty documents are left out.
pub fn parse(source: SourceId, text: &str, problems: &mut Diagnostics) -> Vec<Node> {
    let mut nodes = Vec::new();
    for chunk in documents(text) {
        match room::with(chunk.text, || parse_document(source, &chunk, problems)).flatten() {
            Some(Node { value: Value::Null, .. }) | None => {}
            Some(node) => nodes.push(node),
        }
    }
    nodes
}

/// A document inside a text.
struct Chunk<'t> {
    text: &'t str,
    /// Lines before it.
    lines: u32,
}

/// Cuts a text at lines that begin with `---`: at column 1 that always ends a document.
fn documents(text: &str) -> Vec<Chunk<'_>> {
    let mut chunks = Vec::new();
    let (mut start, mut start_line) = (0, 0);
    let (mut offset, mut number) = (0, 0);
    for line in text.split_inclusive('\n') {
        let marker = line.strip_prefix("---").is_some_and(|rest| {
            rest.is_empty() || rest.starts_with(|c: char| c.is_ascii_whitespace())
        });
        if marker {
            chunks.push(Chunk { text: &text[start..offset], lines: start_line });
            (start, start_line) = (offset, number);
        }
        offset += line.len();
        number += 1;
    }
    chunks.push(Chunk { text: &text[start..], lines: start_line });
    // What stands before the first marker may be directives and comments only.
    chunks.retain(|chunk| {
        chunk.text.lines().any(|line| {
            let line = line.trim_start_matches('\u{feff}').trim();
            !line.is_empty() && !line.starts_with(['#', '%']) && line != "---"
        })
    });
    chunks
}

fn options(length: usize) -> Options {
    serde_yaml::options! {
        with_snippet: false,
        // `on`, `no`, `y` are booleans to the YAML 1.1 reader of kubectl.
        strict_booleans: false,
        // All repeated keys of a document are reported, not only the first.
        duplicate_keys: serde_yaml::DuplicateKeyPolicy::PassThrough,
        non_finite_float_policy: serde_yaml::NonFiniteFloatPolicy::AsString,
        alias_limits: serde_yaml::alias_limits! {
            max_total_replayed_events: MAX_REPLAYED,
        },
        budget: serde_yaml::budget! {
            max_events: length.saturating_add(MAX_REPLAYED),
            max_nodes: length.saturating_add(MAX_REPLAYED),
            // CustomResourceDefinitions nest to about 60.
            max_depth: 128,
            max_total_scalar_bytes: length.saturating_mul(4).saturating_add(1 << 24),
        },
    }
}

fn parse_document(source: SourceId, chunk: &Chunk<'_>, problems: &mut Diagnostics) -> Option<Node> {
    match serde_yaml::from_str_with_options::<Tree>(chunk.text, options(chunk.text.len())) {
        Ok(tree) => {
            let mut builder = Builder { source, chunk, problems };
            Some(builder.node(tree))
        }
        Err(error) => {
            let place =
                error.location().map_or(Place::new(source, chunk.lines + 1, 1), |location| {
                    place(source, chunk, location)
                });
            problems.push(refusal(&error, place));
            None
        }
    }
}

/// The YAML crate's error as a problem of ours.
fn refusal(error: &serde_yaml::Error, place: Place) -> Diagnostic {
    let text = error.without_snippet().to_string();
    // The crate appends the place, which we print ourselves.
    let message = text.split(" at line ").next().unwrap_or_default();
    let message = message.lines().next().unwrap_or_default().trim();
    Diagnostic::error("yaml", place, format!("this is no YAML that can be read: {message}"))
}

fn place(source: SourceId, chunk: &Chunk<'_>, location: Location) -> Place {
    let number = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    Place {
        source,
        line: chunk.lines.saturating_add(number(location.line().max(1))),
        column: number(location.column().max(1)),
        length: u32::try_from(location.span().len()).unwrap_or(u32::MAX),
    }
}

/// Turns the deserialised tree into nodes: places, raw texts, unique keys.
struct Builder<'a> {
    source: SourceId,
    chunk: &'a Chunk<'a>,
    problems: &'a mut Diagnostics,
}

impl Builder<'_> {
    fn node(&mut self, tree: Tree) -> Node {
        let mut place = place(self.source, self.chunk, tree.referenced);
        let raw = self.raw(tree.defined);
        let value = match tree.value {
            Plain::Null => Value::Null,
            Plain::Bool(value) => Value::Bool(value, raw),
            Plain::Integer(value) => Value::Integer(value, raw),
            Plain::Float(value) => Value::Float(value, raw),
            Plain::Text(text) => Value::Text(text),
            Plain::Sequence(items) => {
                place.length = 1;
                Value::Sequence(items.into_iter().map(|item| self.node(item)).collect())
            }
            Plain::Mapping(entries) => {
                place.length = 1;
                Value::Mapping(self.mapping(entries))
            }
        };
        Node { value, place }
    }

    fn mapping(&mut self, entries: Vec<(Spanned<String>, Tree)>) -> Vec<(Key, Node)> {
        let mut out: Vec<(Key, Node)> = Vec::with_capacity(entries.len());
        let mut seen = std::collections::BTreeMap::new();
        for (key, tree) in entries {
            let key =
                Key { name: key.value, place: place(self.source, self.chunk, key.referenced) };
            let node = self.node(tree);
            if let Some(first) = seen.insert(key.name.clone(), key.place) {
                let message = format!("the key `{}` stands twice in this map", key.name);
                let help = format!("it stands already in line {}", first.line);
                self.problems
                    .push(Diagnostic::error("duplicate-key", key.place, message).help(help));
                continue;
            }
            out.push((key, node));
        }
        out
    }

    /// The text of a scalar as written.
    fn raw(&self, location: Location) -> String {
        let span = location.span();
        let range = span.byte_offset().zip(span.byte_len());
        let slice = range.and_then(|(at, len)| {
            let (at, len) = (usize::try_from(at).ok()?, usize::try_from(len).ok()?);
            self.chunk.text.get(at..at.checked_add(len)?)
        });
        slice.unwrap_or_default().trim().to_owned()
    }
}

/// A value and its places, as the YAML crate gives them.
struct Tree {
    value: Plain,
    referenced: Location,
    defined: Location,
}

enum Plain {
    Null,
    Bool(bool),
    Integer(i128),
    Float(f64),
    Text(String),
    Sequence(Vec<Tree>),
    Mapping(Vec<(Spanned<String>, Tree)>),
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Spanned { value, referenced, defined } = Spanned::deserialize(deserializer)?;
        Ok(Self { value, referenced, defined })
    }
}

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PlainVisitor)
    }
}

struct PlainVisitor;

impl<'de> Visitor<'de> for PlainVisitor {
    type Value = Plain;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Plain, E> {
        Ok(Plain::Null)
    }

    fn visit_none<E: de::Error>(self) -> Result<Plain, E> {
        Ok(Plain::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Plain, E> {
        Ok(Plain::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Plain, E> {
        Ok(Plain::Integer(value.into()))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Plain, E> {
        Ok(Plain::Integer(value.into()))
    }

    fn visit_i128<E: de::Error>(self, value: i128) -> Result<Plain, E> {
        Ok(Plain::Integer(value))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Plain, E> {
        Ok(Plain::Float(value))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Plain, E> {
        Ok(Plain::Text(value.to_owned()))
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Plain, E> {
        Ok(Plain::Text(value))
    }

    fn visit_bytes<E: de::Error>(self, value: &[u8]) -> Result<Plain, E> {
        Ok(Plain::Text(String::from_utf8_lossy(value).into_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Plain, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Plain::Sequence(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Plain, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = access.next_key()? {
            entries.push((key, access.next_value()?));
        }
        Ok(Plain::Mapping(entries))
    }
}

#[cfg(test)]
mod tests;
