use super::super::super::cluster::Limits;
use super::*;

const FAILURES: [Failure; 12] = [
    Failure::NoHost,
    Failure::Overflow,
    Failure::PendingOverflow,
    Failure::ConnectFailure,
    Failure::ConnectTimeout,
    Failure::ConnectionTermination,
    Failure::RemoteReset,
    Failure::RefusedStream,
    Failure::LocalReset,
    Failure::ProtocolError,
    Failure::PerTryTimeout,
    Failure::RouteTimeout,
];

fn policy(on: &str, attempts: u32) -> RetryPolicy {
    RetryPolicy {
        attempts,
        on: on.split(',').map(str::to_owned).collect(),
        status_codes: vec![418],
        per_try_timeout: None,
        backoff: None,
        another_host: true,
        remote_localities: false,
    }
}

fn rules(on: &str, attempts: u32) -> RetryRules {
    RetryRules::new(&policy(on, attempts)).unwrap()
}

fn breaker(max_retries: u32) -> CircuitBreaker {
    CircuitBreaker::new(&Limits { max_retries: Some(max_retries), ..Limits::default() })
}

fn status(status: u16) -> Outcome {
    Outcome::Answer(Answer::http(status))
}

#[test]
fn statuses_are_retried_by_the_conditions_that_name_them() {
    for (on, retried) in [
        ("5xx", vec![500, 502, 503, 504, 599]),
        ("gateway-error", vec![502, 503, 504]),
        ("retriable-4xx", vec![409]),
        ("retriable-status-codes", vec![418]),
        ("reset,reset-before-request,connect-failure,refused-stream", vec![]),
        ("retriable-4xx,,gateway-error, 5xx,unknown", vec![409, 502, 503, 504]),
        ("unavailable,cancelled", vec![]),
    ] {
        let rules = rules(on, 1);
        for code in [200, 308, 404, 409, 418, 429, 500, 501, 502, 503, 504, 599] {
            let expected = retried.contains(&code) || (on == "5xx" && code == 501);
            assert_eq!(rules.cover(status(code), true), expected, "{on} {code}");
        }
    }
}

#[test]
fn failures_are_retried_by_the_conditions_that_name_them() {
    use Failure::{
        ConnectFailure, ConnectTimeout, NoHost, Overflow, PendingOverflow, RefusedStream,
        RouteTimeout,
    };
    let never = [NoHost, Overflow, PendingOverflow, RouteTimeout];
    let all: Vec<Failure> = FAILURES.into_iter().filter(|f| !never.contains(f)).collect();
    for (on, sent, retried) in [
        ("5xx", true, all.clone()),
        ("gateway-error", true, all.clone()),
        ("reset", true, all.clone()),
        ("reset-before-request", false, all),
        ("reset-before-request", true, vec![]),
        ("connect-failure", true, vec![ConnectFailure, ConnectTimeout]),
        ("refused-stream", true, vec![RefusedStream]),
        ("retriable-4xx,retriable-status-codes,unavailable", false, vec![]),
    ] {
        for failure in FAILURES {
            let got = rules(on, 1).cover(Outcome::Failure(failure), sent);
            assert_eq!(got, retried.contains(&failure), "{on} {sent} {failure:?}");
        }
    }
}

#[test]
fn the_default_of_istio_retries_neither_503_nor_time_outs() {
    let rules =
        rules("connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes", 2);
    let failure = |failure| rules.cover(Outcome::Failure(failure), true);
    assert!(!rules.cover(status(503), true));
    assert!(!failure(Failure::PerTryTimeout) && !failure(Failure::ConnectionTermination));
    assert!(failure(Failure::ConnectFailure) && failure(Failure::RefusedStream));
    let unavailable = Answer { grpc_status: Some(14), ..Answer::http(200) };
    assert!(rules.cover(Outcome::Answer(unavailable), true));
}

#[test]
fn grpc_statuses_are_retried_by_name() {
    let all = "cancelled,deadline-exceeded,internal,resource-exhausted,unavailable";
    for (word, number) in all.split(',').zip([1, 4, 13, 8, 14]) {
        for grpc_status in 0..17 {
            let answer = Answer { grpc_status: Some(grpc_status), ..Answer::http(200) };
            let got = rules(word, 1).cover(Outcome::Answer(answer), true);
            assert_eq!(got, grpc_status == number, "{word} {grpc_status}");
        }
    }
}

