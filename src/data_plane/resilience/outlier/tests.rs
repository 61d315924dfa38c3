use super::super::super::cluster::OutlierDetection;
use super::super::super::version::EnvoyVersion;
use super::super::outcome::Answer;
use super::*;

mod times;

fn ms(millis: u64) -> Nanos {
    Nanos::from_millis(millis)
}

/// Detection of one failure, all enforced, without a cap.
fn eager() -> OutlierDetection {
    OutlierDetection {
        consecutive_5xx: Some(1),
        base_ejection_time: Some(ms(1_000)),
        interval: Some(ms(500)),
        max_ejection_percent: Some(100),
        ..OutlierDetection::default()
    }
}

fn detector(detection: &OutlierDetection, hosts: u32) -> OutlierDetector {
    with(OutlierSettings::new(detection, EnvoyVersion::NEWEST), hosts)
}

fn with(settings: OutlierSettings, hosts: u32) -> OutlierDetector {
    let mut detector = OutlierDetector::new(settings, Nanos(0));
    (0..hosts).for_each(|host| detector.add(HostId(host)));
    detector
}

/// Reports statuses of a host; returns what the ejection was for, if one came.
fn report(detector: &mut OutlierDetector, host: u32, statuses: &[u16]) -> Option<Detection> {
    let outcomes = statuses.iter().map(|status| Outcome::Answer(Answer::http(*status)));
    outcomes.fold(None, |seen, outcome| {
        let ejection = detector.on_outcome(ms(1), HostId(host), outcome, &mut || 0);
        seen.or(ejection)
    })
}

fn fail(
    detector: &mut OutlierDetector,
    now: Nanos,
    host: u32,
    failure: Failure,
) -> Option<Detection> {
    detector.on_outcome(now, HostId(host), Outcome::Failure(failure), &mut || 0)
}

#[test]
fn consecutive_failures_eject_and_a_success_starts_the_count_again() {
    let all = OutlierDetection { max_ejection_percent: Some(100), ..OutlierDetection::default() };
    let gateway = OutlierDetection {
        consecutive_5xx: Some(0),
        consecutive_gateway_failure: Some(3),
        enforcing_consecutive_gateway_failure: Some(100),
        ..all.clone()
    };
    let both = OutlierDetection { consecutive_5xx: Some(4), ..gateway.clone() };
    let (server, gateways) = (Some(Detection::ServerErrors), Some(Detection::GatewayFailures));
    for (detection, statuses, expected) in [
        (&all, vec![500; 4], None),
        (&all, vec![500; 5], server),
        (&all, vec![503, 503, 503, 503, 200, 503], None),
        (&all, vec![503, 500, 404, 500, 500, 500, 500], None),
        (&gateway, vec![502, 503, 504], gateways),
        // Another 5xx ends the row of gateway failures, and 5xx are not counted here.
        (&gateway, vec![502, 503, 500, 504, 502, 501, 502, 503], None),
        (&both, vec![500, 502, 503, 504], gateways),
        (&both, vec![502, 503, 500, 502], server),
    ] {
        assert_eq!(report(&mut detector(detection, 4), 1, &statuses), expected, "{statuses:?}");
    }
}

#[test]
fn both_detections_of_one_answer_eject_once() {
    let detection = OutlierDetection {
        consecutive_gateway_failure: Some(1),
        enforcing_consecutive_gateway_failure: Some(100),
        ..eager()
    };
    let mut detector = detector(&detection, 2);
    assert_eq!(report(&mut detector, 0, &[503]), Some(Detection::GatewayFailures));
    assert_eq!((detector.ejected(), detector.counts().ejected), (1, 1));
}

#[test]
fn the_cap_holds_for_the_first_ejection_since_1_28() {
    let five = |percent| OutlierDetection { max_ejection_percent: percent, ..eager() };
    let ejected = |detection: &OutlierDetection, minor, hosts| {
        let mut detector = with(OutlierSettings::new(detection, EnvoyVersion::minor(minor)), hosts);
        for host in 0..hosts {
            report(&mut detector, host, &[503]);
        }
        assert_eq!(detector.counts().detected, u64::from(hosts));
        assert_eq!(u64::from(hosts - detector.ejected()), detector.counts().overflowed);
        detector.ejected()
    };
    for (percent, hosts, newest, old) in [
        // 10 % by default: clusters below ten hosts eject nothing.
        (None, 9, 0, 1),
        (None, 10, 1, 1),
        (None, 19, 1, 1),
        (None, 20, 2, 2),
        (Some(33), 3, 0, 1),
        (Some(34), 3, 1, 1),
        (Some(100), 3, 3, 3),
        (Some(0), 3, 0, 1),
        (Some(400), 3, 3, 3),
    ] {
        let detection = five(percent);
        assert_eq!(ejected(&detection, 40, hosts), newest, "{percent:?} {hosts}");
        assert_eq!(ejected(&detection, 27, hosts), old, "{percent:?} {hosts}");
    }
}

#[test]
fn a_blocked_detection_needs_all_its_failures_again() {
    // As recorded: three hosts, all failing, nothing ejected.
    let mut detector = detector(&OutlierDetection::default(), 3);
    for _ in 0..30 {
        (0..3).for_each(|host| assert_eq!(report(&mut detector, host, &[500]), None));
    }
    let expected = DetectionCounts { detected: 18, overflowed: 18, ..DetectionCounts::default() };
    assert_eq!(detector.counts(), expected);
}

