//! What must come out of a run: each expectation has one subject and a share or a number.

mod time;

use crate::config::decode::{Located, closest};
use crate::config::scenario::Expectation as Written;
use crate::diagnostic::{Diagnostic, Diagnostics, Place};
use crate::topology::Topology;
use crate::units::{Nanos, Share};

/// One expectation.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// What it is about.
    pub subject: Subject,
    /// Only requests of this class.
    pub class: Option<String>,
    /// How far a share may be off; the scenario's tolerance if absent.
    pub tolerance: Option<Share>,
    /// Where it stands.
    pub place: Place,
}

/// What an expectation is about, with what must hold.
#[derive(Clone, Debug, PartialEq)]
pub enum Subject {
    /// The share of requests with a trace, written without blanks.
    Trace(String, Share),
    /// The share of a service's calls that pods of a version serve: service, version.
    Served(String, String, Share),
    /// Calls to a service per request.
    Calls(String, Share),
    /// The share of requests that reach a service by fallback.
    Fallbacks(String, Share),
    /// The share of requests in a lane.
    Lane(String, Share),
    /// The share of requests that some proxy answers with a response flag; `any` is any flag.
    Errors(String, Share),
    /// The share of requests whose client gets a status.
    Status(u16, Share),
    /// The number of hops that left their lane without a fallback to explain it.
    Strays(u64),
    /// Whether all counts fit their weights.
    Fit(bool),
    /// A percentile of the latencies of the class, and its limit.
    Latency(u32, Nanos),
    /// Attempts per request of a service, with their bounds.
    Amplification(String, Bounds),
    /// Ejections per run of pods whose names begin so, with their bounds.
    Ejections(String, Bounds),
}

/// Bounds that count themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Not less.
    pub at_least: Option<Share>,
    /// Not more.
    pub at_most: Option<Share>,
}

/// Resolves the expectations of a scenario.
pub(super) fn resolve(
    written: &[Written],
    classes: &[String],
    topology: &Topology,
    problems: &mut Diagnostics,
) -> Vec<Expectation> {
    let mut found = Vec::new();
    for expectation in written {
        if let Some(place) = in_time(expectation) {
            check_alone(expectation, problems);
            let subjects = time::subjects(expectation, topology, problems);
            let class = expectation.latency.as_ref().and_then(|it| it.class.as_ref());
            let class = class.or(expectation.class.as_ref());
            check_class(class, classes, problems);
            found.extend(subjects.into_iter().map(|subject| Expectation {
                subject,
                class: class.map(|class| class.value.clone()),
                tolerance: None,
                place,
            }));
            continue;
        }
        let (subject, class, tolerance) = match (&expectation.calls, &expectation.fallbacks) {
            (Some(calls), _) => (
                service(calls.service.as_ref(), calls.place, topology, problems)
                    .zip(share(calls.per_request.as_ref(), calls.place, problems))
                    .map(|(service, number)| Subject::Calls(service, number)),
                calls.class.as_ref(),
                None,
            ),
            (None, Some(it)) => (
                service(it.service.as_ref(), it.place, topology, problems)
                    .zip(share(it.share.as_ref(), it.place, problems))
                    .map(|(service, share)| Subject::Fallbacks(service, share)),
                it.class.as_ref(),
                it.tolerance.as_ref(),
            ),
            (None, None) => (subject(expectation, topology, problems), None, None),
        };
        check_alone(expectation, problems);
        let class = class.or(expectation.class.as_ref());
        check_class(class, classes, problems);
        let tolerance = tolerance.or(expectation.tolerance.as_ref()).map(|share| share.value);
        found.extend(subject.map(|subject| Expectation {
            subject,
            class: class.map(|class| class.value.clone()),
            tolerance,
            place: expectation.place,
        }));
    }
    found
}

/// The place of an expectation that only a run in time can meet.
fn in_time(written: &Written) -> Option<Place> {
    let latency = written.latency.as_ref().map(|_| written.place);
    latency
        .or(written.amplification.as_ref().map(|_| written.place))
        .or(written.ejections.as_ref().map(|_| written.place))
}

