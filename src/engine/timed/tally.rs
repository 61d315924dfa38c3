//! What a run counts while it goes on.

use super::marks::Marks;
use super::outcome::Record;
use super::plan::Plan;
use super::setup::Setup;
use super::traces::End;
use crate::data_plane::ResponseFlag;
use crate::scenario::time;
use crate::stats::{LatencyRecorder, Series};
use crate::topology::is_failure;
use crate::units::Nanos;

/// The counts of a run.
#[derive(Debug)]
pub(super) struct Tally {
    /// Events that were handled.
    pub(super) events: u64,
    /// By slot of the plan.
    pub(super) slots: Vec<u64>,
    /// Requests that ended, by graph and class.
    pub(super) classes: Vec<Vec<u64>>,
    /// By class, with failures.
    pub(super) by_class: Vec<Group>,
    /// By lane; the first one is no lane.
    pub(super) by_lane: Vec<Group>,
    pub(super) by_hop: Vec<Group>,
    /// Calls that got a flag, by site and flag.
    pub(super) flags: Vec<[u64; ResponseFlag::ALL.len()]>,
    /// First tries and attempts at hosts, by service.
    pub(super) load: Vec<(u64, u64)>,
    pub(super) series: Timeseries,
    pub(super) marks: Marks,
    /// Every request, if asked for.
    pub(super) records: Vec<Record>,
    /// When requests reached hosts, and which stations, if asked for.
    pub(super) upstream_requests: Vec<(Nanos, u32)>,
    record: bool,
}

/// Answers of a kind.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    pub(super) latency: LatencyRecorder,
    pub(super) failed: u64,
}

/// Counts by time.
#[derive(Clone, Debug)]
pub(super) struct Timeseries {
    pub(super) arrivals: Series,
    pub(super) answers: Series,
    pub(super) failures: Series,
    pub(super) fallbacks: Series,
    /// The first one is no lane.
    pub(super) lanes: Vec<Series>,
    present: Bucket,
    /// Median and 99th percentile of the latencies of each interval.
    pub(super) quantiles: Vec<Option<(Nanos, Nanos)>>,
}

/// What was counted in the present interval.
#[derive(Clone, Debug, Default)]
struct Bucket {
    arrivals: u64,
    answers: u64,
    failures: u64,
    fallbacks: u64,
    lanes: Vec<u64>,
    latency: LatencyRecorder,
}

// === impl Tally ===

impl Tally {
    /// Prepares the counts of a run.
    pub(super) fn new(setup: &Setup, plan: &Plan) -> Self {
        let classes = setup.classes.len();
        let length = match setup.end {
            time::End::At(at) => at,
            time::End::Requests(_) => Nanos(0),
        };
        let series = || Series::with_length(setup.interval, length);
        Self {
            events: 0,
            slots: vec![0; plan.slots],
            classes: vec![vec![0; classes]; setup.graphs.len()],
            by_class: vec![Group::default(); classes],
            by_lane: vec![Group::default(); plan.lanes.len() + 1],
            by_hop: vec![Group::default(); plan.hops.len()],
            flags: vec![[0; ResponseFlag::ALL.len()]; plan.sites.len()],
            load: vec![(0, 0); plan.services.len()],
            series: Timeseries {
                arrivals: series(),
                answers: series(),
                failures: series(),
                fallbacks: series(),
                lanes: vec![series(); plan.lanes.len() + 1],
                present: Bucket { lanes: vec![0; plan.lanes.len() + 1], ..Bucket::default() },
                quantiles: Vec::new(),
            },
            marks: Marks::new(setup, length),
            records: Vec::new(),
            upstream_requests: Vec::new(),
            record: setup.record,
        }
    }

    /// Adds to a slot.
    #[inline]
    pub(super) fn add(&mut self, slot: u32, counted: bool) {
        self.slots[slot as usize] += u64::from(counted);
    }

    /// Counts a call that got a flag.
    pub(super) fn flag(&mut self, site: u32, flag: ResponseFlag, counted: bool) {
        self.flags[site as usize][flag as usize] += u64::from(counted);
    }

    /// Counts a call that goes to a service; tries of the application after the first do not count.
    pub(super) fn request_to(&mut self, service: u32, try_number: u32, counted: bool) {
        self.load[service as usize].0 += u64::from(counted && try_number == 0);
    }

    /// Counts an attempt at a host of a service.
    pub(super) fn attempt_at(&mut self, service: u32, counted: bool) {
        self.load[service as usize].1 += u64::from(counted);
    }

    /// Notes a request that reaches a host.
    pub(super) fn upstream_request(&mut self, now: Nanos, station: Option<u32>) {
        if self.record
            && let Some(station) = station
        {
            self.upstream_requests.push((now, station));
        }
    }

    /// Counts a request that arrives.
    pub(super) fn arrival(&mut self) {
        self.series.present.arrivals += 1;
    }

    /// Counts a fallback.
    pub(super) fn fallback(&mut self) {
        self.series.present.fallbacks += 1;
    }

    /// Counts an answer that a proxy got from a host.
    #[inline]
    pub(super) fn hop(&mut self, hop: u32, latency: Nanos, status: u16, counted: bool) {
        if counted {
            self.by_hop[hop as usize].add(latency, is_failure(status));
        }
    }

    /// Counts an answer that a client got.
    pub(super) fn end(&mut self, end: &End, latency: Nanos, lane: Option<u32>) {
        let failed = is_failure(end.status);
        let lane = lane.map_or(0, |lane| lane as usize + 1);
        let present = &mut self.series.present;
        present.answers += 1;
        present.failures += u64::from(failed);
        present.lanes[lane] += 1;
        present.latency.record(latency);
        self.marks.end(latency, failed);
    }

    /// Counts an answer that a client got, for statistics without time.
    pub(super) fn counted_end(&mut self, end: &End, latency: Nanos, lane: Option<u32>) {
        let failed = is_failure(end.status);
        let lane = lane.map_or(0, |lane| lane as usize + 1);
        self.classes[end.graph][end.class] += 1;
        self.by_class[end.class].add(latency, failed);
        self.by_lane[lane].add(latency, failed);
    }

    /// Keeps a request, if asked for.
    pub(super) fn keep(&mut self, record: impl FnOnce() -> Record) {
        if self.record {
            self.records.push(record());
        }
    }
}

// === impl Group ===

impl Group {
    #[inline]
    fn add(&mut self, latency: Nanos, failed: bool) {
        self.latency.record(latency);
        self.failed += u64::from(failed);
    }
}

// === impl Timeseries ===

impl Timeseries {
    /// Ends an interval that began at `start`.
    pub(super) fn next(&mut self, start: Nanos) {
        let present = &mut self.present;
        for (series, count) in [
            (&mut self.arrivals, &mut present.arrivals),
            (&mut self.answers, &mut present.answers),
            (&mut self.failures, &mut present.failures),
            (&mut self.fallbacks, &mut present.fallbacks),
        ] {
            series.add(start, std::mem::take(count));
        }
        for (series, count) in self.lanes.iter_mut().zip(&mut present.lanes) {
            series.add(start, std::mem::take(count));
        }
        self.quantiles.push(present.latency.quantiles([0.5, 0.99]).map(Into::into));
        present.latency.clear();
    }
}
