//! Traces as numbers: what a request did, put together step by step without an allocation.
//!
//! A trace is a path in a tree of steps; the same steps lead to the same number. The tree is a hash table
//! with open addressing and grows with the number of different traces, not of requests.
//!
//! # Invariants
//! - Beyond [`MAX_TRACES`] different traces, new ones are [`Traces::REST`].

use std::sync::Arc;

use super::slab::{NONE, id};
use crate::data_plane::ResponseFlag;
use crate::engine::flow::{ClassId, LaneId};
use crate::engine::trace::{Served, Trace, TracedCall};

/// Number of a trace.
pub(super) type TraceId = u32;

/// How many different traces are told apart.
const MAX_TRACES: usize = 1 << 20;

/// What a step means, in the upper bits of its key.
const ANSWERED: u64 = 1 << 60;
const OUTSIDE: u64 = 2 << 60;
const SERVED: u64 = 3 << 60;
const CALL: u64 = 4 << 60;
const ERROR: u64 = 5 << 60;
const FALLBACK: u64 = 6 << 60;
const END: u64 = 7 << 60;
const KIND: u64 = 15 << 60;

/// All traces of a run, and how often each was the end of a request.
#[derive(Debug)]
pub(super) struct Traces {
    /// Step from, step key, step to; `NONE` in an empty place.
    table: Vec<(TraceId, TraceId, u64)>,
    /// Per trace: where it comes from, and by which step.
    nodes: Vec<(TraceId, u64)>,
    counts: Vec<u64>,
    /// Per label, the trace that begins with it; the root if it is not known yet.
    served: Vec<TraceId>,
}

/// The end of a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    /// Number of the graph that it followed.
    pub(super) graph: usize,
    pub(super) class: ClassId,
    pub(super) lane: Option<LaneId>,
    pub(super) status: u16,
    pub(super) flag: Option<ResponseFlag>,
    pub(super) trace: TraceId,
}

/// Names that steps refer to.
pub(super) struct TraceNames<'a> {
    /// Application and version.
    pub(super) served: &'a [(String, String)],
    /// Called services.
    pub(super) services: &'a [String],
    /// Hosts outside the mesh.
    pub(super) outside: &'a [String],
}

// === impl Traces ===

impl Traces {
    /// The beginning of all traces.
    pub(super) const ROOT: TraceId = 0;
    /// A trace that is not told apart from others.
    pub(super) const REST: TraceId = 1;

    /// Knows no trace yet.
    pub(super) fn new() -> Self {
        let nodes = vec![(NONE, 0), (NONE, 0)];
        Self {
            table: vec![(NONE, NONE, 0); 1 << 10],
            nodes,
            counts: vec![0; 2],
            served: Vec::new(),
        }
    }

    /// A proxy answered.
    pub(super) fn answered(&mut self, status: u16) -> TraceId {
        self.step(Self::ROOT, ANSWERED | u64::from(status))
    }

    /// It left the mesh.
    pub(super) fn outside(&mut self, host: u32) -> TraceId {
        self.step(Self::ROOT, OUTSIDE | u64::from(host))
    }

    /// An application begins to serve it.
    #[inline]
    pub(super) fn served(&mut self, label: u32) -> TraceId {
        match self.served.get(label as usize) {
            Some(known) if *known != Self::ROOT => *known,
            _ => self.serves_first(label),
        }
    }

    #[cold]
    fn serves_first(&mut self, label: u32) -> TraceId {
        let trace = self.step(Self::ROOT, SERVED | u64::from(label));
        let index = label as usize;
        if self.served.len() <= index {
            self.served.resize(index + 1, Self::ROOT);
        }
        self.served[index] = trace;
        trace
    }

    /// The application made a call.
    pub(super) fn call(&mut self, trace: TraceId, service: u32, made: TraceId) -> TraceId {
        let service = u64::from(service & 0x0fff_ffff);
        self.step(trace, CALL | service << 32 | u64::from(made))
    }

    /// Adds steps that were put together apart from it.
    pub(super) fn append(&mut self, trace: TraceId, steps: TraceId) -> TraceId {
        if steps <= Self::REST {
            return if steps == Self::REST { Self::REST } else { trace };
        }
        let (from, key) = self.nodes[steps as usize];
        let before = self.append(trace, from);
        self.step(before, key)
    }

    /// The application answered an error.
    pub(super) fn error(&mut self, trace: TraceId, status: u16) -> TraceId {
        self.step(trace, ERROR | u64::from(status))
    }

    /// A fallback led there; that marks only what an application served.
    pub(super) fn by_fallback(&mut self, trace: TraceId) -> TraceId {
        self.step(trace, FALLBACK)
    }

    /// Counts the end of a request.
    pub(super) fn count(&mut self, end: &End) {
        let lane = u64::from(end.lane.map_or(0, |lane| lane + 1)).min(0xfff);
        let flag = end.flag.map_or(0, |flag| flag as u64 + 1);
        let (class, graph) = ((end.class as u64).min(0xffff), (end.graph as u64).min(0xfff));
        let key = END
            | class << 44
            | graph << 32
            | lane << 20
            | u64::from(end.status & 0x3fff) << 6
            | flag;
        let node = self.step(end.trace, key);
        self.counts[node as usize] += 1;
    }

