//! The ramp of hosts that have just become healthy (E-92).

use super::super::cluster::SlowStart;
use crate::units::Nanos;

/// A ramp in whole milliseconds, as Envoy counts it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ramp {
    window_ms: u64,
    exponent: f64,
    floor: f64,
}

// === impl Ramp ===

impl Ramp {
    /// Reads the settings; a window below a millisecond is no ramp.
    pub(super) fn new(settings: SlowStart) -> Option<Self> {
        let window_ms = settings.window.as_millis();
        // Envoy falls back to a linear ramp.
        let aggression = if settings.aggression > 0.0 { settings.aggression } else { 1.0 };
        let floor = settings.minimum_percent / 100.0;
        (window_ms > 0).then_some(Self { window_ms, exponent: 1.0 / aggression, floor })
    }

    /// Tells whether a host added at `since` still counts as new.
    pub(super) const fn is_new(self, since: Nanos, now: Nanos) -> bool {
        elapsed_ms(since, now) <= self.window_ms
    }

    /// The factor on the weight of a host that is healthy since `since`.
    pub(super) fn factor(self, since: Nanos, now: Nanos) -> f64 {
        let elapsed = elapsed_ms(since, now);
        if elapsed >= self.window_ms {
            return 1.0;
        }
        let time = elapsed.max(1) as f64 / self.window_ms as f64;
        time.powf(self.exponent).max(self.floor)
    }
}

const fn elapsed_ms(since: Nanos, now: Nanos) -> u64 {
    Nanos(now.0.saturating_sub(since.0)).as_millis()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(aggression: f64) -> Ramp {
        let window = Nanos::SECOND;
        Ramp::new(SlowStart { window, aggression, minimum_percent: 10.0 }).unwrap()
    }

    #[test]
    fn the_weight_grows_with_time_from_the_minimum_to_all() {
        for (millis, linear, quick) in [
            (0, 0.1, 0.1),
            (50, 0.1, 0.05_f64.sqrt()),
            (250, 0.25, 0.5),
            (999, 0.999, 0.999_f64.sqrt()),
        ] {
            let now = Nanos::from_millis(5_000 + millis);
            let at = |aggression| ramp(aggression).factor(Nanos::from_millis(5_000), now);
            assert!((at(1.0) - linear).abs() < 1e-12, "{millis} {}", at(1.0));
            assert!((at(2.0) - quick).abs() < 1e-12, "{millis} {}", at(2.0));
        }
        assert!((ramp(1.0).factor(Nanos(0), Nanos::SECOND) - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_host_is_new_up_to_and_including_the_window() {
        let at = |millis| ramp(1.0).is_new(Nanos(0), Nanos::from_millis(millis));
        assert!(at(0) && at(1000) && !at(1001));
    }

    #[test]
    fn settings_without_a_ramp_give_none_and_odd_ones_a_linear_one() {
        let settings = |window, aggression| SlowStart { window, aggression, minimum_percent: 0.0 };
        assert!(Ramp::new(settings(Nanos::MICROSECOND, 1.0)).is_none());
        for aggression in [0.0, -1.0, f64::NAN] {
            let ramp = Ramp::new(settings(Nanos::SECOND, aggression)).unwrap();
            let half = ramp.factor(Nanos(0), Nanos::from_millis(500));
            assert!((half - 0.5).abs() < 1e-12, "{aggression}");
        }
    }
}
