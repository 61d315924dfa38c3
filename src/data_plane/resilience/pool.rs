//! One worker's connections to one host (E-101 to E-104).
//!
//! # Model
//! A request takes a ready connection; without one it waits, first come first served, and a connection
//! is opened if those being opened cannot serve all that wait. The connection used last is used next.
//! HTTP/1 carries one request per connection; HTTP/2 many. The host was chosen before: a request never
//! moves to the pool of another host.
//!
//! What follows from a call is added to a list of [`PoolEvent`]s, in order.

use std::collections::VecDeque;

use super::breaker::{CircuitBreaker, Resource};
use super::outcome::Failure;
use crate::units::Nanos;

mod connection;
mod settings;

use connection::{Connection, State};
pub use settings::{PoolSettings, Protocol};

/// A connection of a pool; numbers of closed connections are not valid for later ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId {
    slot: u32,
    epoch: u32,
}

/// The caller's name for an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(pub u64);

/// What follows from a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolEvent {
    /// A connection is being opened: [`ConnectionPool::connected`] or
    /// [`ConnectionPool::connect_failed`] is to be called, the latter at the connect time-out at the latest.
    Connect(ConnectionId),
    /// An attempt is under way on a connection.
    Attached(StreamId, ConnectionId),
    /// An attempt ended without a connection.
    Failed(StreamId, Failure),
    /// The pool closed a connection.
    Closed(ConnectionId),
}

/// The connections of one worker to one host.
#[derive(Clone, Debug)]
pub struct ConnectionPool {
    settings: PoolSettings,
    connections: Vec<Connection>,
    /// Slots of closed connections.
    free: Vec<u32>,
    /// Connections with room, the one to use next last.
    ready: Vec<u32>,
    pending: VecDeque<StreamId>,
    open: u32,
    /// Streams that connections being opened will carry.
    connecting_capacity: u64,
    draining: bool,
}

/// Connections that one call opens at most.
const OPENED_AT_ONCE: u32 = 3;

// === impl ConnectionPool ===

impl ConnectionPool {
    /// Builds a pool without connections.
    #[must_use]
    pub fn new(settings: PoolSettings) -> Self {
        Self {
            settings,
            connections: Vec::new(),
            free: Vec::new(),
            ready: Vec::new(),
            pending: VecDeque::new(),
            open: 0,
            connecting_capacity: 0,
            draining: false,
        }
    }

    /// Takes an attempt: returns the connection that it is on at once. Without one it waits or overflows, as
    /// the events say.
    #[inline]
    pub fn request(
        &mut self,
        stream: StreamId,
        breaker: &mut CircuitBreaker,
        events: &mut Vec<PoolEvent>,
    ) -> Option<ConnectionId> {
        if let Some(&slot) = self.ready.last() {
            return match self.attach(slot, breaker) {
                Ok(connection) => Some(connection),
                Err(failure) => {
                    events.push(PoolEvent::Failed(stream, failure));
                    None
                }
            };
        }
        if breaker.allows(Resource::PendingRequests) {
            breaker.acquire(Resource::PendingRequests);
            self.pending.push_back(stream);
            self.open_connections(breaker, events);
        } else {
            events.push(PoolEvent::Failed(stream, Failure::PendingOverflow));
        }
        None
    }

    /// Forgets an attempt that waits; says whether it did.
    pub fn cancel(&mut self, stream: StreamId, breaker: &mut CircuitBreaker) -> bool {
        let Some(position) = self.pending.iter().position(|waiting| *waiting == stream) else {
            return false;
        };
        self.pending.remove(position);
        breaker.release(Resource::PendingRequests);
        true
    }

    /// Notes that a connection is established.
    pub fn connected(
        &mut self,
        connection: ConnectionId,
        now: Nanos,
        breaker: &mut CircuitBreaker,
        events: &mut Vec<PoolEvent>,
    ) {
        let Some(known) = self.get_mut(connection, State::Connecting) else { return };
        known.connected(now);
        self.connecting_capacity =
            self.connecting_capacity.saturating_sub(self.settings.capacity());
        self.ready.push(connection.slot);
        self.serve_pending(breaker, events);
        self.close_idle_if_draining(breaker, events);
    }

    /// Notes that a connection could not be established: all that wait fail with it.
    pub fn connect_failed(
        &mut self,
        connection: ConnectionId,
        failure: Failure,
        breaker: &mut CircuitBreaker,
        events: &mut Vec<PoolEvent>,
    ) {
        if self.get_mut(connection, State::Connecting).is_none() {
            return;
        }
        for stream in self.pending.drain(..) {
            breaker.release(Resource::PendingRequests);
            events.push(PoolEvent::Failed(stream, failure));
        }
        self.close(connection.slot, breaker);
    }

