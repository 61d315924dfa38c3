//! What is under way: requests at proxies, requests at pods, and the events that move them on.

use super::numbers::Later;
use super::slab::NONE;
use super::traces::TraceId;
use crate::data_plane::ResponseFlag;
use crate::data_plane::balance::HostId;
use crate::data_plane::resilience::{ConnectionId, RetryState};
use crate::units::Nanos;

/// What happens at a time. An event for what is over is passed over.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    /// The next request of a source arrives.
    Arrive(u32),
    /// A user of a source, a closed loop, sends a request.
    User(u32),
    /// The delay of a fault is over.
    Dispatch(u32),
    /// The back-off of a call is over.
    Attempt(u32),
    /// What came of opening a connection is known.
    Dialed(u32),
    /// A request reaches its pod.
    Reach(u32),
    /// A worker is done with a request.
    Served(u32),
    /// An answer reaches the proxy that waits for it.
    Answer(u32),
    /// A call is over: whoever made it goes on.
    Return(u32),
    /// Time limits of a call of the plan, by kind.
    Deadline(u32),
    /// Outlier detection of an upstream ends an interval.
    Tick(u32),
    /// Changes of an upstream's hosts reach the workers (E-95).
    Deliver(u32),
    /// Connections of a pool may be too old.
    Expire(u32),
    /// Something of the timeline.
    Change(u32),
    /// Another mesh holds.
    Period(u32),
    /// Statistics begin.
    WarmedUp,
    /// A bucket of the series ends.
    Interval,
    /// One of the moments of a mark.
    Mark(u32),
    /// A rollout begins, or the pause of a step is over.
    RolloutStep(u32),
    /// A rollout makes its checks, if the step is still held.
    RolloutCheck(u32),
}

/// A connection that is being opened.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Dial {
    pub(super) pool: u32,
    pub(super) connection: ConnectionId,
    pub(super) outcome: Dialed,
}

/// What comes of opening a connection.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Dialed {
    /// It is open.
    #[default]
    Connected,
    /// The host refused it.
    Refused,
    /// It took too long.
    TimedOut,
}

/// One attempt of a call: the record, and which of its uses it is.
///
/// One word, so that it is written and read at once: it goes through memory several times per request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CallRef(u64);

/// Who waits for a call.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Parent {
    /// Nobody.
    #[default]
    Nobody,
    /// A client; for closed loops the source of its users.
    Client(u32),
    /// An application: the run, and the call among those of the step.
    Run(u32, u16),
    /// A proxy that sent it through this one.
    Proxy(CallRef),
}

/// Where a call stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stage {
    /// A fault delays it.
    #[default]
    Delayed,
    /// An attempt waits for a connection.
    Pending,
    /// An attempt is on a connection.
    Attached,
    /// The next attempt waits.
    BackOff,
    /// Another proxy has it.
    Through,
    /// It is over.
    Done,
}

/// A request at a proxy.
#[derive(Debug, Default)]
pub(super) struct Call {
    /// Counts the uses of the record, an attempt each.
    pub(super) number: u32,
    /// The number of the first attempt.
    pub(super) first: u32,
    pub(super) attempt: u16,
    /// Attempts that began.
    pub(super) attempts: u32,
    pub(super) stage: Stage,
    pub(super) plan: u32,
    pub(super) leg: u32,
    pub(super) hosts: u32,
    /// The station whose proxy it is.
    pub(super) proxy: u32,
    pub(super) upstream: u32,
    pub(super) worker: u32,
    pub(super) host: HostId,
    pub(super) pool: u32,
    pub(super) connection: Option<ConnectionId>,
    pub(super) request: u64,
    pub(super) parent: Parent,
    /// Number of the try of the application, from 0.
    pub(super) try_number: u32,
    pub(super) retries: Option<RetryState>,
    pub(super) tried: Vec<HostId>,
    pub(super) random: Later,
    pub(super) counted: bool,
    pub(super) fell_back: bool,
    pub(super) lane: Option<u32>,
    pub(super) started: Nanos,
    pub(super) attempt_started: Nanos,
    /// When the present back-off ends.
    pub(super) wakes: Nanos,
    pub(super) status: u16,
    pub(super) flag: Option<ResponseFlag>,
    /// Why the last attempt failed, where `flag` says that it was not repeated.
    pub(super) cause: Option<ResponseFlag>,
    pub(super) trace: TraceId,
    /// The tries of the application before this one, as steps of a trace.
    pub(super) chain: u32,
    /// The next finished call of the same step.
    pub(super) sibling: u32,
}

/// A request at a pod.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) plan: u32,
    pub(super) station: u32,
    /// The attempt that waits for it.
    pub(super) parent: CallRef,
    pub(super) request: u64,
    /// Number of the attempt at this site, to tell draws apart.
    pub(super) attempt: u16,
    pub(super) counted: bool,
    pub(super) failed: bool,
    /// One-way delay to who waits.
    pub(super) delay: Nanos,
    pub(super) reached: Nanos,
    pub(super) status: u16,
    pub(super) trace: TraceId,
    pub(super) step: u32,
    /// Calls of the step that are not over.
    pub(super) waiting: u16,
    /// Finished calls of the step.
    pub(super) finished: u32,
    /// The next run in the queue of the station.
    pub(super) behind: u32,
}

// === impl CallRef ===

impl CallRef {
    /// No attempt.
    pub(super) const NOBODY: Self = Self(u64::MAX);

    pub(super) const fn new(slot: u32, number: u32) -> Self {
        Self((slot as u64) << 32 | number as u64)
    }

    pub(super) const fn slot(self) -> u32 {
        (self.0 >> 32) as u32
    }

    #[expect(clippy::cast_possible_truncation, reason = "the upper half is the slot")]
    pub(super) const fn number(self) -> u32 {
        self.0 as u32
    }
}

// === impl Run ===

impl Default for Run {
    fn default() -> Self {
        Self {
            plan: 0,
            station: 0,
            parent: CallRef::NOBODY,
            request: 0,
            attempt: 0,
            counted: false,
            failed: false,
            delay: Nanos(0),
            reached: Nanos(0),
            status: 0,
            trace: 0,
            step: 0,
            waiting: 0,
            finished: NONE,
            behind: NONE,
        }
    }
}
