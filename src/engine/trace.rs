//! What one request did, as a tree and as text: `mocka@v2>mockb@v1>mockc@v2`.

use std::sync::Arc;

/// The way of a request from one point on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trace {
    /// An application served it.
    Served(Box<Served>),
    /// A proxy answered; 0 is a connection that nobody took.
    Answered(u16),
    /// It left the mesh.
    Outside(String),
    /// One of many ways that are too rare to be told apart.
    Rest,
}

/// An application that served a request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Served {
    /// Name.
    pub app: String,
    /// Version; empty if unknown.
    pub version: String,
    /// Whether a fallback led here.
    pub fallback: bool,
    /// Its answer, if it is an error.
    pub error: Option<u16>,
    /// The calls it made, in order.
    pub calls: Vec<TracedCall>,
}

/// A call of an application and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TracedCall {
    /// The service that was called.
    pub service: String,
    /// What became of it.
    pub trace: Arc<Trace>,
}

// === impl Trace ===

impl Trace {
    /// Marks a trace as reached by fallback.
    #[must_use]
    pub(super) fn by_fallback(&self) -> Self {
        match self {
            Self::Served(served) => {
                Self::Served(Box::new(Served { fallback: true, ..(**served).clone() }))
            }
            other => other.clone(),
        }
    }

    /// Prints the trace. With `from`, only the calls to that service are printed, joined with `+`; if there
    /// are none, the whole trace is.
    ///
    /// `>` leads to a call, several calls stand in parentheses joined with `+`, a number is the status that a
    /// caller got from its own proxy, `!` marks the status of an application that failed by itself, `…`
    /// stands for ways that are too rare to be listed.
    #[must_use]
    pub fn text(&self, from: Option<&str>) -> String {
        let mut text = String::new();
        let found = from.map(|service| self.calls_to(service)).unwrap_or_default();
        if found.is_empty() {
            self.write(&mut text);
        }
        for (index, trace) in found.iter().enumerate() {
            if index > 0 {
                text.push('+');
            }
            trace.write(&mut text);
        }
        text
    }

    /// Returns the services that were reached by fallback, in order; with `from`, only those in sight.
    #[must_use]
    pub fn fallbacks(&self, from: Option<&str>) -> Vec<String> {
        let found = from.map(|service| self.calls_to(service)).unwrap_or_default();
        let mut list = Vec::new();
        if found.is_empty() {
            self.collect_fallbacks(&mut list);
        }
        for trace in found {
            trace.collect_fallbacks(&mut list);
        }
        list
    }

    fn write(&self, text: &mut String) {
        match self {
            Self::Answered(0) => text.push_str("refused"),
            Self::Answered(status) => text.push_str(&status.to_string()),
            Self::Outside(host) => text.push_str(host),
            Self::Rest => text.push('…'),
            Self::Served(served) => served.write(text),
        }
    }

    /// The topmost calls to a service, those that did not reach it among them.
    fn calls_to(&self, service: &str) -> Vec<&Self> {
        let Self::Served(served) = self else { return Vec::new() };
        if served.app == service {
            return vec![self];
        }
        let below = served.calls.iter().map(|call| {
            if call.service == service { vec![&*call.trace] } else { call.trace.calls_to(service) }
        });
        below.flatten().collect()
    }

    fn collect_fallbacks(&self, list: &mut Vec<String>) {
        if let Self::Served(served) = self {
            if served.fallback {
                list.push(served.app.clone());
            }
            served.calls.iter().for_each(|call| call.trace.collect_fallbacks(list));
        }
    }
}

impl Served {
    fn write(&self, text: &mut String) {
        text.push_str(&self.app);
        if !self.version.is_empty() {
            text.push('@');
            text.push_str(&self.version);
        }
        if let Some(status) = self.error {
            text.push('!');
            text.push_str(&status.to_string());
        }
        match self.calls.as_slice() {
            [] => {}
            [only] => {
                text.push('>');
                only.trace.write(text);
            }
            several => {
                text.push_str(">(");
                for (index, call) in several.iter().enumerate() {
                    if index > 0 {
                        text.push('+');
                    }
                    call.trace.write(text);
                }
                text.push(')');
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served(app: &str, fallback: bool, calls: Vec<(&str, Trace)>) -> Trace {
        let call = |(service, trace): (&str, Trace)| TracedCall {
            service: service.into(),
            trace: Arc::new(trace),
        };
        Trace::Served(Box::new(Served {
            app: app.into(),
            version: "v1".into(),
            fallback,
            error: None,
            calls: calls.into_iter().map(call).collect(),
        }))
    }

    #[test]
    fn calls_follow_their_caller_and_siblings_stand_in_parentheses() {
        let ratings = ("ratings", served("ratings", false, vec![]));
        let page = served(
            "productpage",
            false,
            vec![
                ("details", served("details", false, vec![])),
                ("reviews", Trace::Answered(503)),
                ("reviews", served("reviews", true, vec![ratings])),
            ],
        );
        assert_eq!(page.text(None), "productpage@v1>(details@v1+503+reviews@v1>ratings@v1)");
        assert_eq!(page.text(Some("reviews")), "503+reviews@v1>ratings@v1");
        assert_eq!(page.text(Some("nobody")), page.text(None));
        assert_eq!(page.fallbacks(None), ["reviews"]);
        assert_eq!(Trace::Answered(404).text(Some("reviews")), "404");
        assert_eq!(Trace::Answered(0).text(None), "refused");
    }
}
