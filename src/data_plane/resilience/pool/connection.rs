//! A connection of a pool, and the steps that pools are made of.

use super::super::breaker::{CircuitBreaker, Resource};
use super::super::outcome::Failure;
use super::{ConnectionId, ConnectionPool, OPENED_AT_ONCE, PoolEvent, PoolSettings};
use crate::units::Nanos;

/// Where a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Being opened.
    Connecting,
    /// Has room for a request.
    Ready,
    /// Carries as many requests as it can.
    Busy,
    /// Takes no more requests, and closes when those under way are over.
    Draining,
    /// Its slot is free.
    Closed,
}

/// A connection, or a free slot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Connection {
    pub epoch: u32,
    pub state: State,
    pub active: u32,
    /// Requests that it may still take.
    left: u32,
    established: Nanos,
    idle_since: Nanos,
}

// === impl Connection ===

impl Connection {
    pub(super) fn connected(&mut self, now: Nanos) {
        self.state = State::Ready;
        self.established = now;
        self.idle_since = now;
    }

    /// Ends a request; says whether the connection has room again that it had not before.
    pub(super) fn finish_stream(&mut self, now: Nanos) -> bool {
        self.active = self.active.saturating_sub(1);
        self.idle_since = now;
        let has_room_again = self.state == State::Busy;
        if has_room_again {
            self.state = State::Ready;
        }
        has_room_again
    }

    /// Whether it was only waiting for its last request to end.
    pub(super) fn is_drained(&self) -> bool {
        self.state == State::Draining && self.active == 0
    }

    /// Takes a request; says whether there is room for more.
    fn start_stream(&mut self, limit: u32) -> bool {
        self.left = self.left.saturating_sub(1);
        self.active = self.active.saturating_add(1);
        if self.left == 0 {
            self.state = State::Draining;
        } else if self.active >= limit {
            self.state = State::Busy;
        }
        self.state == State::Ready
    }

    /// When it is to be closed, or to take no more requests.
    pub(super) fn expires(&self, settings: &PoolSettings) -> Option<Nanos> {
        if !matches!(self.state, State::Ready | State::Busy) {
            return None;
        }
        let after = |start: Nanos, time: Nanos| Nanos(start.0.saturating_add(time.0));
        let aged = settings.max_duration.map(|time| after(self.established, time));
        let idle = settings.idle_timeout.filter(|_| self.active == 0);
        let idle = idle.map(|time| after(self.idle_since, time));
        aged.into_iter().chain(idle).min()
    }
}

// === impl ConnectionPool ===

impl ConnectionPool {
    pub(super) fn get_mut(
        &mut self,
        connection: ConnectionId,
        state: State,
    ) -> Option<&mut Connection> {
        let known = self.connections.get_mut(connection.slot as usize)?;
        (known.epoch == connection.epoch && known.state == state).then_some(known)
    }

    /// A connection that carries requests.
    pub(super) fn get_active(&mut self, connection: ConnectionId) -> Option<&mut Connection> {
        let known = self.connections.get_mut(connection.slot as usize)?;
        (known.epoch == connection.epoch && known.active > 0).then_some(known)
    }

    /// Puts an attempt on a ready connection, unless too many requests are under way (E-101).
    #[inline]
    pub(super) fn attach(
        &mut self,
        slot: u32,
        breaker: &mut CircuitBreaker,
    ) -> Result<ConnectionId, Failure> {
        if !breaker.allows(Resource::Requests) {
            return Err(Failure::Overflow);
        }
        let known = &mut self.connections[slot as usize];
        let connection = ConnectionId { slot, epoch: known.epoch };
        if !known.start_stream(self.settings.streams) {
            // The one to use next stands last.
            if self.ready.last() == Some(&slot) {
                self.ready.pop();
            } else {
                self.ready.retain(|ready| *ready != slot);
            }
        }
        breaker.acquire(Resource::Requests);
        Ok(connection)
    }

