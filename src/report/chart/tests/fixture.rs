//! Summaries of any size, made by hand.

use crate::stats;
use crate::summary::{
    ClassRow, Count, FallbackRow, Fixed, HopRow, LaneClassRow, LaneRow, Manifest, Summary,
    TraceRow, VerdictRow,
};

/// What a summary is to look like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) lanes: u64,
    pub(crate) classes: u64,
    /// Names of 63 characters.
    pub(crate) long: bool,
    /// Whether requests were counted.
    pub(crate) counted: bool,
}

const REQUESTS: u64 = 1_000_000;
const SERVICES: [&str; 3] = ["checkout", "stock", "ledger"];

/// Makes a summary; the last lane has next to no requests, and one request of ten has no lane.
pub(crate) fn summary(wanted: Wanted) -> Summary {
    let mut summary = Summary {
        schema: crate::summary::SCHEMA,
        title: title(wanted),
        manifest: Manifest {
            lanecast: "0.0.0",
            seed: 18_446_744_073_709_551_615,
            inputs: Vec::new(),
            changes: Vec::new(),
        },
        engine: if wanted.counted { "replay" } else { "exact" },
        requests: wanted.counted.then_some(REQUESTS),
        classes: Vec::new(),
        lanes: Vec::new(),
        traces: Vec::new(),
        hops: Vec::new(),
        fallbacks: Vec::new(),
        strays: Vec::new(),
        errors: Vec::new(),
        mirrors: Vec::new(),
        delays: Vec::new(),
        retries: Vec::new(),
        fit: Vec::new(),
        expectations: Vec::new(),
        time: None,
        assumptions: Vec::new(),
        verdict: VerdictRow { expectations: "none", fit: "untested" },
    };
    for number in 0..wanted.classes {
        class(wanted, number, &mut summary);
    }
    let total: u64 = (0..wanted.lanes).map(|lane| weight(wanted, lane)).sum();
    for lane in 0..=wanted.lanes {
        let (weight, all) =
            if lane == wanted.lanes { (1, 10) } else { (9 * weight(wanted, lane), 10 * total) };
        let count = count(wanted, REQUESTS, weight, all);
        summary.lanes.push(LaneRow {
            lane: (lane < wanted.lanes).then(|| name(wanted, "lane", lane)),
            classes: vec![LaneClassRow { class: name(wanted, "class", 0), count: count.clone() }],
            count,
            isolation: Vec::new(),
        });
    }
    summary
}

/// A summary without a single request.
pub(crate) fn empty() -> Summary {
    let wanted = Wanted { lanes: 0, classes: 0, long: false, counted: true };
    Summary { requests: Some(0), lanes: Vec::new(), ..summary(wanted) }
}

fn class(wanted: Wanted, number: u64, summary: &mut Summary) {
    let requests = REQUESTS / wanted.classes;
    let class = name(wanted, "class", number);
    summary.classes.push(ClassRow {
        class: class.clone(),
        from: "gateway".to_owned(),
        count: Count {
            requests: wanted.counted.then_some(requests),
            ..count(wanted, REQUESTS, 1, wanted.classes)
        },
        statuses: Vec::new(),
    });
    let total: u64 = (0..wanted.lanes).map(|lane| weight(wanted, lane)).sum();
    let services = SERVICES.map(|service| name_of(wanted, service));
    for lane in 0..wanted.lanes {
        let count = count(wanted, requests, weight(wanted, lane), total);
        let version = format!("v{}", lane + 1);
        let ways = services.iter().map(|service| format!("{service}@{version}"));
        summary.traces.push(TraceRow {
            class: class.clone(),
            trace: ways.collect::<Vec<_>>().join(">"),
            lane: Some(name(wanted, "lane", lane)),
            count: count.clone(),
            fallbacks: if lane % 3 == 1 { vec![services[1].clone()] } else { Vec::new() },
        });
        for (index, service) in services.iter().enumerate() {
            summary.hops.push(HopRow {
                class: class.clone(),
                hop: if index == 0 { "entry".to_owned() } else { services[..=index].join(">") },
                service: service.clone(),
                subset: version.clone(),
                version: version.clone(),
                pod: format!("{service}-{version}-0.default"),
                count: count.clone(),
            });
        }
        if lane % 3 == 1 {
            summary.fallbacks.push(FallbackRow {
                class: class.clone(),
                hop: services[..2].join(">"),
                service: services[1].clone(),
                from: format!("{}/canary", services[1]),
                to: format!("{}/{version}", services[1]),
                reason: "no endpoints",
                count,
            });
        }
    }
    // Hops in the order of the call tree, as in a real summary.
    summary.hops.sort_by_key(|hop| (hop.class != class, hop.hop.len()));
}

fn title(wanted: Wanted) -> String {
    if wanted.long {
        "A scenario with a title <that> goes on & on, ".repeat(6)
    } else {
        format!("{} lanes", wanted.lanes)
    }
}

/// One lane of several is nearly empty: 0.001 %.
fn weight(wanted: Wanted, lane: u64) -> u64 {
    match lane {
        0 if wanted.lanes == 1 => 1,
        lane if lane + 1 == wanted.lanes => 1,
        lane => 100_000 / (lane + 1),
    }
}

fn name(wanted: Wanted, kind: &str, number: u64) -> String {
    name_of(wanted, &format!("{kind}-{}", number + 1))
}

fn name_of(wanted: Wanted, name: &str) -> String {
    if wanted.long { format!("{name}-{}", "x".repeat(62 - name.len())) } else { name.to_owned() }
}

fn count(wanted: Wanted, requests: u64, weight: u64, total: u64) -> Count {
    let expected = weight as f64 / total as f64;
    // Off by a little, as samples are.
    let observed = (requests * weight / total).saturating_sub(requests * weight / total / 50);
    let interval = stats::wilson_interval(observed, requests, 0.95).unwrap();
    Count {
        requests: wanted.counted.then_some(observed),
        share: Fixed::new(if wanted.counted {
            observed as f64 / requests as f64
        } else {
            expected
        }),
        expected: Fixed::new(expected),
        expected_fraction: format!("{weight}/{total}"),
        interval: wanted.counted.then(|| [Fixed::new(interval.low), Fixed::new(interval.high)]),
    }
}
