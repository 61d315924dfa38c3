//! One call of an app: where it goes, how often it is tried, what a failure does.

use crate::config::decode::Located;
use crate::config::topology::{CallFile, FailureFile, LongCall};
use crate::diagnostic::{Diagnostic, Diagnostics, Place};
use crate::units::Share;

/// A call that an app makes.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Method.
    pub method: String,
    /// Host header as the app sends it.
    pub authority: String,
    /// Port that it dials.
    pub port: u32,
    /// Path.
    pub path: String,
    /// Name of the service for reports: the first label of the host.
    pub service: String,
    /// Tries, at least 1.
    pub attempts: u32,
    /// After which answers it tries again.
    pub retry_on: RetryOn,
    /// What a failure of the last try does.
    pub on_failure: FailurePolicy,
    /// Share of requests for which the call is made.
    pub probability: Share,
    /// Headers that the app sets, lower-case names.
    pub headers: Vec<(String, String)>,
    /// Where the call stands in the file.
    pub place: Place,
}

/// Answers after which an app tries again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RetryOn {
    /// Anything but 2xx and 3xx.
    Failure,
    /// 5xx, and no answer at all.
    ServerError,
    /// Anything but 200.
    Not200,
    /// These statuses.
    Statuses(Vec<u16>),
}

/// What an app does when the last try of a call fails (is neither 2xx nor 3xx).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailurePolicy {
    /// It goes on as if nothing had happened.
    Ignore,
    /// It stops and answers this status.
    Answer(u16),
}

/// More tries than this are a slip of the pen.
const MAX_ATTEMPTS: u32 = 10;

// === impl Call ===

impl Call {
    /// Resolves a call or a group of calls; problems are reported and the call is left out.
    pub(super) fn read(file: &CallFile, problems: &mut Diagnostics) -> Vec<Self> {
        match file {
            CallFile::Short(text) => Self::parse(text, problems).into_iter().collect(),
            CallFile::Long(long) => Self::long(long, problems).into_iter().collect(),
            CallFile::Parallel(place, calls) => {
                if calls.iter().any(|call| matches!(call, CallFile::Parallel(..))) {
                    let message = "a parallel group stands inside another one";
                    problems.push(Diagnostic::error("invalid-call", *place, message));
                }
                calls.iter().flat_map(|call| Self::read(call, problems)).collect()
            }
        }
    }

    fn long(file: &LongCall, problems: &mut Diagnostics) -> Option<Self> {
        let Some(to) = &file.to else {
            let message = "this call does not say where it goes";
            let problem = Diagnostic::error("missing-field", file.place, message);
            problems.push(problem.help("write `to: GET http://ratings:9080/`"));
            return None;
        };
        let mut call = Self::parse(to, problems)?;
        if let Some(attempts) = &file.attempts {
            if !(1..=MAX_ATTEMPTS).contains(&attempts.value) {
                let message = format!("{} is not between 1 and {MAX_ATTEMPTS}", attempts.value);
                problems.push(Diagnostic::error("out-of-range", attempts.place, message));
            }
            call.attempts = attempts.value.clamp(1, MAX_ATTEMPTS);
        }
        if let Some(word) = &file.retry_on {
            call.retry_on = retry_on(word, problems).unwrap_or(RetryOn::Failure);
        }
        if let Some(policy) = &file.on_failure {
            call.on_failure = on_failure(policy, problems).unwrap_or(call.on_failure);
        }
        if let Some(share) = &file.probability {
            call.probability = probability(share, problems);
        }
        let lower = |(name, value): &(Located<String>, String)| {
            (name.value.to_ascii_lowercase(), value.clone())
        };
        call.headers = file.headers.iter().map(lower).collect();
        call.place = file.place;
        Some(call)
    }

    /// Reads `GET http://ratings:9080/ratings/0`; the method may be left out.
    fn parse(text: &Located<String>, problems: &mut Diagnostics) -> Option<Self> {
        let url = Url::parse(&text.value);
        let Some(url) = url else {
            let message = format!("`{}` is no call", text.value);
            let help = "write it as GET http://ratings:9080/path; https is not routed by its path";
            problems.push(Diagnostic::error("invalid-call", text.place, message).help(help));
            return None;
        };
        Some(Self {
            method: url.method.to_owned(),
            authority: url.authority.to_owned(),
            port: url.port,
            path: url.path.to_owned(),
            service: service_of(url.authority).to_owned(),
            attempts: 1,
            retry_on: RetryOn::Failure,
            on_failure: FailurePolicy::Answer(500),
            probability: Share::ONE,
            headers: Vec::new(),
            place: text.place,
        })
    }
}