#[test]
fn the_enforcing_percentage_decides_by_chance() {
    let detection = OutlierDetection { enforcing_consecutive_5xx: Some(30), ..eager() };
    for (random, ejects) in [(0, true), (29, true), (30, false), (130, false), (1_029, true)] {
        let mut detector = detector(&detection, 3);
        let failure = Outcome::Answer(Answer::http(500));
        let ejection = detector.on_outcome(ms(1), HostId(0), failure, &mut || random);
        assert_eq!(ejection.is_some(), ejects, "{random}");
        assert_eq!(detector.counts().not_enforced, u64::from(!ejects));
    }
}

#[test]
fn failures_count_as_503_and_time_outs_as_504_unless_they_count_apart() {
    use Failure::{
        ConnectFailure, NoHost, Overflow, PendingOverflow, PerTryTimeout, RemoteReset, RouteTimeout,
    };
    let gateway = OutlierDetection {
        consecutive_5xx: Some(0),
        consecutive_gateway_failure: Some(1),
        enforcing_consecutive_gateway_failure: Some(100),
        ..eager()
    };
    let split = OutlierDetection {
        split_local_origin: true,
        consecutive_local_origin_failure: Some(1),
        ..gateway.clone()
    };
    let got = |detection: &OutlierDetection, failure| {
        fail(&mut detector(detection, 2), ms(1), 0, failure)
    };
    for failure in [ConnectFailure, RemoteReset, PerTryTimeout, RouteTimeout] {
        assert_eq!(got(&gateway, failure), Some(Detection::GatewayFailures), "{failure:?}");
        assert_eq!(got(&split, failure), Some(Detection::LocalOriginFailures), "{failure:?}");
    }
    for failure in [Overflow, PendingOverflow, NoHost] {
        assert_eq!((got(&gateway, failure), got(&split, failure)), (None, None));
    }
}

#[test]
fn counted_apart_answers_and_the_way_to_the_host_do_not_mix() {
    let detection = OutlierDetection {
        split_local_origin: true,
        consecutive_5xx: Some(3),
        consecutive_local_origin_failure: Some(3),
        ..eager()
    };
    let mut detector = detector(&detection, 2);
    for _ in 0..2 {
        assert_eq!(fail(&mut detector, ms(1), 0, Failure::ConnectFailure), None);
        assert_eq!(report(&mut detector, 0, &[500]), None);
    }
    // A connection is a success of the way, a failure of the way no success of the answers.
    detector.on_connected(HostId(0));
    assert_eq!(fail(&mut detector, ms(1), 0, Failure::ConnectFailure), None);
    assert_eq!(report(&mut detector, 0, &[500]), Some(Detection::ServerErrors));
}

#[test]
fn listed_statuses_take_the_place_of_5xx() {
    let detection = OutlierDetection {
        consecutive_gateway_failure: Some(2),
        enforcing_consecutive_gateway_failure: Some(100),
        consecutive_5xx: Some(4),
        http_error_codes: vec![404, 429, 503, 9_999],
        ..eager()
    };
    for (statuses, expected) in [
        (vec![404, 429, 404, 404], Some(Detection::ServerErrors)),
        (vec![404, 500, 404, 404, 404], None),
        (vec![503, 503], Some(Detection::GatewayFailures)),
        (vec![503, 502, 503, 504, 503], None),
    ] {
        let got = report(&mut detector(&detection, 2), 0, &statuses);
        assert_eq!(got, expected, "{statuses:?}");
    }
    // What is no answer still counts.
    let mut detector = detector(&detection, 2);
    assert_eq!(fail(&mut detector, ms(1), 0, Failure::ConnectFailure), None);
    assert!(fail(&mut detector, ms(1), 0, Failure::PerTryTimeout).is_some());
}

#[test]
fn grpc_statuses_count_as_their_http_counterparts() {
    let mut detector = detector(&eager(), 2);
    let mut answer = |grpc_status| {
        let answer = Answer { grpc_status: Some(grpc_status), ..Answer::http(200) };
        detector.on_outcome(ms(1), HostId(0), Outcome::Answer(answer), &mut || 0).is_some()
    };
    assert!(!answer(0) && !answer(5) && answer(14));
}

#[test]
fn hosts_that_leave_take_their_state_along() {
    let detection = OutlierDetection { max_ejection_percent: Some(50), ..eager() };
    let mut detector = detector(&detection, 4);
    assert!(
        report(&mut detector, 0, &[500]).is_some() && report(&mut detector, 1, &[500]).is_some()
    );
    assert_eq!(report(&mut detector, 2, &[500]), None);
    detector.remove(HostId(0));
    detector.remove(HostId(0));
    assert_eq!((detector.ejected(), detector.is_ejected(HostId(0))), (1, false));
    // One of three is out; a second one would be 67 %.
    assert_eq!(report(&mut detector, 2, &[500]), None);
    // Reports of requests that were under way are not counted.
    assert_eq!(report(&mut detector, 0, &[500]), None);
    detector.add(HostId(4));
    detector.add(HostId(4));
    assert!(report(&mut detector, 4, &[500]).is_some());
    assert_eq!(detector.ejected(), 2);
}

#[test]
fn while_a_host_is_out_nothing_counts_and_its_return_starts_all_counters_again() {
    let detection = OutlierDetection { consecutive_5xx: Some(2), ..eager() };
    let mut detector = detector(&detection, 2);
    assert!(report(&mut detector, 0, &[500, 500]).is_some());
    assert_eq!(report(&mut detector, 0, &[500, 500, 500]), None);
    let mut returned = Vec::new();
    for _ in 0..3 {
        detector.tick(detector.next_tick(), &mut returned);
    }
    assert_eq!((returned, detector.ejected()), (vec![HostId(0)], 0));
    assert_eq!(report(&mut detector, 0, &[500]), None);
    assert!(report(&mut detector, 0, &[500]).is_some());
}
