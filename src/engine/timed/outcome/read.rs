//! From the state of a run that is over to its outcome.

use std::collections::BTreeMap;

use super::{
    BreakerRow, ClassRun, EjectionRow, EndKey, GraphOutcome, GroupOutcome, HopOutcome, Outcome,
    PodOutcome, RunRow, SeriesOutcome, ServiceLoad,
};
use crate::data_plane::ResponseFlag;
use crate::engine::timed::marks::Hurt;
use crate::engine::timed::plan::Plan;
use crate::engine::timed::setup::{Setup, Station};
use crate::engine::timed::tally::Tally;
use crate::engine::timed::traces::TraceNames;
use crate::engine::timed::world::World;
use crate::units::Nanos;

// === impl Outcome ===

impl Outcome {
    /// Reads what a run found out.
    pub(in crate::engine::timed) fn of(world: &World<'_>, stations: &[Station]) -> Self {
        let (setup, plan, tally) = (world.setup, world.plan, &world.tally);
        let group = |name: &str, group: &crate::engine::timed::tally::Group| GroupOutcome {
            name: name.to_owned(),
            failed: group.failed,
            latency: group.latency.histogram(),
        };
        let lanes = [""].into_iter().chain(plan.lanes.iter().map(String::as_str));
        let classes: Vec<GroupOutcome> =
            setup.classes.iter().zip(&tally.by_class).map(|(n, g)| group(n, g)).collect();
        Self {
            replications: 1,
            time: Nanos(world.now.0.saturating_sub(setup.warm_up.0)),
            events: tally.events,
            runs: vec![RunRow { classes: classes.iter().map(ClassRun::of).collect() }],
            classes,
            lanes: lanes.zip(&tally.by_lane).map(|(name, g)| group(name, g)).collect(),
            hops: hops(plan, tally),
            graphs: graphs(world),
            flags: flags(plan, tally),
            pods: pods(world, stations),
            services: services(plan, tally),
            ejections: ejections(world, stations),
            breakers: breakers(world, stations),
            series: SeriesOutcome::of(tally),
            hurt: marks(setup, tally),
            rollout: world.rollout.rows.clone(),
            records: tally.records.clone(),
            upstream_requests: tally.upstream_requests.clone(),
        }
    }
}

// === impl ClassRun ===

impl ClassRun {
    fn of(group: &GroupOutcome) -> Self {
        let quantile = |share| group.latency.quantile(share).unwrap_or_default();
        Self {
            requests: group.latency.count(),
            failed: group.failed,
            mean: group.latency.mean_seconds().unwrap_or(0.0),
            quantiles: [quantile(0.5), quantile(0.95), quantile(0.99)],
        }
    }
}

fn hops(plan: &Plan, tally: &Tally) -> Vec<HopOutcome> {
    let rows =
        plan.hops.iter().zip(&tally.by_hop).map(|((site, service, version), group)| HopOutcome {
            site: site.clone(),
            service: service.clone(),
            version: version.clone(),
            failed: group.failed,
            latency: group.latency.histogram(),
        });
    rows.collect()
}

fn graphs(world: &World<'_>) -> Vec<GraphOutcome> {
    let (plan, tally) = (world.plan, &world.tally);
    let rows = plan.graphs.iter().zip(&tally.classes).map(|(graph, classes)| GraphOutcome {
        slots: tally.slots[graph.slots.start as usize..graph.slots.end as usize].to_vec(),
        classes: classes.clone(),
        ends: BTreeMap::new(),
    });
    let mut rows: Vec<GraphOutcome> = rows.collect();
    let names =
        TraceNames { served: &plan.labels, services: &plan.services, outside: &plan.outside };
    for (end, count) in world.traces.ends() {
        let lane = end.lane.and_then(|lane| plan.lanes.get(lane as usize).cloned());
        let trace = world.traces.trace(end.trace, &names);
        let key = EndKey { class: end.class, lane, status: end.status, flag: end.flag, trace };
        if let Some(row) = rows.get_mut(end.graph) {
            *row.ends.entry(key).or_default() += count;
        }
    }
    rows
}

