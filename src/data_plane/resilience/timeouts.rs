//! The time limits of a request and of its attempts (E-113 to E-116, E-161).

use crate::units::Nanos;

/// The limits that hold for one request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timeouts {
    global: Option<Nanos>,
    per_try: Option<Nanos>,
}

// === impl Timeouts ===

impl Timeouts {
    /// Combines the limit of a route with that of an attempt; both count in whole milliseconds, and 0 is
    /// no limit. A limit per attempt that is not below the other is dropped (E-114).
    #[must_use]
    pub fn new(route: Option<Nanos>, per_try: Option<Nanos>) -> Self {
        let global = route.and_then(whole_millis);
        let shorter = |limit: &Nanos| global.is_none_or(|global| *limit < global);
        Self { global, per_try: per_try.and_then(whole_millis).filter(shorter) }
    }

    /// Returns when the request is answered 504, given when it was complete. Covers all attempts, waits
    /// for connections and back-offs.
    #[must_use]
    pub fn request_deadline(self, complete: Nanos) -> Option<Nanos> {
        self.global.map(|limit| after(complete, limit))
    }

    /// Returns when an attempt is given up, given when it was attached to a connection.
    #[must_use]
    pub fn attempt_deadline(self, attached: Nanos) -> Option<Nanos> {
        self.per_try.map(|limit| after(attached, limit))
    }

    /// Returns the value of `x-envoy-expected-rq-timeout-ms` for an attempt that starts `elapsed` after
    /// the request was complete; without any limit there is no such header (E-161).
    #[must_use]
    pub fn expected_millis(self, elapsed: Nanos) -> Option<u64> {
        let left = self.global.map(|limit| Nanos(limit.0.saturating_sub(elapsed.0)));
        // A limit per attempt counts only if it is below what is left.
        let expected = match (self.per_try, left) {
            (Some(per_try), Some(left)) => Some(per_try.min(left)),
            (per_try, left) => per_try.or(left),
        };
        expected.map(Nanos::as_millis)
    }
}

fn whole_millis(limit: Nanos) -> Option<Nanos> {
    let limit = Nanos::from_millis(limit.as_millis());
    (limit.0 > 0).then_some(limit)
}

const fn after(start: Nanos, limit: Nanos) -> Nanos {
    Nanos(start.0.saturating_add(limit.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: u64) -> Nanos {
        Nanos::from_millis(millis)
    }

    #[test]
    fn a_limit_per_attempt_holds_only_below_that_of_the_route() {
        for (route, per_try, request, attempt) in [
            (None, None, None, None),
            (Some(300), Some(100), Some(310), Some(110)),
            (Some(300), Some(300), Some(310), None),
            (Some(300), Some(400), Some(310), None),
            (None, Some(100), None, Some(110)),
            (Some(0), Some(100), None, Some(110)),
            (Some(300), Some(0), Some(310), None),
        ] {
            let timeouts = Timeouts::new(route.map(ms), per_try.map(ms));
            assert_eq!(timeouts.request_deadline(ms(10)), request.map(ms), "{route:?} {per_try:?}");
            assert_eq!(timeouts.attempt_deadline(ms(10)), attempt.map(ms), "{route:?} {per_try:?}");
        }
    }

    #[test]
    fn limits_below_a_millisecond_are_none() {
        let timeouts = Timeouts::new(Some(Nanos(1_999_999)), Some(Nanos::MICROSECOND));
        assert_eq!(timeouts, Timeouts { global: Some(ms(1)), per_try: None });
    }

    #[test]
    fn the_host_is_told_the_limit_of_the_attempt_or_what_is_left() {
        let told = |route: Option<u64>, per_try: Option<u64>, elapsed| {
            Timeouts::new(route.map(ms), per_try.map(ms)).expected_millis(ms(elapsed))
        };
        assert_eq!(told(None, None, 0), None);
        assert_eq!(told(Some(300), None, 120), Some(180));
        assert_eq!(told(Some(300), Some(100), 120), Some(100));
        assert_eq!(told(Some(300), Some(100), 250), Some(50));
    }
}