    /// Notes that a request on a connection is over and its answer complete.
    #[inline]
    pub fn finished(
        &mut self,
        connection: ConnectionId,
        now: Nanos,
        breaker: &mut CircuitBreaker,
        events: &mut Vec<PoolEvent>,
    ) {
        let Some(known) = self.get_active(connection) else { return };
        let has_room_again = known.finish_stream(now);
        let drained = known.is_drained();
        breaker.release(Resource::Requests);
        if drained {
            self.retire(connection, breaker, events);
        } else if has_room_again {
            self.ready.push(connection.slot);
            self.serve_pending(breaker, events);
        }
        self.close_idle_if_draining(breaker, events);
    }

    /// Notes that the proxy gave up a request on a connection: HTTP/1 must close it.
    pub fn reset(
        &mut self,
        connection: ConnectionId,
        now: Nanos,
        breaker: &mut CircuitBreaker,
        events: &mut Vec<PoolEvent>,
    ) {
        if self.settings.protocol == Protocol::Http2 {
            self.finished(connection, now, breaker, events);
        } else if self.get_active(connection).is_some() {
            self.retire(connection, breaker, events);
        }
    }

    /// Notes that the host closed a connection; requests on it are over.
    pub fn closed(
        &mut self,
        connection: ConnectionId,
        breaker: &mut CircuitBreaker,
        events: &mut Vec<PoolEvent>,
    ) {
        match self.connections.get(connection.slot as usize) {
            Some(known) if known.epoch == connection.epoch && known.state != State::Closed => {}
            _ => return,
        }
        self.close(connection.slot, breaker);
        self.open_connections(breaker, events);
    }

    /// Notes that the host left the cluster: what waits is still served, then connections close.
    pub fn drain(&mut self, breaker: &mut CircuitBreaker, events: &mut Vec<PoolEvent>) {
        self.draining = true;
        self.close_idle_if_draining(breaker, events);
    }

    /// Notes that the host was ejected: connections close as soon as they are idle, later requests open new ones.
    ///
    /// Connections that are being opened stay while somebody waits for them.
    pub fn renew(&mut self, breaker: &mut CircuitBreaker, events: &mut Vec<PoolEvent>) {
        for slot in 0..u32::try_from(self.connections.len()).unwrap_or(u32::MAX) {
            let known = &mut self.connections[slot as usize];
            let connection = ConnectionId { slot, epoch: known.epoch };
            match known.state {
                State::Ready | State::Busy if known.active > 0 => {
                    known.state = State::Draining;
                    self.ready.retain(|ready| *ready != slot);
                }
                State::Connecting if !self.pending.is_empty() => {}
                State::Ready | State::Connecting => {
                    self.close(slot, breaker);
                    events.push(PoolEvent::Closed(connection));
                }
                State::Busy | State::Draining | State::Closed => {}
            }
        }
    }

    /// Closes connections that were idle or open for too long; returns when to look again.
    ///
    /// One outstanding look per pool is enough: first at [`ConnectionPool::next_expiry`] after a
    /// connection was established, then at the returned times.
    pub fn expire(
        &mut self,
        now: Nanos,
        breaker: &mut CircuitBreaker,
        events: &mut Vec<PoolEvent>,
    ) -> Option<Nanos> {
        for slot in 0..u32::try_from(self.connections.len()).unwrap_or(u32::MAX) {
            let known = &mut self.connections[slot as usize];
            if known.expires(&self.settings).is_none_or(|time| time > now) {
                continue;
            }
            let connection = ConnectionId { slot, epoch: known.epoch };
            if known.active == 0 {
                self.retire(connection, breaker, events);
            } else {
                known.state = State::Draining;
                self.ready.retain(|ready| *ready != slot);
            }
        }
        self.next_expiry()
    }

    /// Returns when the first connection may have to be closed.
    #[must_use]
    pub fn next_expiry(&self) -> Option<Nanos> {
        self.connections.iter().filter_map(|known| known.expires(&self.settings)).min()
    }

    /// Returns the number of connections, those being opened too.
    #[must_use]
    pub const fn open(&self) -> u32 {
        self.open
    }

    /// Returns the number of attempts that wait.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.pending.len()
    }
}

#[cfg(test)]
mod tests;
