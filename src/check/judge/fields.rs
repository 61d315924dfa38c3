//! Everything that a test may expect beside destinations.

use super::super::coverage::rule_name;
use super::super::destination::Wanted;
use super::super::expectation::Expectation;
use super::super::written::{AbortEntry, DelayEntry, FaultEntry, RetriesEntry};
use super::{Judge, answer_words};
use crate::config::decode::Located;
use crate::data_plane::{Abort, Fraction, ResponseFlag};
use crate::diagnostic::Place;
use crate::engine::flow::Answer;
use crate::units::{Nanos, Share};

impl Judge<'_> {
    pub(super) fn fields(&mut self, expectation: &Expectation) {
        let written = &expectation.written;
        self.status(written.status.as_ref());
        self.flag(written.flag.as_ref());
        self.redirect(expectation);
        self.direct(expectation);
        self.refused(written.refused.as_ref());
        self.sent(expectation);
        self.rule(written.rule.as_ref());
        let host = self.outcome.virtual_host();
        self.text(written.virtual_host.as_ref(), "virtual host", host);
        self.timeout(written.timeout.as_ref());
        if let Some(retries) = &written.retries {
            self.retries(retries);
        }
        if let Some(mirrors) = &expectation.mirrors {
            let place = written.mirrors.as_ref().and_then(|it| it.first());
            self.mirrors(mirrors, place.map_or(written.place, |(name, _)| name.place));
        }
        if let Some(fault) = &written.fault {
            self.fault(fault);
        }
    }

    /// The answer that every request gets from a proxy, if there is one.
    fn answer(&self) -> Option<Answer> {
        let abort = self.outcome.fault().and_then(|fault| fault.abort);
        if let Some((abort, fraction)) = abort
            && fraction.numerator >= fraction.denominator
        {
            let status = match abort {
                Abort::Http(status) => status,
                Abort::Grpc(_) => 200,
            };
            return Some(Answer { status, flag: Some(ResponseFlag::FaultAbort) });
        }
        match &self.outcome.legs {
            Err(answer) => Some(*answer),
            Ok(legs) => {
                let first = *legs.first()?.served.as_ref().err()?;
                let same = legs.iter().all(|leg| leg.served.as_ref().err() == Some(&first));
                same.then_some(first)
            }
        }
    }

    fn status(&mut self, expected: Option<&Located<u16>>) {
        let Some(expected) = expected else { return };
        let answer = self.answer();
        if answer.is_some_and(|answer| answer.status == expected.value) {
            return;
        }
        let got = match answer {
            Some(answer) => answer_words(answer),
            None => format!("{}, whose application answers", self.words()),
        };
        self.fail(expected.place, format!("status {}", expected.value), got);
    }

    fn flag(&mut self, expected: Option<&Located<String>>) {
        let Some(expected) = expected else { return };
        let answer = self.answer();
        let letters = answer.and_then(|answer| answer.flag).map(ResponseFlag::letters);
        if letters != Some(expected.value.as_str()) {
            let got = answer.map_or_else(|| self.words(), answer_words);
            self.fail(expected.place, format!("flag {}", expected.value), got);
        }
    }

    fn redirect(&mut self, expectation: &Expectation) {
        let Some(expected) = &expectation.written.redirect else { return };
        let Some((status, location)) = self.outcome.redirect() else {
            return self.fail(expected.place, "a redirect", self.words());
        };
        self.text(expected.location.as_ref(), "location", &location);
        self.number(expected.status.as_ref(), "redirect status", status);
    }

    fn direct(&mut self, expectation: &Expectation) {
        let Some(expected) = &expectation.written.direct else { return };
        let Some((status, body)) = self.outcome.direct() else {
            return self.fail(expected.place, "a direct response", self.words());
        };
        self.text(expected.body.as_ref(), "body", body);
        self.number(expected.status.as_ref(), "status of the direct response", status);
    }

    fn number(&mut self, expected: Option<&Located<u16>>, what: &str, got: u16) {
        if let Some(expected) = expected.filter(|expected| expected.value != got) {
            self.fail(expected.place, format!("{what} {}", expected.value), got.to_string());
        }
    }

    fn refused(&mut self, expected: Option<&Located<bool>>) {
        let Some(expected) = expected else { return };
        let refused = self.answer().is_some_and(|answer| answer.status == 0);
        if refused != expected.value {
            let wanted =
                if expected.value { "a refused connection" } else { "a connection that is taken" };
            self.fail(expected.place, wanted, self.words());
        }
    }

    /// Path, Host and headers at every destination.
    fn sent(&mut self, expectation: &Expectation) {
        let written = &expectation.written;
        let outcome = self.outcome;
        let legs = outcome.legs.as_deref().unwrap_or_default();
        for leg in legs {
            self.text(written.path.as_ref(), "path", &leg.sent.path);
            self.text(written.host.as_ref(), "Host", &leg.sent.authority);
            self.headers(&written.headers, "header", &leg.sent.headers);
            let answer = self.answer_headers(&written.response_headers, Some(leg));
            self.headers(&written.response_headers, "answer header", &answer);
        }
        if !legs.is_empty() {
            return;
        }
        let answer = self.answer_headers(&written.response_headers, None);
        self.headers(&written.response_headers, "answer header", &answer);
        let places = [written.path.as_ref(), written.host.as_ref()].into_iter().flatten();
        let places = places.map(|text| text.place);
        let places = places.chain(written.headers.iter().map(|(name, _)| name.place));
        for place in places {
            self.fail(place, "a request that is sent on", self.words());
        }
    }

    fn rule(&mut self, expected: Option<&Located<String>>) {
        let Some(expected) = expected else { return };
        let source = self.outcome.rule();
        let held = match (source, expected.value.as_str()) {
            (None, wanted) => wanted == "none",
            (Some(source), wanted) => {
                let (object, route) = match wanted.split_once('#') {
                    Some((object, route)) => (object, Some(route)),
                    None => (wanted, None),
                };
                let same = source.object.split_once(' ').is_some_and(|(_, name)| name == object);
                same && route.is_none_or(|route| {
                    route == source.rule_name || route.parse() == Ok(source.rule)
                })
            }
        };
        if !held {
            let got = match source {
                Some(source) => rule_name(source),
                None => format!("no rule: {}", self.words()),
            };
            self.fail(expected.place, format!("rule {}", expected.value), got);
        }
    }

    fn timeout(&mut self, expected: Option<&Located<Nanos>>) {
        let Some(expected) = expected else { return };
        let Some(forward) = self.outcome.forward() else {
            return self.fail(expected.place, "a request that is sent on", self.words());
        };
        let got = forward.timeout.unwrap_or(Nanos(0));
        if got != expected.value {
            self.fail(expected.place, limit("timeout", expected.value), limit("timeout", got));
        }
    }

    fn retries(&mut self, expected: &RetriesEntry) {
        let Some(forward) = self.outcome.forward() else {
            return self.fail(expected.place, "a request that is sent on", self.words());
        };
        let policy = forward.retry.as_ref();
        let attempts = policy.map_or(0, |policy| policy.attempts);
        let limit_of_try = policy.and_then(|policy| policy.per_try_timeout).unwrap_or(Nanos(0));
        let on = policy.map(|policy| policy.on.join(",")).unwrap_or_default();
        if let Some(wanted) = expected.attempts.as_ref().filter(|it| it.value != attempts) {
            self.fail(wanted.place, format!("{} retries", wanted.value), attempts.to_string());
        }
        if let Some(wanted) =
            expected.per_try_timeout.as_ref().filter(|it| it.value != limit_of_try)
        {
            let what = "timeout of one attempt";
            self.fail(wanted.place, limit(what, wanted.value), limit(what, limit_of_try));
        }
        self.text(expected.retry_on.as_ref(), "retries on", &on);
    }

    fn mirrors(&mut self, expected: &[(Located<Wanted>, Share)], place: Place) {
        let found = self.outcome.mirrors();
        let fits = |wanted: &(Located<Wanted>, Share), cluster: &str, fraction: Fraction| {
            wanted.0.value.fits(cluster) && of(fraction) == wanted.1
        };
        let all = expected.len() == found.len()
            && expected.iter().all(|wanted| {
                found.iter().any(|mirror| fits(wanted, &mirror.cluster, mirror.fraction))
            });
        if all {
            return;
        }
        let wanted = expected.iter().map(|(name, share)| format!("{} {share}", name.value));
        let got = found
            .iter()
            .map(|mirror| format!("{} {}", self.label(&mirror.cluster), of(mirror.fraction)));
        let list = |parts: Vec<String>| {
            if parts.is_empty() {
                "no mirror".to_owned()
            } else {
                format!("mirrors {}", parts.join(", "))
            }
        };
        let (wanted, got) = (list(wanted.collect()), list(got.collect()));
        self.fail(place, wanted, got);
    }

    fn fault(&mut self, expected: &FaultEntry) {
        if let Some(wanted) = &expected.delay {
            self.delay(wanted);
        }
        if let Some(wanted) = &expected.abort {
            self.abort(wanted);
        }
    }

    fn delay(&mut self, wanted: &DelayEntry) {
        let found = self.outcome.fault().and_then(|fault| fault.delay);
        let found = found.filter(|(_, fraction)| fraction.numerator > 0);
        let length = wanted.fixed.as_ref().map(|it| it.value);
        let share = wanted.share.as_ref().map(|it| it.value);
        let held = found.is_some_and(|(found, fraction)| {
            length.is_none_or(|it| it == found) && share.is_none_or(|it| it == of(fraction))
        });
        if held {
            return;
        }
        let words = |length: Option<Nanos>, share: Option<Share>| {
            let length = length.map(|length| format!(" of {length}")).unwrap_or_default();
            let share = share.map(|share| format!(" for {share}")).unwrap_or_default();
            format!("a delay{length}{share}")
        };
        let got = found.map_or_else(
            || "no delay".to_owned(),
            |(found, fraction)| words(Some(found), Some(of(fraction))),
        );
        self.fail(wanted.place, words(length, share), got);
    }

    fn abort(&mut self, wanted: &AbortEntry) {
        let found = self.outcome.fault().and_then(|fault| fault.abort);
        let found = found.filter(|(_, fraction)| fraction.numerator > 0);
        let found = found.map(|(abort, fraction)| match abort {
            Abort::Http(status) => (status, of(fraction)),
            Abort::Grpc(_) => (200, of(fraction)),
        });
        let status = wanted.status.as_ref().map(|it| it.value);
        let share = wanted.share.as_ref().map(|it| it.value);
        let held = found.is_some_and(|(found, fraction)| {
            status.is_none_or(|it| it == found) && share.is_none_or(|it| it == fraction)
        });
        if held {
            return;
        }
        let words = |status: Option<u16>, share: Option<Share>| {
            let status = status.map(|it| format!(" with {it}")).unwrap_or_default();
            let share = share.map(|it| format!(" for {it}")).unwrap_or_default();
            format!("an abort{status}{share}")
        };
        let got = found.map_or_else(
            || "no abort".to_owned(),
            |(status, share)| words(Some(status), Some(share)),
        );
        self.fail(wanted.place, words(status, share), got);
    }
}

/// A limit in words; 0 is none.
fn limit(what: &str, value: Nanos) -> String {
    if value == Nanos(0) { format!("no {what}") } else { format!("{what} {value}") }
}

/// The share that a fraction draws; at most all.
fn of(fraction: Fraction) -> Share {
    let numerator = fraction.numerator.min(fraction.denominator);
    Share::new(numerator.into(), fraction.denominator.into()).unwrap_or(Share::ZERO)
}
