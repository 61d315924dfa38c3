//! Rows of what happened at hops: pods, fallbacks, strays, errors, mirrors, delays, retries.

use std::collections::BTreeMap;

use super::count::{Source, Sums};
use super::{ErrorRow, FallbackRow, HopRow, MirrorRow, SiteRow, StrayRow};
use crate::control_plane::clusters::ClusterName;
use crate::engine::exact::{CallSlots, Exact, LegSlots};
use crate::engine::flow::{
    Action, Answer, Call, ClassId, FallbackReason, Flow, Hosts, Isolation, LaneId, Leg, RuleId,
    SiteId, Target,
};
use crate::scenario::Scenario;
use crate::units::Share;

/// Class, site, service, subset, version, pod.
type HopKey = (ClassId, SiteId, String, String, String, String);
/// Class, site, service, from, to, reason.
type FallbackKey = (ClassId, SiteId, String, String, String, FallbackReason);
/// Class, site, lane, service, version.
type StrayKey = (ClassId, SiteId, LaneId, String, String);
/// Class, site, flag, status.
type ErrorKey = (ClassId, SiteId, &'static str, u16);

/// Everything that is counted at hops.
pub(super) struct Collected {
    hops: Sums<HopKey>,
    fallbacks: Sums<FallbackKey>,
    strays: Sums<StrayKey>,
    errors: Sums<ErrorKey>,
    mirrors: Sums<(ClassId, SiteId, String, bool)>,
    delays: Sums<(ClassId, SiteId)>,
    retries: Sums<(ClassId, SiteId)>,
    /// Hops by lane, status and class.
    pub(super) isolation: Sums<(Option<LaneId>, Isolation, ClassId)>,
    /// How often each destination of a rule was taken, by class.
    pub(super) rules: Sums<(RuleId, usize, ClassId)>,
}

/// Adds up all slots of a run.
pub(super) fn collect(flow: &Flow, exact: &Exact, source: Source<'_>) -> Collected {
    let mut collected = Collected {
        hops: Sums::new(),
        fallbacks: Sums::new(),
        strays: Sums::new(),
        errors: Sums::new(),
        mirrors: Sums::new(),
        delays: Sums::new(),
        retries: Sums::new(),
        isolation: Sums::new(),
        rules: Sums::new(),
    };
    let collector = Collector { flow, source };
    for (call, slots) in flow.calls.iter().zip(&exact.layout.calls) {
        collector.call(call, slots, &mut collected);
    }
    for (run, slots) in flow.runs.iter().zip(&exact.layout.runs) {
        if run.error_rate != Share::ZERO {
            let key = (run.class, run.site, "app", crate::topology::APP_ERROR);
            collected.errors.add(source, key, slots.errors);
        }
    }
    collected
}

struct Collector<'a> {
    flow: &'a Flow,
    source: Source<'a>,
}

/// What the hosts of a leg have in common.
struct Way<'a> {
    class: ClassId,
    site: SiteId,
    lane: Option<LaneId>,
    leg: Option<&'a Leg>,
}

impl Collector<'_> {
    fn call(&self, call: &Call, slots: &CallSlots, to: &mut Collected) {
        let here = (call.class, call.site);
        to.delays.add(self.source, here, slots.delays);
        to.retries.add(self.source, here, slots.retries);
        if let Some((_, answer)) = &call.abort {
            to.errors.add(self.source, error_key(call, *answer), slots.aborts);
        }
        match &call.action {
            Action::Answer(answer) if is_error(*answer) => {
                let key = error_key(call, *answer);
                to.errors.add(self.source, key, slots.visits);
                // What a fault answered did not come so far.
                if call.abort.is_some() {
                    to.errors.subtract(self.source, &key, slots.aborts);
                }
            }
            Action::Answer(_) => {}
            Action::Forward(legs) => {
                for (leg, slots) in legs.iter().zip(&slots.legs) {
                    self.leg(call, leg, slots, to);
                }
            }
        }
    }

    fn leg(&self, call: &Call, leg: &Leg, slots: &LegSlots, to: &mut Collected) {
        if let Some((rule, index)) = leg.rule {
            to.rules.add(self.source, (rule, index, call.class), slots.taken);
        }
        let lane = leg.lane.or(call.lane);
        match &leg.target {
            Target::Answer(answer) => {
                to.errors.add(self.source, error_key(call, *answer), slots.taken);
            }
            Target::Hosts(hosts) => {
                let way = Way { class: call.class, site: call.site, lane, leg: Some(leg) };
                self.hosts(&way, hosts, slots.hosts, to);
                if let (Some(fallback), Some(first)) = (&leg.fallback, hosts.list.first()) {
                    let key = (
                        call.class,
                        call.site,
                        self.flow.runs[first.run as usize].app.clone(),
                        fallback.from.clone(),
                        fallback.to.clone(),
                        fallback.reason,
                    );
                    to.fallbacks.add(self.source, key, slots.taken);
                }
            }
            Target::Through(_) | Target::Outside(_) => {}
        }
        for (copy, slots) in leg.copies.iter().zip(&slots.copies) {
            let served = copy.hosts.is_some();
            let key = (call.class, call.site, copy.cluster.clone(), served);
            to.mirrors.add(self.source, key, slots.made);
            if let Some(hosts) = &copy.hosts {
                let way = Way { class: call.class, site: copy.site, lane: None, leg: None };
                self.hosts(&way, hosts, slots.hosts, to);
            }
        }
    }

    fn hosts(&self, way: &Way<'_>, hosts: &Hosts, first: u32, to: &mut Collected) {
        let subset = ClusterName::parse(&hosts.cluster.name).map_or("", |name| name.subset);
        for (slot, host) in (first..).zip(&hosts.list) {
            let run = &self.flow.runs[host.run as usize];
            let (service, version) = (run.app.clone(), run.version.clone());
            let pod = host.name.clone();
            let subset = subset.to_owned();
            let key = (way.class, way.site, service.clone(), subset, version.clone(), pod);
            to.hops.add(self.source, key, slot);
            if way.leg.is_none() {
                continue;
            }
            to.isolation.add(self.source, (way.lane, host.isolation, way.class), slot);
            if let (Isolation::Stray, Some(lane)) = (host.isolation, way.lane) {
                to.strays.add(self.source, (way.class, way.site, lane, service, version), slot);
            }
        }
    }
}

