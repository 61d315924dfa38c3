//! How long ejections last, and when they end.

use super::*;

/// Fails a host whenever it is not ejected; returns how long it was out each time, in milliseconds.
fn ejection_times(settings: OutlierSettings, ticks: u32) -> Vec<u64> {
    let mut detector = with(settings, 1);
    let (mut times, mut since, mut returned) = (Vec::new(), None, Vec::new());
    for _ in 0..ticks {
        // Failures come 200 ms after a tick.
        let failure = Nanos(detector.next_tick().0 - settings.interval.0 + ms(200).0);
        if fail(&mut detector, failure, 0, Failure::RemoteReset).is_some() {
            since = Some(failure);
        }
        let now = detector.next_tick();
        detector.tick(now, &mut returned);
        if returned.pop().is_some() {
            times.push(Nanos(now.0 - since.take().unwrap().0).as_millis());
        }
    }
    times
}

#[test]
fn ejections_grow_and_end_at_ticks_as_recorded() {
    let mut settings = OutlierSettings::new(&eager(), EnvoyVersion::NEWEST);
    settings.max_ejection_time = ms(3_000);
    assert_eq!(ejection_times(settings, 60)[..6], [1_300, 2_300, 3_300, 3_300, 3_300, 3_300]);
    settings.base_ejection_time = ms(3_000);
    assert_eq!(ejection_times(settings, 30)[..3], [3_300; 3]);
}

#[test]
fn healthy_intervals_take_the_growth_back_one_by_one() {
    let mut detector = detector(&eager(), 1);
    let mut returned = Vec::new();
    let mut eject = |detector: &mut OutlierDetector, idle_ticks: u32| {
        (0..idle_ticks).for_each(|_| detector.tick(detector.next_tick(), &mut returned));
        let now = detector.next_tick();
        fail(detector, now, 0, Failure::RemoteReset).unwrap();
        let time = detector.ejection_time(HostId(0)).unwrap();
        while detector.is_ejected(HostId(0)) {
            detector.tick(detector.next_tick(), &mut returned);
        }
        time.as_millis() / 1_000
    };
    assert_eq!(eject(&mut detector, 0), 1);
    assert_eq!(eject(&mut detector, 0), 2);
    assert_eq!(eject(&mut detector, 0), 3);
    // The tick at which it comes back is no healthy interval.
    assert_eq!(eject(&mut detector, 1), 3);
    assert_eq!(eject(&mut detector, 2), 2);
    assert_eq!(eject(&mut detector, 9), 1);
}

#[test]
fn jitter_adds_whole_milliseconds_up_to_its_limit() {
    let mut settings = OutlierSettings::new(&eager(), EnvoyVersion::NEWEST);
    settings.max_jitter = ms(9);
    for (random, expected) in [(0, 1_000), (9, 1_009), (10, 1_000), (25, 1_005)] {
        let mut detector = with(settings, 1);
        let failure = Outcome::Failure(Failure::RemoteReset);
        detector.on_outcome(ms(1), HostId(0), failure, &mut || random).unwrap();
        assert_eq!(detector.ejection_time(HostId(0)), Some(ms(expected)), "{random}");
    }
}

#[test]
fn an_interval_of_zero_does_not_stop_the_time() {
    let detection = OutlierDetection { interval: Some(Nanos(0)), ..eager() };
    let mut detector = detector(&detection, 1);
    detector.tick(detector.next_tick(), &mut Vec::new());
    assert_eq!(detector.next_tick(), ms(2));
}
