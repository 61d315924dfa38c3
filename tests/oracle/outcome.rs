//! What became of a request: the answer, what an application got, and the copies.

use std::fmt::Write as _;

use crate::scene::Scene;
use crate::upstream::Arrival;
use crate::wire::Message;

/// What the data plane writes for a request id that a proxy makes up.
const MADE_UP_ID: &str = "00000000-0000-4000-8000-000000000000";
/// Lines of an answer that belong to the connection or to the time.
const NOT_COMPARED_IN_ANSWERS: [&str; 6] = [
    "connection",
    "content-length",
    "date",
    "server",
    "transfer-encoding",
    "x-envoy-upstream-service-time",
];
/// Lines of a request that belong to the connection.
const NOT_COMPARED_IN_REQUESTS: [&str; 3] = ["connection", "content-length", "transfer-encoding"];

/// The outcome of one request; header lines are sorted by name, those of one name stay in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    /// What the application got, if anything.
    pub(crate) sent: Option<Sent>,
    /// Copies by cluster.
    pub(crate) copies: Vec<Sent>,
}

/// A request as an application got it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) cluster: String,
    /// `IP:PORT`; `None` where lanecast does not say which.
    pub(crate) endpoint: Option<String>,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) host: String,
    pub(crate) headers: Vec<(String, String)>,
}

// === impl Outcome ===

impl Outcome {
    /// Reads what really happened.
    pub(crate) fn observed(scene: &Scene, answer: Message, arrivals: Vec<Arrival>) -> Self {
        let status = answer.start.split(' ').nth(1).and_then(|text| text.parse().ok());
        let mut outcome = Self {
            status: status.unwrap_or(0),
            headers: compared(answer.lines, &NOT_COMPARED_IN_ANSWERS),
            body: answer.body,
            ..Self::default()
        };
        for arrival in arrivals {
            // Envoy marks a copy as internal; no other request is.
            let copy = arrival.message.header("x-envoy-internal").is_some();
            let mut sent = Sent::observed(scene, arrival);
            if copy || outcome.sent.is_some() {
                // Envoy adds an address of the machine.
                sent.headers.retain(|(name, _)| name != "x-forwarded-for");
                outcome.copies.push(sent);
            } else {
                outcome.sent = Some(sent);
            }
        }
        outcome.copies.sort_by(|a, b| a.cluster.cmp(&b.cluster));
        outcome
    }

    /// Forgets what `expected` does not state: endpoints, and the text of an answer that comes before
    /// any routing.
    pub(crate) fn without_unstated(mut self, expected: &Self, kind: &str) -> Self {
        if kind == "bad-path" {
            // Some of these are noticed late enough to be told in the words of gRPC.
            let told =
                self.headers.iter().any(|(name, code)| name == "grpc-status" && code == "13");
            if self.status == 200 && told {
                self.status = 400;
            }
            self.headers.clear();
            self.body.clear();
        }
        let copies = self.copies.iter_mut().zip(&expected.copies);
        for (sent, expected) in self.sent.iter_mut().zip(&expected.sent).chain(copies) {
            if expected.endpoint.is_none() {
                sent.endpoint = None;
            }
        }
        self
    }

    /// Returns the lines in which two outcomes differ.
    pub(crate) fn differences(&self, got: &Self) -> String {
        let (expected, got) = (self.show(), got.show());
        let mut text = String::new();
        let lacks = |list: &[String], line: &String| {
            let count = |list: &[String]| list.iter().filter(|other| *other == line).count();
            count(list) < count(&expected).max(count(&got))
        };
        for line in expected.iter().filter(|line| lacks(&got, line)) {
            let _ = writeln!(text, "  - lanecast: {line}");
        }
        for line in got.iter().filter(|line| lacks(&expected, line)) {
            let _ = writeln!(text, "  + Envoy:    {line}");
        }
        if text.is_empty() {
            text.push_str("  (lines of one name are in another order)\n");
        }
        text
    }

    fn show(&self) -> Vec<String> {
        let mut lines = vec![format!("status {}", self.status), format!("body {:?}", self.body)];
        lines.extend(self.headers.iter().map(|(name, value)| format!("answer {name}: {value}")));
        let copies = self.copies.iter().map(|copy| ("copy", copy));
        for (what, sent) in self.sent.iter().map(|sent| ("sent", sent)).chain(copies) {
            let Sent { cluster, endpoint, method, path, host, headers } = sent;
            let endpoint = endpoint.as_deref().unwrap_or("any endpoint");
            lines.push(format!("{what} to {cluster} ({endpoint})"));
            lines.push(format!("{what} {method} {path} host {host}"));
            lines.extend(headers.iter().map(|(name, value)| format!("{what} {name}: {value}")));
        }
        lines
    }
}

// === impl Sent ===

impl Sent {
    fn observed(scene: &Scene, arrival: Arrival) -> Self {
        let Arrival { address, message } = arrival;
        let mut parts = message.start.split(' ').map(str::to_owned);
        let mut next = || parts.next().unwrap_or_default();
        let (method, path) = (next(), next());
        let host = message.header("host").unwrap_or_default().to_owned();
        let mut headers = compared(message.lines, &NOT_COMPARED_IN_REQUESTS);
        headers.retain(|(name, _)| name != "host");
        let cluster = scene.owner(&address).to_owned();
        Self { cluster, endpoint: Some(address), method, path, host, headers }
    }
}

/// Brings header lines into a form that can be compared; blanks around a value are not a part of it.
pub(crate) fn compared(lines: Vec<(String, String)>, left_out: &[&str]) -> Vec<(String, String)> {
    let kept = lines.into_iter().filter(|(name, _)| !left_out.contains(&name.as_str()));
    let mut lines: Vec<_> =
        kept.map(|(name, value)| (name, without_made_up_id(value.trim()))).collect();
    lines.sort_by(|a, b| a.0.cmp(&b.0));
    lines
}

/// Replaces the random ids in a value: 8-4-4-4-12 hexadecimal digits.
fn without_made_up_id(value: &str) -> String {
    let length = MADE_UP_ID.len();
    let is_id = |text: &[u8]| {
        text.iter().zip(MADE_UP_ID.bytes()).all(|(byte, form)| match form {
            b'-' => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
    };
    let found = value.as_bytes().windows(length).position(is_id);
    found.map_or_else(
        || value.to_owned(),
        |at| {
            let (head, rest) = (&value[..at], &value[at + length..]);
            format!("{head}{MADE_UP_ID}{}", without_made_up_id(rest))
        },
    )
}