fn flags(plan: &Plan, tally: &Tally) -> BTreeMap<(String, ResponseFlag), u64> {
    let mut flags = BTreeMap::new();
    for (site, counts) in plan.sites.iter().zip(&tally.flags) {
        let counted = ResponseFlag::ALL.into_iter().zip(counts).filter(|(_, count)| **count > 0);
        flags.extend(counted.map(|(flag, count)| ((site.clone(), flag), *count)));
    }
    flags
}

fn pods(world: &World<'_>, stations: &[Station]) -> Vec<PodOutcome> {
    let rows = stations.iter().zip(&world.pods).map(|(station, pod)| PodOutcome {
        name: station.name.clone(),
        group: station.group.clone(),
        workers: station.workers,
        busy: pod.load.busy,
        queued: pod.load.queued,
        longest_queue: pod.load.longest_queue,
        served: pod.load.served,
        refused: pod.load.refused,
        begun: pod.load.begun,
        waited: pod.load.waited,
        intervals: pod.intervals.clone(),
    });
    rows.collect()
}

fn services(plan: &Plan, tally: &Tally) -> Vec<ServiceLoad> {
    let rows = plan.services.iter().zip(&tally.load).filter(|(_, load)| **load != (0, 0));
    let row = |(service, load): (&String, &(u64, u64))| ServiceLoad {
        service: service.clone(),
        requests: load.0,
        attempts: load.1,
    };
    rows.map(row).collect()
}

fn name(stations: &[Station], station: u32) -> String {
    stations.get(station as usize).map(|station| station.name.clone()).unwrap_or_default()
}

/// The pod and the cluster of an upstream.
fn place(world: &World<'_>, stations: &[Station], upstream: u32) -> (String, String) {
    let known = &world.upstreams[upstream as usize];
    let cluster = &world.plan.clusters[known.cluster as usize];
    (name(stations, known.proxy), world.plan.cluster_names[cluster.name as usize].clone())
}

fn ejections(world: &World<'_>, stations: &[Station]) -> Vec<EjectionRow> {
    let rows = world.timeline.ejections.iter().map(|span| {
        let (proxy, cluster) = place(world, stations, span.upstream);
        let host = name(stations, span.station);
        EjectionRow { run: 0, proxy, cluster, host, from: span.from, until: span.until }
    });
    rows.collect()
}

fn breakers(world: &World<'_>, stations: &[Station]) -> Vec<BreakerRow> {
    let mut rows = Vec::new();
    for (number, upstream) in (0..).zip(&world.upstreams) {
        for (retries, overflow) in [false, true].into_iter().zip(&upstream.overflows) {
            if overflow.count == 0 {
                continue;
            }
            let (proxy, cluster) = place(world, stations, number);
            let (count, first, last) = (overflow.count, overflow.first, overflow.last);
            rows.push(BreakerRow { run: 0, proxy, cluster, retries, count, first, last });
        }
    }
    rows
}

fn marks(setup: &Setup, tally: &Tally) -> Vec<(String, Nanos, Hurt)> {
    let rows = setup.marks.iter().zip(tally.marks.hurt());
    rows.map(|(mark, hurt)| (mark.text.clone(), mark.at, hurt)).collect()
}

// === impl SeriesOutcome ===

impl SeriesOutcome {
    fn of(tally: &Tally) -> Self {
        let series = &tally.series;
        let quantiles = series.quantiles.iter().map(|known| match known {
            Some((median, last)) => (*median, *last, 1),
            None => (Nanos(0), Nanos(0), 0),
        });
        Self {
            arrivals: series.arrivals.clone(),
            answers: series.answers.clone(),
            failures: series.failures.clone(),
            fallbacks: series.fallbacks.clone(),
            lanes: series.lanes.clone(),
            quantiles: quantiles.collect(),
        }
    }
}