/// The subject of an expectation in its flat form.
fn subject(written: &Written, topology: &Topology, problems: &mut Diagnostics) -> Option<Subject> {
    if let Some(strays) = &written.strays {
        return Some(Subject::Strays(strays.value.0));
    }
    if let Some(fit) = &written.fit {
        return Some(Subject::Fit(fit.value));
    }
    let known = [
        written.trace.is_some(),
        written.served.is_some(),
        written.errors.is_some(),
        written.status.is_some(),
        written.lane.is_some(),
    ];
    if !known.contains(&true) {
        let message = "this expectation has no subject";
        let help = "one of: trace, served, calls, fallbacks, lane, errors, status, strays, fit, and in \
                    time: latency, amplification, ejections";
        problems.push(Diagnostic::error("missing-field", written.place, message).help(help));
        return None;
    }
    let share = share(written.share.as_ref(), written.place, problems)?;
    if let Some(trace) = &written.trace {
        let text = trace.value.0.split_whitespace().collect();
        return Some(Subject::Trace(text, share));
    }
    if let Some(served) = &written.served {
        let Some((name, version)) = served.value.split_once('@') else {
            let message = format!("`{}` names no service and version", served.value);
            let help = "write it as reviews@v2";
            problems.push(Diagnostic::error("invalid-subject", served.place, message).help(help));
            return None;
        };
        let name = Located { value: name.trim().to_owned(), place: served.place };
        let name = service(Some(&name), served.place, topology, problems)?;
        return Some(Subject::Served(name, version.trim().to_owned(), share));
    }
    if let Some(flag) = &written.errors {
        return Some(Subject::Errors(flag.value.clone(), share));
    }
    if let Some(status) = &written.status {
        return Some(Subject::Status(status.value, share));
    }
    written.lane.as_ref().map(|lane| Subject::Lane(lane.value.clone(), share))
}

/// Two subjects in one entry would leave one of them unchecked.
fn check_alone(written: &Written, problems: &mut Diagnostics) {
    let subjects = [
        ("trace", written.trace.is_some()),
        ("served", written.served.is_some()),
        ("calls", written.calls.is_some()),
        ("fallbacks", written.fallbacks.is_some()),
        ("lane", written.lane.is_some()),
        ("errors", written.errors.is_some()),
        ("status", written.status.is_some()),
        ("strays", written.strays.is_some()),
        ("fit", written.fit.is_some()),
        ("latency", written.latency.is_some()),
        ("amplification", written.amplification.is_some()),
        ("ejections", written.ejections.is_some()),
    ];
    let given: Vec<&str> = subjects.iter().filter(|(_, is)| *is).map(|(name, _)| *name).collect();
    if given.len() > 1 {
        let message = format!("this expectation has several subjects: {}", given.join(", "));
        let help = "write one entry for each";
        problems.push(Diagnostic::error("contradiction", written.place, message).help(help));
    }
}

fn share(
    share: Option<&Located<Share>>,
    place: Place,
    problems: &mut Diagnostics,
) -> Option<Share> {
    if share.is_none() {
        let message = "this expectation does not say how much";
        let help = "write `share: 40%`, or `perRequest: 0.9` for calls";
        problems.push(Diagnostic::error("missing-field", place, message).help(help));
    }
    share.map(|share| share.value)
}

fn service(
    name: Option<&Located<String>>,
    place: Place,
    topology: &Topology,
    problems: &mut Diagnostics,
) -> Option<String> {
    let Some(name) = name else {
        let message = "this expectation names no service";
        problems.push(Diagnostic::error("missing-field", place, message));
        return None;
    };
    let known = topology.apps.iter().any(|app| app.name == name.value);
    // Services that only the mesh files know are leaves of the call tree.
    if !known
        && let Some(close) = closest(&name.value, topology.apps.iter().map(|a| a.name.as_str()))
    {
        let message = format!("the topology has no service `{}`", name.value);
        let help = format!("did you mean `{close}`?");
        problems.push(Diagnostic::error("unknown-service", name.place, message).help(help));
    }
    Some(name.value.clone())
}

fn check_class(class: Option<&Located<String>>, classes: &[String], problems: &mut Diagnostics) {
    let Some(class) = class else { return };
    if !classes.contains(&class.value) {
        let message = format!("there is no class `{}`", class.value);
        let help = format!("the traffic has {}", classes.join(", "));
        problems.push(Diagnostic::error("unknown-class", class.place, message).help(help));
    }
}
