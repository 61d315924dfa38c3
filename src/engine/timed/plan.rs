//! The compiled graphs of a run: flat arrays, numbers in place of names, one slot per count.
//!
//! All graphs stand in the same arrays, so that a request under way keeps the plan that it started with.

mod clusters;
mod compile;

use std::ops::Range;

use super::numbers::{Column, ColumnNames};
use super::slab::NONE;
use crate::data_plane::balance::BalancerSettings;
use crate::data_plane::resilience::{OutlierSettings, PoolSettings, RetryRules, Timeouts};
use crate::data_plane::{Cluster, Fraction, RetryPolicy};
use crate::engine::flow::{Answer, ClassId, LaneId};
use crate::topology::{FailurePolicy, RetryOn};
use crate::units::Nanos;

pub(super) use compile::compile;

/// The compiled graphs.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) graphs: Vec<PlanGraph>,
    pub(super) calls: Vec<PlanCall>,
    pub(super) legs: Vec<PlanLeg>,
    pub(super) hosts: Vec<PlanHosts>,
    pub(super) copies: Vec<PlanCopy>,
    pub(super) runs: Vec<PlanRun>,
    /// Ranges of `app_calls`.
    pub(super) steps: Vec<Range<u32>>,
    pub(super) app_calls: Vec<PlanAppCall>,
    pub(super) retries: Vec<PlanRetry>,
    pub(super) clusters: Vec<PlanCluster>,
    /// Station of each endpoint.
    pub(super) endpoints: Vec<u32>,
    pub(super) columns: ColumnNames,
    /// Number of slots of all graphs; slot 0 is for what nobody asks for.
    pub(super) slots: usize,
    /// Applications and versions.
    pub(super) labels: Vec<(String, String)>,
    /// Called services, as traces name them.
    pub(super) services: Vec<String>,
    pub(super) outside: Vec<String>,
    pub(super) lanes: Vec<String>,
    /// Names of clusters.
    pub(super) cluster_names: Vec<String>,
    /// Hops: site, application, version.
    pub(super) hops: Vec<(String, String, String)>,
    /// Paths of sites.
    pub(super) sites: Vec<String>,
}

/// What belongs to one graph.
#[derive(Debug)]
pub(super) struct PlanGraph {
    /// The entry call of each class.
    pub(super) roots: Vec<u32>,
    /// Slots of its counts.
    pub(super) slots: Range<u32>,
    /// Sender and name of each of its clusters, sorted, with the number of the cluster.
    pub(super) by_sender: Vec<((u32, u32), u32)>,
    /// Which stations its clusters name.
    pub(super) alive: Vec<bool>,
}

/// A request at a proxy.
#[derive(Debug)]
pub(super) struct PlanCall {
    pub(super) graph: u32,
    pub(super) class: ClassId,
    pub(super) site: u32,
    /// Stations whose proxies may send it, for calls that no station makes.
    pub(super) senders: Vec<u32>,
    pub(super) lane: Option<LaneId>,
    pub(super) visits: u32,
    pub(super) delay: Option<(Nanos, Chance, u32)>,
    pub(super) abort: Option<(Chance, Answer, u32)>,
    /// The answer of the proxy itself.
    pub(super) answer: Option<Answer>,
    pub(super) legs: Range<u32>,
    /// Sum of the weights.
    pub(super) total: u64,
    /// The one number of the request (E-01).
    pub(super) route: Column,
    /// Where its other draws begin.
    pub(super) host: Column,
    pub(super) timeouts: Timeouts,
    pub(super) retry: Option<u32>,
    pub(super) retries: u32,
}

/// A draw of a fraction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chance {
    pub(super) column: Column,
    pub(super) fraction: Fraction,
}

#[derive(Debug)]
pub(super) struct PlanRetry {
    pub(super) rules: RetryRules,
    pub(super) policy: RetryPolicy,
}

#[derive(Debug)]
pub(super) struct PlanLeg {
    /// Cumulative weight.
    pub(super) bound: u64,
    pub(super) taken: u32,
    pub(super) lane: Option<LaneId>,
    pub(super) target: PlanTarget,
    /// Hosts of the fallback, and the slot of its being taken.
    pub(super) alternative: Option<(u32, u32)>,
    /// Whether it is a fallback itself.
    pub(super) fallback: bool,
    pub(super) copies: Range<u32>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum PlanTarget {
    Answer(Answer),
    /// A host that the mesh does not know.
    Outside(u32),
    /// The call of a waypoint.
    Through(u32),
    Hosts(u32),
}

/// The endpoints of a cluster as one leg meets them.
#[derive(Debug)]
pub(super) struct PlanHosts {
    pub(super) cluster: u32,
    /// The endpoint of the first entry.
    pub(super) first: u32,
    /// Run and slot by endpoint; `NONE` between.
    pub(super) entries: Vec<(u32, u32)>,
    pub(super) hash: Option<u64>,
    pub(super) fallback: bool,
    /// One-way delay.
    pub(super) delay: Nanos,
    /// Time to open a connection.
    pub(super) connect: Nanos,
    /// The application behind it.
    pub(super) service: u32,
}

/// A mirror.
#[derive(Debug)]
pub(super) struct PlanCopy {
    pub(super) fraction: Fraction,
    pub(super) made: u32,
    /// The call of the copy; `None` if it is dropped.
    pub(super) call: Option<u32>,
}

/// A request at an application.
#[derive(Debug)]
pub(super) struct PlanRun {
    pub(super) label: u32,
    pub(super) hop: u32,
    /// Share of errors of its own.
    pub(super) errors: (u64, u64),
    pub(super) error: Column,
    pub(super) service_time: Column,
    pub(super) failed: u32,
    pub(super) status: u16,
    pub(super) steps: Range<u32>,
}

/// A call of an application.
#[derive(Debug)]
pub(super) struct PlanAppCall {
    pub(super) attempts: Vec<u32>,
    /// Column, numerator, denominator, unless it is always made.
    pub(super) made: Option<(Column, u64, u64)>,
    pub(super) retry_on: RetryOn,
    pub(super) on_failure: FailurePolicy,
    pub(super) service: u32,
}

/// A cluster as the proxies of one sender know it.
#[derive(Debug)]
pub(super) struct PlanCluster {
    pub(super) name: u32,
    pub(super) sender: u32,
    pub(super) graph: u32,
    /// Its endpoints carry their numbers as instances.
    pub(super) cluster: Cluster,
    pub(super) balancer: BalancerSettings,
    pub(super) pool: PoolSettings,
    pub(super) outlier: Option<OutlierSettings>,
    pub(super) connect_timeout: Nanos,
}

// === impl PlanHosts ===

impl PlanHosts {
    /// The run and the slot of an endpoint. One that came after the graph was made does what the others do.
    pub(super) fn entry(&self, endpoint: u32) -> Option<(u32, u32)> {
        let index = endpoint.wrapping_sub(self.first) as usize;
        let known = self.entries.get(index).filter(|(run, _)| *run != NONE);
        known.or_else(|| self.entries.first().filter(|(run, _)| *run != NONE)).copied()
    }
}