/// The first label of a host.
fn service_of(authority: &str) -> &str {
    let host = authority.split(':').next().unwrap_or_default();
    // An address has no labels.
    if host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return host;
    }
    host.split('.').next().unwrap_or_default()
}

/// A method and an http address.
struct Url<'t> {
    method: &'t str,
    authority: &'t str,
    port: u32,
    path: &'t str,
}

impl<'t> Url<'t> {
    fn parse(text: &'t str) -> Option<Self> {
        let (method, url) = text.trim().rsplit_once(' ').unwrap_or(("GET", text.trim()));
        let method = method.trim();
        let rest = url.strip_prefix("http://")?;
        let at = rest.find('/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at(at);
        let port = match authority.rsplit_once(':') {
            Some((_, port)) => port.parse().ok().filter(|port| (1..=65_535).contains(port))?,
            None => 80,
        };
        let is_token = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        let valid = !authority.is_empty() && !authority.starts_with(':') && is_token(authority);
        let method_valid = !method.is_empty() && method.bytes().all(|b| b.is_ascii_alphabetic());
        let path = if path.is_empty() { "/" } else { path };
        (valid && method_valid && is_token(path)).then_some(Self { method, authority, port, path })
    }
}

fn retry_on(word: &Located<String>, problems: &mut Diagnostics) -> Option<RetryOn> {
    match word.value.as_str() {
        "failure" => return Some(RetryOn::Failure),
        "5xx" => return Some(RetryOn::ServerError),
        "not-200" => return Some(RetryOn::Not200),
        _ => {}
    }
    let statuses: Result<Vec<u16>, _> =
        word.value.split(',').map(|status| status.trim().parse()).collect();
    match statuses {
        Ok(statuses) if statuses.iter().all(|status| (100..600).contains(status)) => {
            Some(RetryOn::Statuses(statuses))
        }
        _ => {
            let message = format!("`{}` names no answers to try again after", word.value);
            let help = "one of: failure, 5xx, not-200, or statuses such as '502, 503'";
            problems.push(Diagnostic::error("unknown-word", word.place, message).help(help));
            None
        }
    }
}

fn on_failure(policy: &FailureFile, problems: &mut Diagnostics) -> Option<FailurePolicy> {
    let (place, shown) = match policy {
        FailureFile::Word(word) if word.value == "ignore" => return Some(FailurePolicy::Ignore),
        FailureFile::Word(word) if word.value == "fail" => return Some(FailurePolicy::Answer(500)),
        FailureFile::Status(status) if (100..600).contains(&status.value) => {
            return Some(FailurePolicy::Answer(status.value));
        }
        FailureFile::Word(word) => (word.place, word.value.clone()),
        FailureFile::Status(status) => (status.place, status.value.to_string()),
    };
    let message = format!("`{shown}` is nothing that an app does when a call fails");
    let help = "one of: ignore, fail (answers 500), or the status that it answers";
    problems.push(Diagnostic::error("unknown-word", place, message).help(help));
    None
}

/// A share between 0 and 1.
pub(super) fn probability(share: &Located<Share>, problems: &mut Diagnostics) -> Share {
    if share.value.is_probability() {
        return share.value;
    }
    let message = format!("{} is more than 100%", share.value);
    problems.push(Diagnostic::error("out-of-range", share.place, message));
    Share::ONE
}

// === impl RetryOn ===

impl RetryOn {
    /// Tells whether an answer makes the app try again; 0 is no answer.
    #[must_use]
    pub fn matches(&self, status: u16) -> bool {
        match self {
            Self::Failure => !(200..400).contains(&status),
            Self::ServerError => status == 0 || status >= 500,
            Self::Not200 => status != 200,
            Self::Statuses(statuses) => statuses.contains(&status),
        }
    }
}

/// Tells whether an answer is a failure for the app that gets it.
#[must_use]
pub const fn is_failure(status: u16) -> bool {
    status < 200 || status >= 400
}