    fn step(&mut self, from: TraceId, key: u64) -> TraceId {
        if from == Self::REST && key & KIND != END {
            return from;
        }
        let mask = self.table.len() - 1;
        let mut place = hash(from, key) & mask;
        loop {
            let (known, to, its_key) = self.table[place];
            if known == from && its_key == key {
                return to;
            }
            if known == NONE {
                break;
            }
            place = (place + 1) & mask;
        }
        if self.nodes.len() >= MAX_TRACES && key & KIND != END {
            return Self::REST;
        }
        let to = id(self.nodes.len());
        self.nodes.push((from, key));
        self.counts.push(0);
        self.table[place] = (from, to, key);
        if self.nodes.len() * 2 > self.table.len() {
            self.grow();
        }
        to
    }

    fn grow(&mut self) {
        let size = self.table.len() * 2;
        let mask = size - 1;
        let mut table = vec![(NONE, NONE, 0); size];
        for entry in self.table.iter().filter(|entry| entry.0 != NONE) {
            let mut place = hash(entry.0, entry.2) & mask;
            while table[place].0 != NONE {
                place = (place + 1) & mask;
            }
            table[place] = *entry;
        }
        self.table = table;
    }

    /// Returns the ends of all requests with their counts, in a fixed order.
    pub(super) fn ends(&self) -> Vec<(End, u64)> {
        let counted = self.nodes.iter().zip(&self.counts).filter(|(_, count)| **count > 0);
        let end = |((from, key), count): (&(TraceId, u64), &u64)| {
            let lane = (key >> 20) & 0xfff;
            let flag = key & 63;
            let end = End {
                class: low((key >> 44) & 0xffff) as usize,
                graph: low((key >> 32) & 0xfff) as usize,
                lane: lane.checked_sub(1).map(low),
                status: status((key >> 6) & 0x3fff),
                flag: ResponseFlag::ALL.into_iter().find(|it| *it as u64 + 1 == flag),
                trace: *from,
            };
            (end, *count)
        };
        counted.map(end).collect()
    }

    /// Returns the trace in words.
    pub(super) fn trace(&self, id: TraceId, names: &TraceNames<'_>) -> Trace {
        let mut steps = Vec::new();
        let mut node = id;
        while node > Self::REST {
            let (from, key) = self.nodes[node as usize];
            steps.push(key);
            node = from;
        }
        let number = |key: u64| low(key & 0xffff_ffff) as usize;
        let Some(first) = steps.pop() else { return Trace::Rest };
        match first & KIND {
            ANSWERED => Trace::Answered(status(first & 0xffff)),
            OUTSIDE => Trace::Outside(names.outside[number(first)].clone()),
            _ => {
                let (app, version) = names.served[number(first)].clone();
                let mut served =
                    Served { app, version, fallback: false, error: None, calls: Vec::new() };
                for key in steps.into_iter().rev() {
                    match key & KIND {
                        ERROR => served.error = Some(status(key & 0xffff)),
                        FALLBACK => served.fallback = true,
                        _ => {
                            let service = low((key >> 32) & 0x0fff_ffff) as usize;
                            let trace = Arc::new(self.trace(low(key & 0xffff_ffff), names));
                            let service = names.services[service].clone();
                            served.calls.push(TracedCall { service, trace });
                        }
                    }
                }
                Trace::Served(Box::new(served))
            }
        }
    }

    /// Tells whether an application served a trace.
    pub(super) fn is_served(&self, id: TraceId) -> bool {
        let mut node = id;
        while node > Self::REST {
            let (from, key) = self.nodes[node as usize];
            if from == Self::ROOT {
                return key & KIND == SERVED;
            }
            node = from;
        }
        false
    }
}

fn hash(from: TraceId, key: u64) -> usize {
    let mixed = (key ^ (u64::from(from) << 17)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    usize::try_from(mixed >> 20).unwrap_or(0)
}

/// A part of a key that is a number.
fn low(part: u64) -> u32 {
    u32::try_from(part).unwrap_or(NONE)
}

/// A part of a key that is a status.
fn status(part: u64) -> u16 {
    u16::try_from(part).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_steps_are_one_trace_and_print_like_the_others() {
        let mut traces = Traces::new();
        let leaf = traces.served(1);
        let refused = traces.answered(503);
        let page = |traces: &mut Traces, last| {
            let page = traces.served(0);
            let page = traces.call(page, 0, leaf);
            let page = traces.call(page, 1, last);
            traces.error(page, 500)
        };
        let (a, b) = (page(&mut traces, refused), page(&mut traces, leaf));
        assert_eq!(page(&mut traces, refused), a);
        assert_ne!(a, b);
        let c = traces.by_fallback(b);
        let served = [("page".into(), "v1".into()), ("details".into(), String::new())];
        let services = ["details".into(), "reviews".into()];
        let names = TraceNames { served: &served, services: &services, outside: &[] };
        assert_eq!(traces.trace(a, &names).text(None), "page@v1!500>(details+503)");
        assert_eq!(traces.trace(c, &names).fallbacks(None), ["page"]);
        assert!(traces.is_served(c) && !traces.is_served(refused));
        for (status, flag) in [(500, None), (500, Some(ResponseFlag::Timeout)), (500, None)] {
            traces.count(&End { graph: 0, class: 3, lane: Some(2), status, flag, trace: a });
        }
        let ends = traces.ends();
        let counts: Vec<_> =
            ends.iter().map(|(e, n)| (e.class, e.lane, e.status, e.flag, *n)).collect();
        let timeout = Some(ResponseFlag::Timeout);
        assert_eq!(counts, [(3, Some(2), 500, None, 2), (3, Some(2), 500, timeout, 1)]);
    }

    #[test]
    fn the_table_grows() {
        let mut traces = Traces::new();
        let all: Vec<TraceId> = (0..5_000).map(|label| traces.served(label)).collect();
        for (label, id) in (0..).zip(&all) {
            assert_eq!(traces.served(label), *id);
        }
    }
}
