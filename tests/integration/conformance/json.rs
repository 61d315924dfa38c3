//! YAML nodes as JSON values that can be compared.

use lanecast::config::node::{Node, Value as Yaml};
use serde_json::Value;

/// Converts a node; whole and other numbers compare equal.
pub(crate) fn of(node: &Node) -> Value {
    match &node.value {
        Yaml::Null => Value::Null,
        Yaml::Bool(value, _) => Value::from(*value),
        #[expect(clippy::cast_precision_loss, reason = "recorded numbers are small")]
        Yaml::Integer(value, _) => number(*value as f64),
        Yaml::Float(value, _) => number(*value),
        Yaml::Text(text) => Value::from(text.as_str()),
        Yaml::Sequence(items) => items.iter().map(of).collect(),
        Yaml::Mapping(entries) => {
            Value::Object(entries.iter().map(|(key, node)| (key.name.clone(), of(node))).collect())
        }
    }
}

/// A number, rounded so that binary fractions do not matter.
pub(crate) fn number(value: f64) -> Value {
    Value::from((value * 1e6).round() / 1e6)
}

/// Sorts the list under a key: header lists compare as sets with repeats.
pub(crate) fn sort_list(value: &mut Value, key: &str) {
    if let Some(list) = value.get_mut(key).and_then(Value::as_array_mut) {
        list.sort_by_key(ToString::to_string);
    }
}
