//! Retries, faults, mirrors, cross-origin policies.

use super::super::headers::check_cors_name;
use super::super::matching;
use super::super::numbers::{check_percentage, check_share};
use super::super::report::{Report as _, exclusive, filled, place_of, required};
use super::super::{destination, durations};
use super::action::check_status;
use crate::config::decode::Located;
use crate::config::istio::virtual_service::{
    CorsPolicy, FaultAbort, FaultDelay, HttpFault, HttpRetry, HttpRule, StringMatch,
};
use crate::control_plane::rules::grpc_code;
use crate::diagnostic::Diagnostics;

/// The conditions for a retry.
const RETRY_CONDITIONS: [&str; 16] = [
    "5xx",
    "gateway-error",
    "reset",
    "reset-before-request",
    "connect-failure",
    "retriable-4xx",
    "refused-stream",
    "retriable-status-codes",
    "retriable-headers",
    "envoy-ratelimited",
    "http3-post-connect-failure",
    "cancelled",
    "deadline-exceeded",
    "internal",
    "resource-exhausted",
    "unavailable",
];

/// The methods that a cross-origin policy may name.
const METHODS: [&str; 10] =
    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE", "*"];

///
pub(super) fn check_retries(retries: &HttpRetry, problems: &mut Diagnostics) {
    let attempts = retries.attempts.as_ref();
    if let Some(attempts) = attempts.filter(|attempts| attempts.value < 0) {
        let message = format!("{} attempts are fewer than none", attempts.value);
        problems.refuse_with("negative-number", attempts.place, message, "0 switches retries off");
    }
    let retry_on = filled(retries.retry_on.as_ref());
    let goes_further = retries.per_try_timeout.is_some()
        || retry_on.is_some()
        || retries.retry_remote_localities.is_some();
    if goes_further && attempts.is_none_or(|attempts| attempts.value == 0) {
        problems.refuse_with(
            "retries-without-attempts",
            place_of(attempts).unwrap_or(retries.place),
            "0 attempts switch retries off, and yet there are settings for them",
            "`attempts` is 0 if it is absent; write a number, or remove the other settings",
        );
    }
    durations::check(retries.per_try_timeout.as_ref(), problems);
    durations::check(retries.backoff.as_ref(), problems);
    if let Some(retry_on) = retry_on {
        check_retry_conditions(retry_on, problems);
    }
}

/// blanks are not trimmed; a number is a status to retry on.
fn check_retry_conditions(retry_on: &Located<String>, problems: &mut Diagnostics) {
    for word in retry_on.value.split(',') {
        let is_status = word.parse::<i64>().is_ok_and(is_known_status);
        if is_status || RETRY_CONDITIONS.contains(&word) {
            continue;
        }
        let message = format!("`{word}` is no condition for a retry");
        let trimmed = word.trim();
        let help = if trimmed != word && RETRY_CONDITIONS.contains(&trimmed) {
            "write the conditions without blanks, only commas".to_owned()
        } else {
            format!("a known status, or one of: {}", RETRY_CONDITIONS.join(", "))
        };
        problems.refuse_with("unknown-retry-condition", retry_on.place, message, help);
    }
}

/// The statuses that have a name.
const fn is_known_status(status: i64) -> bool {
    matches!(
        status,
        100..=103
            | 200..=208
            | 226
            | 300..=305
            | 307
            | 308
            | 400..=418
            | 421..=426
            | 428
            | 429
            | 431
            | 451
            | 500..=508
            | 510
            | 511
    )
}

///
pub(super) fn check_fault(fault: &HttpFault, problems: &mut Diagnostics) {
    if fault.abort.is_none() && fault.delay.is_none() {
        problems.refuse_with(
            "empty-fault",
            fault.place,
            "this fault does nothing",
            "write `delay` or `abort`",
        );
    }
    if let Some(abort) = &fault.abort {
        check_abort(abort, problems);
    }
    if let Some(delay) = &fault.delay {
        check_delay(delay, problems);
    }
}