#[test]
fn rate_limited_answers_are_retried_only_by_their_own_condition() {
    let limited = |status| Outcome::Answer(Answer { rate_limited: true, ..Answer::http(status) });
    assert!(!rules("5xx,retriable-status-codes", 1).cover(limited(503), true));
    assert!(rules("envoy-ratelimited", 1).cover(limited(429), true));
}

#[test]
fn policies_without_effect_have_no_rules() {
    assert_eq!(RetryRules::new(&policy("5xx", 0)), None);
    assert_eq!(RetryRules::new(&policy("retriable-headers,,x", 2)), None);
}

#[test]
fn retries_end_when_none_is_left_and_a_success_ends_them_at_once() {
    let (rules, mut breaker) = (rules("5xx", 2), breaker(10));
    let mut state = RetryState::new(&rules);
    let mut decide = |outcome| state.decide(&rules, outcome, &mut breaker, &mut || 7);
    assert_eq!(decide(status(503)), RetryVerdict::After(Nanos::from_millis(7)));
    assert!(matches!(decide(Outcome::Failure(Failure::ConnectFailure)), RetryVerdict::After(_)));
    assert_eq!(decide(status(500)), RetryVerdict::LimitExceeded);
    assert_eq!(decide(status(200)), RetryVerdict::No);
    assert_eq!(breaker.in_use(Resource::Retries), 0);
    assert_eq!(RetryVerdict::LimitExceeded.flag().map(ResponseFlag::letters), Some("URX"));
}

#[test]
fn a_retry_occupies_the_breaker_until_its_outcome() {
    let (rules, mut breaker) = (rules("5xx", 3), breaker(1));
    let mut first = RetryState::new(&rules);
    let mut second = RetryState::new(&rules);
    let decide = |state: &mut RetryState, breaker: &mut CircuitBreaker, code| {
        state.decide(&rules, status(code), breaker, &mut || 0)
    };
    assert!(matches!(decide(&mut first, &mut breaker, 503), RetryVerdict::After(_)));
    // Refused, and used up all the same.
    assert_eq!(decide(&mut second, &mut breaker, 503), RetryVerdict::Overflow);
    assert_eq!(second.left, 2);
    // The first one's next retry takes over its own place.
    assert!(matches!(decide(&mut first, &mut breaker, 503), RetryVerdict::After(_)));
    first.finish(&mut breaker);
    first.finish(&mut breaker);
    assert_eq!(breaker.in_use(Resource::Retries), 0);
    assert!(matches!(decide(&mut second, &mut breaker, 503), RetryVerdict::After(_)));
    assert_eq!(RetryVerdict::Overflow.flag().map(ResponseFlag::letters), Some("UO"));
}

#[test]
fn back_off_is_a_uniform_part_of_doubling_intervals_up_to_ten_times_the_first() {
    for (base, intervals) in [
        (None, [25, 50, 100, 200, 250, 250]),
        (Some(3), [3, 6, 12, 24, 30, 30]),
        (Some(0), [1, 2, 4, 8, 10, 10]),
    ] {
        let policy = RetryPolicy { backoff: base.map(Nanos::from_millis), ..policy("5xx", 9) };
        let (rules, mut breaker) = (RetryRules::new(&policy).unwrap(), breaker(1));
        let mut state = RetryState::new(&rules);
        for interval in intervals {
            for random in [0, interval - 1, interval, 7 * interval + 1] {
                let after = Nanos::from_millis(random % interval);
                let mut once = state;
                let verdict = once.decide(&rules, status(503), &mut breaker, &mut || random);
                assert_eq!(verdict, RetryVerdict::After(after), "{base:?} {interval} {random}");
                once.finish(&mut breaker);
            }
            state.decide(&rules, status(503), &mut breaker, &mut || 0);
        }
    }
}

#[test]
fn what_was_sent_is_remembered_over_attempts() {
    let (rules, mut breaker) = (rules("reset-before-request", 5), breaker(9));
    let mut state = RetryState::new(&rules);
    let reset = Outcome::Failure(Failure::ConnectFailure);
    let verdict = state.decide(&rules, reset, &mut breaker, &mut || 0);
    assert!(matches!(verdict, RetryVerdict::After(_)));
    state.mark_sent();
    assert_eq!(state.decide(&rules, reset, &mut breaker, &mut || 0), RetryVerdict::No);
}
