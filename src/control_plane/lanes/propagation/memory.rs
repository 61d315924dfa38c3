//! What a sidecar keeps of one request until its application calls others.

use std::collections::BTreeMap;

use crate::data_plane::Request;

/// What a sidecar remembers of one request: values of headers under the trace id that they came with.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Memory {
    values: BTreeMap<MemoryKey, String>,
}

/// The trace header, its value, the remembered header.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct MemoryKey {
    context: String,
    id: String,
    header: String,
}

// === impl Memory ===

impl Memory {
    /// Keeps the value of a header, if the request has it and a trace id.
    pub(super) fn remember(&mut self, context: &str, header: &str, request: &Request) {
        let Some(value) = request.headers.first(header) else { return };
        if let Some(key) = MemoryKey::of(context, header, request) {
            self.values.insert(key, value.to_owned());
        }
    }

    /// Returns what came in with the trace id of this request.
    pub(super) fn recall(&self, context: &str, header: &str, request: &Request) -> Option<&str> {
        self.values.get(&MemoryKey::of(context, header, request)?).map(String::as_str)
    }
}

// === impl MemoryKey ===

impl MemoryKey {
    fn of(context: &str, header: &str, request: &Request) -> Option<Self> {
        let id = request.headers.first(context).filter(|id| !id.is_empty())?;
        let [context, id, header] = [context, id, header].map(str::to_owned);
        Some(Self { context, id, header })
    }
}