fn is_error(answer: Answer) -> bool {
    answer.flag.is_some() || crate::topology::is_failure(answer.status)
}

fn error_key(call: &Call, answer: Answer) -> ErrorKey {
    let flag = answer.flag.map_or("-", crate::data_plane::ResponseFlag::letters);
    (call.class, call.site, flag, answer.status)
}

/// The names that rows print.
pub(super) struct Names<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) flow: &'a Flow,
    pub(super) source: Source<'a>,
    /// Position of each site in the call tree.
    order: BTreeMap<SiteId, usize>,
}

impl<'a> Names<'a> {
    pub(super) fn new(scenario: &'a Scenario, flow: &'a Flow, source: Source<'a>) -> Self {
        let mut sites: Vec<SiteId> = (0..).take(flow.sites.len()).collect();
        sites.sort_by_key(|site| {
            let site = &flow.sites[*site as usize];
            (site.depth, site.path.as_str())
        });
        let order = sites.into_iter().enumerate().map(|(index, site)| (site, index)).collect();
        Self { scenario, flow, source, order }
    }

    fn class(&self, class: ClassId) -> String {
        self.scenario.classes[class].name.clone()
    }

    fn hop(&self, site: SiteId) -> String {
        self.flow.sites[site as usize].path.clone()
    }

    pub(super) fn lane(&self, lane: LaneId) -> String {
        self.flow.lanes[lane as usize].clone()
    }

    pub(super) fn hops(&self, sums: Sums<HopKey>) -> Vec<HopRow> {
        let mut entries: Vec<_> = sums.into_entries().collect();
        entries.sort_by_key(|((class, site, ..), _)| (*class, self.order[site]));
        let row = |((class, site, service, subset, version, pod), (observed, expected))| HopRow {
            class: self.class(class),
            hop: self.hop(site),
            service,
            subset,
            version,
            pod,
            count: self.source.count(class, observed, &expected),
        };
        entries.into_iter().map(row).collect()
    }

    fn fallbacks(&self, sums: Sums<FallbackKey>) -> Vec<FallbackRow> {
        let mut entries: Vec<_> = sums.into_entries().collect();
        entries.sort_by_key(|((class, site, ..), _)| (*class, self.order[site]));
        let row = |((class, site, service, from, to, reason), (observed, expected)): (
            FallbackKey,
            (u64, _),
        )| FallbackRow {
            class: self.class(class),
            hop: self.hop(site),
            service,
            from,
            to,
            reason: reason.words(),
            count: self.source.count(class, observed, &expected),
        };
        entries.into_iter().map(row).collect()
    }

    fn strays(&self, sums: Sums<StrayKey>) -> Vec<StrayRow> {
        let row = |((class, site, lane, service, version), (observed, expected)): (
            StrayKey,
            (u64, _),
        )| StrayRow {
            class: self.class(class),
            hop: self.hop(site),
            lane: self.lane(lane),
            service,
            version,
            count: self.source.count(class, observed, &expected),
        };
        sums.into_entries().map(row).collect()
    }

    fn errors(&self, sums: Sums<ErrorKey>) -> Vec<ErrorRow> {
        let row =
            |((class, site, flag, status), (observed, expected)): (ErrorKey, (u64, _))| ErrorRow {
                class: self.class(class),
                hop: self.hop(site),
                flag: flag.to_owned(),
                status,
                count: self.source.count(class, observed, &expected),
            };
        sums.into_entries().map(row).collect()
    }

    fn sites(&self, sums: Sums<(ClassId, SiteId)>) -> Vec<SiteRow> {
        let row = |((class, site), (observed, expected)): ((ClassId, SiteId), (u64, _))| SiteRow {
            class: self.class(class),
            hop: self.hop(site),
            count: self.source.count(class, observed, &expected),
        };
        sums.into_entries().map(row).collect()
    }

    fn mirrors(&self, sums: Sums<(ClassId, SiteId, String, bool)>) -> Vec<MirrorRow> {
        let row = |((class, site, cluster, served), (observed, expected))| MirrorRow {
            class: self.class(class),
            hop: self.hop(site),
            cluster,
            served,
            count: self.source.count(class, observed, &expected),
        };
        sums.into_entries().map(row).collect()
    }

    /// Turns everything but lanes and rules into rows.
    pub(super) fn rows(&self, collected: Collected) -> HopRows {
        HopRows {
            hops: self.hops(collected.hops),
            fallbacks: self.fallbacks(collected.fallbacks),
            strays: self.strays(collected.strays),
            errors: self.errors(collected.errors),
            mirrors: self.mirrors(collected.mirrors),
            delays: self.sites(collected.delays),
            retries: self.sites(collected.retries),
        }
    }
}

/// The rows of hops.
pub(super) struct HopRows {
    pub(super) hops: Vec<HopRow>,
    pub(super) fallbacks: Vec<FallbackRow>,
    pub(super) strays: Vec<StrayRow>,
    pub(super) errors: Vec<ErrorRow>,
    pub(super) mirrors: Vec<MirrorRow>,
    pub(super) delays: Vec<SiteRow>,
    pub(super) retries: Vec<SiteRow>,
}
