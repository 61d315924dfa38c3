//! The settings of outlier detection with Envoy's defaults filled in, and the rules that need only them.

use super::super::super::cluster::OutlierDetection;
use super::super::super::version::EnvoyVersion;
use super::Detection;
use crate::units::Nanos;

/// Outlier detection of a cluster, complete. Times are whole milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutlierSettings {
    /// Time between two analyses.
    pub interval: Nanos,
    /// Ejection time per ejection so far.
    pub base_ejection_time: Nanos,
    /// Longest ejection time, before the jitter.
    pub max_ejection_time: Nanos,
    /// Largest random addition to an ejection time.
    pub max_jitter: Nanos,
    /// Largest percentage of hosts that may be out at once.
    pub max_ejection_percent: u32,
    /// Whether one host may be out whatever the percentage: Envoy's `always_eject_one_host`, and what
    /// Envoy did before 1.28 (E-134).
    pub one_host_exempt: bool,
    /// Whether failures on the way to a host count apart from its answers.
    pub split_local_origin: bool,
    /// Consecutive failures that eject, by [`Detection`]; 0 never.
    pub(super) limits: [u32; 3],
    /// Percentage of detections that eject, by [`Detection`].
    pub(super) enforcing: [u32; 3],
    /// Statuses that count as failures, one bit each; none: 500 to 599.
    pub(super) error_codes: Option<StatusSet>,
}

/// A set of statuses below 1000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StatusSet([u64; 16]);

// === impl OutlierSettings ===

impl OutlierSettings {
    /// Takes over the settings of a cluster.
    #[must_use]
    pub fn new(detection: &OutlierDetection, version: EnvoyVersion) -> Self {
        let millis = |time: Option<Nanos>, default: u64| {
            time.map_or(Nanos::from_millis(default), |time| Nanos::from_millis(time.as_millis()))
        };
        let base_ejection_time = millis(detection.base_ejection_time, 30_000);
        let percent = |value: Option<u32>, default: u32| value.unwrap_or(default).min(100);
        Self {
            // Envoy refuses an interval of 0; here it must not stop the time.
            interval: millis(detection.interval, 10_000).max(Nanos::MILLISECOND),
            base_ejection_time,
            max_ejection_time: base_ejection_time.max(Nanos::from_millis(300_000)),
            max_jitter: Nanos(0),
            max_ejection_percent: percent(detection.max_ejection_percent, 10),
            one_host_exempt: !version.caps_first_ejection(),
            split_local_origin: detection.split_local_origin,
            limits: [
                detection.consecutive_5xx.unwrap_or(5),
                detection.consecutive_gateway_failure.unwrap_or(5),
                detection.consecutive_local_origin_failure.unwrap_or(5),
            ],
            enforcing: [
                percent(detection.enforcing_consecutive_5xx, 100),
                percent(detection.enforcing_consecutive_gateway_failure, 0),
                percent(detection.enforcing_consecutive_local_origin_failure, 100),
            ],
            error_codes: StatusSet::of(&detection.http_error_codes),
        }
    }

    /// The status that counts for an answer: with a list, what is not on it is a success, and what is on
    /// it an error, a 500 unless it is a 5xx itself.
    pub(super) fn judged_status(&self, status: u16) -> u16 {
        match &self.error_codes {
            None => status,
            Some(codes) if !codes.contains(status) => 200,
            Some(_) if (500..=599).contains(&status) => status,
            Some(_) => 500,
        }
    }

    /// E-134, over the whole cluster.
    pub(super) fn allows_ejection(&self, ejected: u32, members: u32) -> bool {
        let after = 100 * (u64::from(ejected) + 1);
        let fits = after <= u64::from(self.max_ejection_percent) * u64::from(members);
        fits || (ejected == 0 && self.one_host_exempt)
    }

    /// E-135; certain ones need no number.
    pub(super) fn enforces(&self, detection: Detection, random: &mut impl FnMut() -> u64) -> bool {
        match self.enforcing[detection as usize] {
            0 => false,
            percent if percent >= 100 => true,
            percent => random() % 100 < u64::from(percent),
        }
    }

    /// E-136: the multiplier of a host that is ejected once more.
    pub(super) fn raised(&self, multiplier: u64) -> u64 {
        let reached = self.base_ejection_time.0.saturating_mul(multiplier);
        let end = self.max_ejection_time.0.saturating_add(self.base_ejection_time.0);
        if reached < end { multiplier.saturating_add(1) } else { multiplier }
    }

    /// E-136.
    pub(super) fn ejection_time(&self, multiplier: u64, random: &mut impl FnMut() -> u64) -> Nanos {
        let time =
            self.base_ejection_time.0.saturating_mul(multiplier).min(self.max_ejection_time.0);
        let jitter = match self.max_jitter.as_millis() {
            0 => Nanos(0),
            longest => Nanos::from_millis(random() % longest.saturating_add(1)),
        };
        Nanos(time.saturating_add(jitter.0))
    }
}

// === impl StatusSet ===

impl StatusSet {
    /// `None` without any status; no answer has a status of 1000 or more.
    fn of(codes: &[u16]) -> Option<Self> {
        let mut set = Self([0; 16]);
        for code in codes {
            if let Some(word) = set.0.get_mut(usize::from(code / 64)) {
                *word |= 1 << (code % 64);
            }
        }
        (!codes.is_empty()).then_some(set)
    }

    fn contains(&self, code: u16) -> bool {
        self.0.get(usize::from(code / 64)).is_some_and(|word| word >> (code % 64) & 1 == 1)
    }
}
