//! YAML as a tree in which every value knows its place.

use crate::diagnostic::Place;

/// One YAML value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where it stands; for an alias, where it is used.
    pub place: Place,
}

/// What a YAML value is.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing, `~` or `null`.
    Null,
    /// A boolean, also in the YAML 1.1 spellings that kubectl reads as one (`yes`, `on`, `y` ...).
    Bool(bool, String),
    /// A whole number, with its text.
    Integer(i128, String),
    /// Another number, with its text.
    Float(f64, String),
    /// Text, quoted or not.
    Text(String),
    /// A list.
    Sequence(Vec<Node>),
    /// A map in written order; keys are unique.
    Mapping(Vec<(Key, Node)>),
}

/// The key of a map entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The text.
    pub name: String,
    /// Where it stands.
    pub place: Place,
}

// === impl Node ===

impl Node {
    /// Returns the entries of a map; `None` for any other value.
    #[must_use]
    pub fn entries(&self) -> Option<&[(Key, Self)]> {
        match &self.value {
            Value::Mapping(entries) => Some(entries),
            _ => None,
        }
    }

    /// Returns the value of a key of a map.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.entries()?.iter().find(|(key, _)| key.name == name).map(|(_, node)| node)
    }

    /// Returns the text of a string value.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Describes the value in a few words for messages.
    #[must_use]
    pub fn describe(&self) -> String {
        match &self.value {
            Value::Null => "nothing".to_owned(),
            Value::Bool(_, raw) => format!("the boolean `{raw}`"),
            Value::Integer(_, raw) | Value::Float(_, raw) => format!("the number `{raw}`"),
            Value::Text(text) => format!("the text `{}`", shortened(text)),
            Value::Sequence(_) => "a list".to_owned(),
            Value::Mapping(_) => "a map".to_owned(),
        }
    }
}

/// At most 40 characters of a text.
fn shortened(text: &str) -> String {
    let mut chars = text.chars();
    let mut head: String = chars.by_ref().take(40).collect();
    if chars.next().is_some() {
        head.push('…');
    }
    head
}