/// R-144; an abort that says no status is accepted without a word.
fn check_abort(abort: &FaultAbort, problems: &mut Diagnostics) {
    check_percentage(abort.percentage.as_ref(), problems);
    let kinds = [
        ("httpStatus", place_of(abort.http_status.as_ref())),
        ("grpcStatus", place_of(abort.grpc_status.as_ref())),
        ("http2Error", place_of(abort.http2_error.as_ref())),
    ];
    exclusive(&kinds, problems);
    if let Some(status) = &abort.http_status {
        check_status(status.value.into(), status.place, problems);
    }
    if let Some(status) = abort.grpc_status.as_ref().filter(|s| grpc_code(&s.value).is_none()) {
        let message = format!("`{}` is no gRPC status", status.value);
        problems.refuse_with(
            "invalid-status",
            status.place,
            message,
            "the name in capitals, such as UNAVAILABLE or NOT_FOUND",
        );
    }
    if let Some(error) = &abort.http2_error {
        problems.refuse(
            "unsupported-field",
            error.place,
            "istiod cannot abort with an HTTP/2 error",
        );
    }
}

fn check_delay(delay: &FaultDelay, problems: &mut Diagnostics) {
    check_percentage(delay.percentage.as_ref(), problems);
    let kinds = [
        ("fixedDelay", place_of(delay.fixed_delay.as_ref())),
        ("exponentialDelay", place_of(delay.exponential_delay.as_ref())),
    ];
    exclusive(&kinds, problems);
    durations::check(delay.fixed_delay.as_ref(), problems);
    if let Some(delay) = &delay.exponential_delay {
        durations::check(Some(delay), problems);
        problems.refuse_with(
            "unsupported-field",
            delay.place,
            "istiod has no exponential delay",
            "write `fixedDelay`",
        );
    }
}

///
pub(super) fn check_mirrors(rule: &HttpRule, problems: &mut Diagnostics) {
    if let Some(mirror) = &rule.mirror {
        destination::check(mirror, problems);
    }
    let percent = rule.mirror_percent.as_ref().or(rule.mirror_percent_snake.as_ref());
    if let Some(percent) = percent {
        if percent.value > 100 {
            let message = format!("{} is not between 0 and 100", percent.value);
            problems.refuse("invalid-percentage", percent.place, message);
        }
        problems.warn_with(
            "deprecated-field",
            percent.place,
            "`mirrorPercent` is deprecated",
            "write `mirrorPercentage: {value: ...}`",
        );
    }
    let share = rule.mirror_percentage.as_ref().and_then(|percentage| percentage.value.as_ref());
    check_share(share, problems);
    for mirror in &rule.mirrors {
        let destination =
            required(mirror.destination.as_ref(), "destination", mirror.place, problems);
        if let Some(destination) = destination {
            destination::check(destination, problems);
        }
        let share = mirror.percentage.as_ref().and_then(|percentage| percentage.value.as_ref());
        check_share(share, problems);
    }
}

/// Checks a cross-origin policy.
pub(super) fn check_cors(cors: &CorsPolicy, problems: &mut Diagnostics) {
    for origin in &cors.allow_origins {
        check_origin(origin, problems);
    }
    for method in cors.allow_methods.iter().filter(|m| !METHODS.contains(&m.value.as_str())) {
        let message = format!("`{}` is no HTTP method", method.value);
        problems.refuse_with("invalid-method", method.place, message, METHODS.join(", "));
    }
    for name in cors.allow_headers.iter().chain(&cors.expose_headers) {
        check_cors_name(name, problems);
    }
    let Some(age) = &cors.max_age else { return };
    durations::check(Some(age), problems);
    // Without reporting again what was reported.
    let nanos = durations::read(age, &mut Diagnostics::new());
    if nanos.is_some_and(|nanos| nanos >= 1_000_000 && nanos % 1_000_000_000 != 0) {
        let message = format!("`{}` is no whole number of seconds", age.value);
        problems.refuse("duration-too-fine", age.place, message);
    }
}

fn check_origin(origin: &StringMatch, problems: &mut Diagnostics) {
    matching::check_kinds(origin, problems);
    let texts = [&origin.exact, &origin.prefix, &origin.regex];
    let written = texts.iter().copied().find_map(Option::as_ref);
    if written.is_none_or(|text| text.value.is_empty()) {
        problems.refuse_with(
            "empty-match",
            written.map_or(origin.place, |text| text.place),
            "an origin cannot be empty",
            "to allow any origin, write `regex: .*`",
        );
    } else if let Some(regex) = &origin.regex {
        matching::check_regex(regex, problems);
    }
}
