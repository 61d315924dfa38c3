//! Protobuf messages in their JSON form: fields that are not set are left out.

use serde_json::{Map, Value};

use crate::data_plane::Fraction;
use crate::units::Nanos;

/// A message that is being filled.
#[derive(Debug, Default)]
pub(super) struct Message {
    fields: Map<String, Value>,
}

// === impl Message ===

impl Message {
    /// Starts a message whose type its field declares.
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Starts a message inside an `Any`: `name` is its full name, `envoy.…`.
    pub(super) fn typed(name: &str) -> Self {
        Self::new().with("@type", format!("type.googleapis.com/{name}"))
    }

    /// Sets a field.
    pub(super) fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(field.to_owned(), value.into());
        self
    }

    /// Sets a field if there is a value.
    pub(super) fn with_some(self, field: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(field, value),
            None => self,
        }
    }

    /// Sets a repeated field unless it is empty.
    pub(super) fn with_list(self, field: &str, values: impl IntoIterator<Item = Value>) -> Self {
        let values: Vec<Value> = values.into_iter().collect();
        if values.is_empty() { self } else { self.with(field, values) }
    }

    /// Sets a field if it is true: false is what Envoy assumes.
    pub(super) fn with_flag(self, field: &str, value: bool) -> Self {
        if value { self.with(field, true) } else { self }
    }

    /// Tells whether no field is set.
    pub(super) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }
}

impl From<Message> for Value {
    fn from(message: Message) -> Self {
        Self::Object(message.fields)
    }
}

/// A `google.protobuf.Duration`: seconds with up to nine decimals.
pub(super) fn duration(length: Nanos) -> String {
    let (seconds, nanos) = (length.0 / Nanos::SECOND.0, length.0 % Nanos::SECOND.0);
    if nanos == 0 {
        return format!("{seconds}s");
    }
    let decimals = format!("{nanos:09}");
    format!("{seconds}.{}s", decimals.trim_end_matches('0'))
}

/// An `envoy.type.v3.FractionalPercent`.
pub(super) fn fractional_percent(fraction: Fraction) -> Value {
    let (numerator, denominator) = match fraction.denominator {
        100 => (fraction.numerator, "HUNDRED"),
        10_000 => (fraction.numerator, "TEN_THOUSAND"),
        1_000_000 => (fraction.numerator, "MILLION"),
        other => {
            let scaled = u64::from(fraction.numerator) * 1_000_000 / u64::from(other.max(1));
            (u32::try_from(scaled).unwrap_or(u32::MAX), "MILLION")
        }
    };
    Message::new().with("numerator", numerator).with("denominator", denominator).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn durations_are_seconds_with_decimals() {
        for (nanos, expected) in [
            (0, "0s"),
            (10_000_000_000, "10s"),
            (25_000_000, "0.025s"),
            (1_000_000_001, "1.000000001s"),
            (90_500_000_000, "90.5s"),
        ] {
            assert_eq!(duration(Nanos(nanos)), expected);
        }
    }

    #[test]
    fn fractions_keep_their_denominator() {
        for (numerator, denominator, expected) in [
            (25, 100, json!({"numerator": 25, "denominator": "HUNDRED"})),
            (1, 10_000, json!({"numerator": 1, "denominator": "TEN_THOUSAND"})),
            (20_099, 1_000_000, json!({"numerator": 20_099, "denominator": "MILLION"})),
            (1, 8, json!({"numerator": 125_000, "denominator": "MILLION"})),
        ] {
            assert_eq!(fractional_percent(Fraction { numerator, denominator }), expected);
        }
    }

    #[test]
    fn what_is_not_set_is_left_out() {
        let message = Message::new()
            .with_some("a", None::<u32>)
            .with_list("b", [])
            .with_flag("c", false)
            .with_flag("d", true);
        assert_eq!(Value::from(message), json!({"d": true}));
    }
}
