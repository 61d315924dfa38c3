//! [`Node`] trees to typed records: the schema checks that the API server makes.
//!
//! Nothing stops at the first problem: a value of the wrong type is reported and left out, the fields
//! around it are still read. Numbers and text are not converted into each other, as in Kubernetes.

use std::collections::BTreeMap;
use std::ops::Deref;

use super::node::{Key, Node, Value};
use crate::diagnostic::{Diagnostic, Diagnostics, Place};
use crate::units::Nanos;

/// A type that can be read from a node.
pub trait Decode: Sized {
    /// Reads the node; reports and returns `None` if it does not fit.
    fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self>;
}

/// A value together with its place, for checks that come later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub place: Place,
}

/// A map in written order.
pub type Entries<T> = Vec<(Located<String>, T)>;

// === impl Located ===

impl<T> Deref for Located<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Decode> Decode for Located<T> {
    fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        Some(Self { value: T::decode(node, problems)?, place: node.place })
    }
}

// === impl Decode for plain types ===

/// Reports that a node has the wrong type.
pub fn wrong_type(node: &Node, expected: &str, problems: &mut Diagnostics) {
    let message = format!("expected {expected}, found {}", node.describe());
    let mut problem = Diagnostic::error("wrong-type", node.place, message);
    if expected.starts_with("text") {
        match &node.value {
            Value::Bool(_, raw) if !matches!(raw.as_str(), "true" | "false") => {
                problem = problem.help(format!(
                    "kubectl reads the bare word `{raw}` as a boolean (YAML 1.1); write it in quotes: '{raw}'"
                ));
            }
            Value::Bool(_, raw) | Value::Integer(_, raw) | Value::Float(_, raw) => {
                problem = problem.help(format!("write it in quotes: '{raw}'"));
            }
            _ => {}
        }
    } else if let Value::Text(text) = &node.value
        && text.parse::<f64>().is_ok()
    {
        problem = problem.help(format!("write it without quotes: {text}"));
    }
    problems.push(problem);
}

impl Decode for String {
    fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        if let Value::Text(text) = &node.value {
            return Some(text.clone());
        }
        wrong_type(node, "text", problems);
        None
    }
}

impl Decode for bool {
    fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        if let Value::Bool(value, _) = node.value {
            return Some(value);
        }
        wrong_type(node, "true or false", problems);
        None
    }
}

impl Decode for f64 {
    fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        match node.value {
            Value::Integer(value, _) => Some(value as Self),
            Value::Float(value, _) => Some(value),
            _ => {
                wrong_type(node, "a number", problems);
                None
            }
        }
    }
}

/// A whole number in a range.
fn whole(node: &Node, low: i128, high: i128, problems: &mut Diagnostics) -> Option<i128> {
    let number = match node.value {
        Value::Integer(value, _) => value,
        // JSON knows one kind of number: 50.0 is the whole number 50.
        #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and small")]
        Value::Float(value, _) if value.fract() == 0.0 && value.abs() < 1e15 => value as i128,
        _ => {
            wrong_type(node, "a whole number", problems);
            return None;
        }
    };
    if (low..=high).contains(&number) {
        return Some(number);
    }
    let message = format!("{number} is not between {low} and {high}");
    problems.push(Diagnostic::error("out-of-range", node.place, message));
    None
}

macro_rules! decode_integers {
    ($($type:ty),*) => {$(
        impl Decode for $type {
            fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
                let number = whole(node, <$type>::MIN.into(), <$type>::MAX.into(), problems)?;
                <$type>::try_from(number).ok()
            }
        }
    )*};
}

decode_integers!(u16, u32, u64, i32, i64);

impl Decode for Nanos {
    /// Reads Go's notation; a negative length or one without unit is refused.
    fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        let Some(text) = node.text() else {
            wrong_type(node, "a duration such as 10ms or 1.5s", problems);
            return None;
        };
        text.parse()
            .map_err(|error: crate::units::InvalidDuration| {
                let message = format!("`{text}` is no duration: {error}");
                problems.push(Diagnostic::error("invalid-duration", node.place, message));
            })
            .ok()
    }
}

impl<T: Decode> Decode for Box<T> {
    fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        T::decode(node, problems).map(Self::new)
    }
}

/// `null` and an absent key are the same.
impl<T: Decode> Decode for Option<T> {
    fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        Some(if node.value == Value::Null { None } else { T::decode(node, problems) })
    }
}

impl<T: Decode> Decode for Vec<T> {
    fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        let Value::Sequence(items) = &node.value else {
            wrong_type(node, "a list", problems);
            return None;
        };
        Some(items.iter().filter_map(|item| T::decode(item, problems)).collect())
    }
}

/// A map in written order.
///
/// A separate function because `Vec` already reads lists.
pub fn entries<T: Decode>(node: &Node, problems: &mut Diagnostics) -> Option<Entries<T>> {
    let Some(list) = node.entries() else {
        wrong_type(node, "a map", problems);
        return None;
    };
    let read = |(key, value): &(Key, Node)| {
        let name = Located { value: key.name.clone(), place: key.place };
        Some((name, T::decode(value, problems)?))
    };
    Some(list.iter().filter_map(read).collect())
}

