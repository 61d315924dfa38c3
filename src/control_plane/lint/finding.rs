//! What a lint finds: a code, a place, a sentence, and the request that proves it.

use super::catalog::Code;
use crate::control_plane::Proxy;
use crate::data_plane::{HeaderMap, Request, ResponseFlag};
use crate::diagnostic::{Diagnostic, Place, Severity};

/// One finding.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The kind of finding.
    pub code: &'static Code,
    /// The object that it is about: `VirtualService shop/reviews`; empty if no object could be read.
    pub object: String,
    /// Where; `None` only for problems of no particular place.
    pub place: Option<Place>,
    /// One line in plain words, without a full stop.
    pub message: String,
    /// What to do, or what the reader should know.
    pub help: Vec<String>,
    /// The request that shows it; no finding that needs a proxy to be asked is without.
    pub proof: Option<Proof>,
}

/// A request and what a proxy does with it, as its compiled tables answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Proof {
    /// Where the request enters.
    pub entry: Entry,
    /// The request as its client sends it.
    pub request: Request,
    /// What happens to it.
    pub outcome: Outcome,
}

/// A proxy and the port that a client dials there.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// `gateway istio-system/istio-ingressgateway`, `sidecar of shop/web`, `waypoint shop/waypoint`.
    pub name: String,
    /// What istiod knows of the proxy.
    pub proxy: Proxy,
    /// The dialled port.
    pub port: u32,
    /// Whether the connection is encrypted.
    pub tls: bool,
}

/// What happens to the request of a proof.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// The rule that takes it, `VirtualService shop/reviews http[0]`; `None` if none does.
    pub rule: Option<String>,
    /// The cluster that it goes to, if that is what the finding is about.
    pub cluster: Option<String>,
    /// The answer that the proxy gives itself.
    pub status: Option<u16>,
    /// Envoy's flag of that answer.
    pub flag: Option<ResponseFlag>,
    /// Which part of such requests it happens to, as (part, whole).
    pub share: Option<(u64, u64)>,
    /// The same in one sentence.
    pub text: String,
}

// === impl Finding ===

impl Finding {
    /// Builds a finding without advice and proof.
    pub fn new(
        code: &'static Code,
        object: impl Into<String>,
        place: impl Into<Option<Place>>,
        message: impl Into<String>,
    ) -> Self {
        let (object, place, message) = (object.into(), place.into(), message.into());
        Self { code, object, place, message, help: Vec::new(), proof: None }
    }

    /// Adds a line of advice.
    #[must_use]
    pub fn help(mut self, line: impl Into<String>) -> Self {
        self.help.push(line.into());
        self
    }

    /// Adds the request that proves it.
    #[must_use]
    pub fn proof(mut self, proof: Proof) -> Self {
        self.proof = Some(proof);
        self
    }

    /// Returns how much it matters; [`Severity::Note`] is what Istio calls Info.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        self.code.severity
    }

    /// Returns the finding as a diagnostic, without its proof.
    #[must_use]
    pub fn diagnostic(&self) -> Diagnostic {
        let mut problem =
            Diagnostic::new(self.severity(), self.code.code, self.place, self.message.clone());
        problem.help.clone_from(&self.help);
        problem
    }
}

// === impl Proof ===

impl Proof {
    /// Returns the proof as lines for people: who sends what, and what happens.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let Request { method, authority, path, headers, claims, .. } = &self.request;
        let scheme = if self.entry.tls { "https" } else { "http" };
        let mut lines = vec![format!(
            "{} port {}: {method} {scheme}://{authority}{path}",
            self.entry.name, self.entry.port
        )];
        lines.extend(shown(headers).map(|(name, value)| format!("with {name}: {value}")));
        lines.extend(claims.iter().map(|(name, value)| format!("with a token, {name}: {value}")));
        lines.push(self.outcome.text.clone());
        lines
    }
}

fn shown(headers: &HeaderMap) -> impl Iterator<Item = &(String, String)> {
    headers.lines().iter()
}

// === impl Outcome ===

impl Outcome {
    /// Builds an outcome that is told by one sentence.
    pub fn told(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }
}