    /// Serves those that wait, then opens connections for those that still do.
    #[inline]
    pub(super) fn serve_pending(
        &mut self,
        breaker: &mut CircuitBreaker,
        events: &mut Vec<PoolEvent>,
    ) {
        while let Some(&slot) = self.ready.last() {
            let Some(stream) = self.pending.pop_front() else { return };
            events.push(match self.attach(slot, breaker) {
                Ok(connection) => PoolEvent::Attached(stream, connection),
                Err(failure) => PoolEvent::Failed(stream, failure),
            });
            breaker.release(Resource::PendingRequests);
        }
        self.open_connections(breaker, events);
    }

    /// Opens connections while those being opened cannot serve all that wait. A host without any gets one
    /// whatever the limit (E-102).
    pub(super) fn open_connections(
        &mut self,
        breaker: &mut CircuitBreaker,
        events: &mut Vec<PoolEvent>,
    ) {
        for _ in 0..OPENED_AT_ONCE {
            let allowed = breaker.allows(Resource::Connections);
            let enough = self.pending.len() as u64 <= self.connecting_capacity;
            if enough || !(allowed || self.open == 0) {
                return;
            }
            let connection = self.new_connection();
            breaker.acquire(Resource::Connections);
            events.push(PoolEvent::Connect(connection));
            if !allowed {
                return;
            }
        }
    }

    fn new_connection(&mut self) -> ConnectionId {
        self.open = self.open.saturating_add(1);
        self.connecting_capacity =
            self.connecting_capacity.saturating_add(self.settings.capacity());
        let fresh = |epoch| Connection {
            epoch,
            state: State::Connecting,
            active: 0,
            left: self.settings.lifetime_streams,
            established: Nanos(0),
            idle_since: Nanos(0),
        };
        if let Some(slot) = self.free.pop()
            && let Some(known) = self.connections.get_mut(slot as usize)
        {
            *known = fresh(known.epoch.wrapping_add(1));
            return ConnectionId { slot, epoch: known.epoch };
        }
        let slot = u32::try_from(self.connections.len()).unwrap_or(u32::MAX);
        self.connections.push(fresh(0));
        ConnectionId { slot, epoch: 0 }
    }

    /// Closes a connection and what is on it, without opening others.
    pub(super) fn close(&mut self, slot: u32, breaker: &mut CircuitBreaker) {
        let Some(known) = self.connections.get_mut(slot as usize) else { return };
        if known.state == State::Connecting {
            let capacity = self.settings.capacity();
            self.connecting_capacity = self.connecting_capacity.saturating_sub(capacity);
        }
        for _ in 0..std::mem::take(&mut known.active) {
            breaker.release(Resource::Requests);
        }
        known.state = State::Closed;
        self.ready.retain(|ready| *ready != slot);
        self.free.push(slot);
        self.open = self.open.saturating_sub(1);
        breaker.release(Resource::Connections);
    }

    /// The pool of a host that has left keeps no connection that nobody needs.
    #[inline]
    pub(super) fn close_idle_if_draining(
        &mut self,
        breaker: &mut CircuitBreaker,
        events: &mut Vec<PoolEvent>,
    ) {
        if !self.draining {
            return;
        }
        for slot in 0..u32::try_from(self.connections.len()).unwrap_or(u32::MAX) {
            let known = &self.connections[slot as usize];
            let connection = ConnectionId { slot, epoch: known.epoch };
            let idle = match known.state {
                State::Ready => known.active == 0,
                State::Connecting => self.pending.is_empty(),
                State::Busy | State::Draining | State::Closed => false,
            };
            if idle {
                self.close(slot, breaker);
                events.push(PoolEvent::Closed(connection));
            }
        }
    }

    /// Closes a connection on the pool's own account; those that wait may need another.
    pub(super) fn retire(
        &mut self,
        connection: ConnectionId,
        breaker: &mut CircuitBreaker,
        events: &mut Vec<PoolEvent>,
    ) {
        self.close(connection.slot, breaker);
        events.push(PoolEvent::Closed(connection));
        self.open_connections(breaker, events);
    }
}