/// A map in written order, as a field type.
#[derive(Clone, Debug, PartialEq)]
pub struct Map<T>(
    /// The entries.
    pub Entries<T>,
);

impl<T> Default for Map<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Deref for Map<T> {
    type Target = [(Located<String>, T)];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<T: Decode> Decode for Map<T> {
    fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        entries(node, problems).map(Self)
    }
}

/// Labels: text to text.
impl Decode for BTreeMap<String, String> {
    fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        let entries = entries::<String>(node, problems)?;
        Some(entries.into_iter().map(|(key, value)| (key.value, value)).collect())
    }
}

// === Records ===

/// The fields of a map while a record is read from it.
pub struct Fields<'n> {
    what: &'static str,
    entries: &'n [(Key, Node)],
    known: Vec<&'static str>,
}

impl<'n> Fields<'n> {
    /// Opens a map; reports anything else.
    pub fn open(what: &'static str, node: &'n Node, problems: &mut Diagnostics) -> Option<Self> {
        let Some(entries) = node.entries() else {
            wrong_type(node, &format!("a map ({what})"), problems);
            return None;
        };
        Some(Self { what, entries, known: Vec::new() })
    }

    /// Reads a field; an absent or empty one, and one that does not fit, gives the default.
    pub fn take<T: Decode + Default>(
        &mut self,
        name: &'static str,
        problems: &mut Diagnostics,
    ) -> T {
        self.known.push(name);
        let field = self.entries.iter().find(|(key, _)| key.name == name);
        match field {
            Some((_, node)) if node.value != Value::Null => {
                T::decode(node, problems).unwrap_or_default()
            }
            _ => T::default(),
        }
    }

    /// Accepts fields that are read elsewhere.
    pub fn know(&mut self, names: &[&'static str]) {
        self.known.extend(names);
    }

    /// Warns about fields that nobody asked for; `["*"]` accepts everything.
    pub fn finish(self, ignored: &[&'static str], problems: &mut Diagnostics) {
        if ignored == ["*"] {
            return;
        }
        for (key, _) in self.entries {
            let name = key.name.as_str();
            if self.known.contains(&name) || ignored.contains(&name) {
                continue;
            }
            let message = format!("{} has no field `{name}`; it is ignored", self.what);
            let mut problem = Diagnostic::warning("unknown-field", key.place, message);
            if let Some(close) = closest(name, self.known.iter().chain(ignored).copied()) {
                problem = problem.help(format!("did you mean `{close}`?"));
            }
            problems.push(problem);
        }
    }
}

/// Returns the candidate that is at most a few edits away from `name`.
pub fn closest<'c>(name: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    let length = name.chars().count();
    // The distance of very long texts is not worth its quadratic time.
    if length > 64 {
        return None;
    }
    let limit = (length / 3).clamp(1, 3);
    let lower = name.to_lowercase();
    let scored = candidates
        .map(|candidate| (strsim::osa_distance(&lower, &candidate.to_lowercase()), candidate));
    scored.filter(|(distance, _)| *distance <= limit).min().map(|(_, candidate)| candidate)
}

/// Declares a record: a struct whose fields are the keys of a map, and how it is read.
///
/// Absent keys give the default of their type; unknown keys warn.
macro_rules! record {
    (
        $(#[$meta:meta])*
        pub struct $name:ident ($what:literal) {
            $( $(#[$field_meta:meta])* $key:literal => $field:ident : $type:ty, )*
        }
        $( ignore [ $($ignored:literal),* $(,)? ] )?
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name {
            /// Where it stands.
            pub place: $crate::diagnostic::Place,
            $( $(#[$field_meta])* pub $field: $type, )*
        }

        impl $crate::config::decode::Decode for $name {
            fn decode(
                node: &$crate::config::node::Node,
                problems: &mut $crate::diagnostic::Diagnostics,
            ) -> Option<Self> {
                let mut fields = $crate::config::decode::Fields::open($what, node, problems)?;
                let record = Self {
                    place: node.place,
                    $( $field: fields.take($key, problems), )*
                };
                fields.finish(&[$($($ignored),*)?], problems);
                Some(record)
            }
        }
    };
}

/// Declares an enum of fixed words and how it is read.
macro_rules! words {
    (
        $(#[$meta:meta])*
        pub enum $name:ident ($what:literal) {
            $( $(#[$word_meta:meta])* $word:literal => $variant:ident, )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $( $(#[$word_meta])* $variant, )*
        }

        impl $crate::config::decode::Decode for $name {
            fn decode(
                node: &$crate::config::node::Node,
                problems: &mut $crate::diagnostic::Diagnostics,
            ) -> Option<Self> {
                let word = String::decode(node, problems)?;
                match word.as_str() {
                    $( $word => Some(Self::$variant), )*
                    _ => {
                        let known = [$($word),*].join(", ");
                        let message = format!("`{word}` is no {}", $what);
                        let problem =
                            $crate::diagnostic::Diagnostic::error("unknown-word", node.place, message);
                        problems.push(problem.help(format!("one of: {known}")));
                        None
                    }
                }
            }
        }
    };
}

pub(crate) use {record, words};

#[cfg(test)]
mod tests;
