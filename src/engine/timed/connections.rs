//! Connections: pools, what they say, dialling, age.

use super::records::{Dial, Dialed, Event};
use super::slab::{NONE, id};
use super::upstream::Pool;
use super::world::World;
use crate::data_plane::resilience::{
    ConnectionId, ConnectionPool, Failure, Outcome, PoolEvent, StreamId,
};

// === impl World ===

impl World<'_> {
    /// Makes the pool of a call's worker for its host.
    #[cold]
    pub(super) fn make_pool(&mut self, slot: u32) -> u32 {
        let call = &self.calls[slot];
        let upstream = &mut self.upstreams[call.upstream as usize];
        let cluster = &self.plan.clusters[upstream.cluster as usize];
        let endpoint = upstream.endpoints.get(call.host.index()).copied().unwrap_or(NONE);
        let pool = id(self.pools.len());
        upstream.add_pool(call.host, call.worker, pool);
        self.pools.push(Pool {
            upstream: call.upstream,
            station: self.plan.endpoints.get(endpoint as usize).copied().unwrap_or(0),
            connections: ConnectionPool::new(cluster.pool),
            connect: self.plan.hosts[call.hosts as usize].connect,
            expiry: false,
        });
        pool
    }

    /// Acts on what a pool said. Nothing here asks a pool again: what follows happens next.
    #[inline]
    pub(super) fn follow(&mut self, pool: u32) {
        if !self.out.is_empty() {
            self.follow_events(pool);
        }
    }

    fn follow_events(&mut self, pool: u32) {
        let mut next = 0;
        while let Some(event) = self.out.get(next).copied() {
            match event {
                PoolEvent::Connect(connection) => self.connect(pool, connection),
                PoolEvent::Attached(stream, connection) => {
                    self.attached(slot_of(stream), connection);
                }
                PoolEvent::Failed(stream, failure) => {
                    self.attempt_ended(slot_of(stream), Outcome::Failure(failure), 0);
                }
                PoolEvent::Closed(_) => {}
            }
            next += 1;
        }
        self.out.clear();
    }

    fn connect(&mut self, pool: u32, connection: ConnectionId) {
        let known = &self.pools[pool as usize];
        let cluster = self.upstreams[known.upstream as usize].cluster;
        let limit = self.plan.clusters[cluster as usize].connect_timeout;
        let (time, alive) = (known.connect, self.pods[known.station as usize].alive);
        let (time, outcome) = match alive {
            _ if time > limit => (limit, Dialed::TimedOut),
            true => (time, Dialed::Connected),
            false => (time, Dialed::Refused),
        };
        let dial = self.dials.take();
        self.dials[dial] = Dial { pool, connection, outcome };
        self.after_always(time, Event::Dialed(dial));
    }

    /// A connection is open, or could not be opened.
    pub(super) fn dialed(&mut self, dial: u32) {
        let Dial { pool, connection, outcome } = self.dials[dial];
        self.dials.give(dial);
        let known = &mut self.pools[pool as usize];
        let breaker = &mut self.upstreams[known.upstream as usize].breaker;
        let failure = match outcome {
            Dialed::Connected => {
                known.connections.connected(connection, self.now, breaker, &mut self.out);
                if !known.expiry
                    && let Some(at) = known.connections.next_expiry()
                {
                    known.expiry = true;
                    self.at(at, Event::Expire(pool));
                }
                return self.follow(pool);
            }
            Dialed::Refused => Failure::ConnectFailure,
            Dialed::TimedOut => Failure::ConnectTimeout,
        };
        known.connections.connect_failed(connection, failure, breaker, &mut self.out);
        self.follow(pool);
    }

    /// Closes old connections.
    pub(super) fn expire(&mut self, pool: u32) {
        let known = &mut self.pools[pool as usize];
        let breaker = &mut self.upstreams[known.upstream as usize].breaker;
        let next = known.connections.expire(self.now, breaker, &mut self.out);
        known.expiry = next.is_some();
        if let Some(at) = next {
            self.at(at, Event::Expire(pool));
        }
        self.follow(pool);
    }
}

fn slot_of(stream: StreamId) -> u32 {
    u32::try_from(stream.0).unwrap_or(NONE)
}
