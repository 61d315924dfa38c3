use super::super::super::cluster::Limits;
use super::super::super::version::EnvoyVersion;
use super::*;

mod lifetimes;

/// A pool with its breaker; events become texts such as `connect 0`, `1 on 0`, `2 overflow`.
struct Bench {
    pool: ConnectionPool,
    breaker: CircuitBreaker,
    events: Vec<PoolEvent>,
    ids: Vec<ConnectionId>,
    now: Nanos,
}

impl Bench {
    fn new(limits: &Limits, protocol: Protocol) -> Self {
        let settings = PoolSettings::new(limits, protocol, EnvoyVersion::NEWEST);
        Self {
            pool: ConnectionPool::new(settings),
            breaker: CircuitBreaker::new(limits),
            events: Vec::new(),
            ids: Vec::new(),
            now: Nanos(0),
        }
    }

    fn request(&mut self, stream: u64) -> String {
        let stream = StreamId(stream);
        let connection = self.pool.request(stream, &mut self.breaker, &mut self.events);
        self.events.extend(connection.map(|connection| PoolEvent::Attached(stream, connection)));
        self.told()
    }

    fn connected(&mut self, id: usize) -> String {
        self.pool.connected(self.ids[id], self.now, &mut self.breaker, &mut self.events);
        self.told()
    }

    fn finished(&mut self, id: usize) -> String {
        self.pool.finished(self.ids[id], self.now, &mut self.breaker, &mut self.events);
        self.told()
    }

    fn reset(&mut self, id: usize) -> String {
        self.pool.reset(self.ids[id], self.now, &mut self.breaker, &mut self.events);
        self.told()
    }

    fn connect_failed(&mut self, id: usize) -> String {
        let failure = Failure::ConnectTimeout;
        self.pool.connect_failed(self.ids[id], failure, &mut self.breaker, &mut self.events);
        self.told()
    }

    fn closed(&mut self, id: usize) -> String {
        self.pool.closed(self.ids[id], &mut self.breaker, &mut self.events);
        self.told()
    }

    fn drain(&mut self) -> String {
        self.pool.drain(&mut self.breaker, &mut self.events);
        self.told()
    }

    fn renew(&mut self) -> String {
        self.pool.renew(&mut self.breaker, &mut self.events);
        self.told()
    }

    fn expire(&mut self, millis: u64) -> (String, Option<u64>) {
        self.now = Nanos::from_millis(millis);
        let next = self.pool.expire(self.now, &mut self.breaker, &mut self.events);
        (self.told(), next.map(Nanos::as_millis))
    }

    /// Requests, pending requests and connections in use.
    fn used(&self) -> [u32; 3] {
        [Resource::Requests, Resource::PendingRequests, Resource::Connections]
            .map(|resource| self.breaker.in_use(resource))
    }

    /// Names connections by the order in which they were opened.
    fn told(&mut self) -> String {
        let mut told = Vec::new();
        for event in std::mem::take(&mut self.events) {
            if let PoolEvent::Connect(id) = event {
                self.ids.push(id);
            }
            let name = |id: ConnectionId| {
                let known = self.ids.iter().position(|known| *known == id);
                known.map_or("?".to_owned(), |known| known.to_string())
            };
            told.push(match event {
                PoolEvent::Connect(id) => format!("connect {}", name(id)),
                PoolEvent::Attached(stream, id) => format!("{} on {}", stream.0, name(id)),
                PoolEvent::Failed(stream, Failure::Overflow) => format!("{} overflow", stream.0),
                PoolEvent::Failed(stream, Failure::PendingOverflow) => {
                    format!("{} waits in vain", stream.0)
                }
                PoolEvent::Failed(stream, _) => format!("{} failed", stream.0),
                PoolEvent::Closed(id) => format!("close {}", name(id)),
            });
        }
        told.join(", ")
    }
}

fn http1(limits: &Limits) -> Bench {
    Bench::new(limits, Protocol::Http1)
}

#[test]
fn http1_opens_a_connection_per_request_under_way_and_uses_the_last_one_first() {
    let mut bench = http1(&Limits::default());
    assert_eq!(bench.request(1), "connect 0");
    assert_eq!(bench.request(2), "connect 1");
    assert_eq!(bench.used(), [0, 2, 2]);
    assert_eq!(bench.connected(0), "1 on 0");
    assert_eq!(bench.connected(1), "2 on 1");
    assert_eq!(bench.used(), [2, 0, 2]);
    assert_eq!(bench.finished(1), "");
    assert_eq!(bench.finished(0), "");
    assert_eq!(bench.request(3), "3 on 0");
    assert_eq!(bench.request(4), "4 on 1");
    assert_eq!(bench.request(5), "connect 2");
}

#[test]
fn a_connection_that_becomes_free_serves_who_waits_before_the_new_one_is_there() {
    let mut bench = http1(&Limits::default());
    bench.request(1);
    bench.connected(0);
    assert_eq!(bench.request(2), "connect 1");
    assert_eq!(bench.finished(0), "2 on 0");
    // The new connection is kept for others.
    assert_eq!(bench.connected(1), "");
    assert_eq!(bench.request(3), "3 on 1");
}

#[test]
fn beyond_the_limit_of_connections_requests_wait_and_beyond_that_they_overflow() {
    let limits =
        Limits { max_connections: Some(2), max_pending_requests: Some(2), ..Limits::default() };
    let mut bench = http1(&limits);
    for (stream, told) in [(1, "connect 0"), (2, "connect 1"), (3, "3 waits in vain")] {
        assert_eq!(bench.request(stream), told);
    }
    // Requests wait while their connections are being opened, too.
    assert_eq!((bench.connected(0), bench.connected(1)), ("1 on 0".into(), "2 on 1".into()));
    for (stream, told) in [(4, ""), (5, ""), (6, "6 waits in vain")] {
        assert_eq!(bench.request(stream), told);
    }
    assert_eq!(bench.finished(1), "4 on 1");
    assert_eq!(bench.request(7), "");
    assert_eq!(bench.finished(1), "5 on 1");
    assert_eq!(bench.used(), [2, 1, 2]);
}

#[test]
fn a_host_without_connection_gets_one_beyond_the_limit() {
    let limits = Limits { max_connections: Some(1), ..Limits::default() };
    let mut bench = http1(&limits);
    bench.breaker.acquire(Resource::Connections);
    assert_eq!(bench.request(1), "connect 0");
    assert_eq!(bench.request(2), "");
    assert_eq!(bench.used(), [0, 2, 2]);
    assert_eq!(bench.connected(0), "1 on 0");
    assert_eq!(bench.finished(0), "2 on 0");
}

#[test]
fn too_many_requests_under_way_overflow_with_or_without_waiting() {
    let limits = Limits { max_requests: Some(1), ..Limits::default() };
    let mut bench = http1(&limits);
    bench.request(1);
    bench.request(2);
    assert_eq!(bench.connected(0), "1 on 0");
    assert_eq!(bench.connected(1), "2 overflow");
    assert_eq!(bench.used(), [1, 0, 2]);
    assert_eq!(bench.request(3), "3 overflow");
    bench.finished(0);
    assert_eq!(bench.request(4), "4 on 0");
}

#[test]
fn a_failed_connection_fails_all_who_wait() {
    let mut bench = http1(&Limits::default());
    bench.request(1);
    bench.request(2);
    assert_eq!(bench.connect_failed(1), "1 failed, 2 failed");
    assert_eq!(bench.used(), [0, 0, 1]);
    // The other one is still being opened, and enough for one request.
    assert_eq!(bench.request(3), "");
    assert_eq!(bench.request(4), "connect 2");
    assert_eq!(bench.connected(0), "3 on 0");
    // Late news of a connection that is gone change nothing.
    assert_eq!((bench.connect_failed(1), bench.connected(1)), (String::new(), String::new()));
}

#[test]
fn http1_closes_a_connection_whose_request_is_given_up() {
    let limits = Limits { max_connections: Some(1), ..Limits::default() };
    let mut bench = http1(&limits);
    bench.request(1);
    bench.connected(0);
    bench.request(2);
    assert_eq!(bench.reset(0), "close 0, connect 1");
    assert_eq!(bench.used(), [0, 1, 1]);
    assert_eq!((bench.reset(0), bench.finished(0)), (String::new(), String::new()));
    assert_eq!(bench.connected(1), "2 on 1");
}

#[test]
fn a_host_that_closes_ends_what_is_on_the_connection() {
    let mut bench = Bench::new(&Limits::default(), Protocol::Http2);
    bench.request(1);
    bench.request(2);
    assert_eq!(bench.connected(0), "1 on 0, 2 on 0");
    assert_eq!(bench.closed(0), "");
    assert_eq!(bench.used(), [0, 0, 0]);
    assert_eq!(bench.request(3), "connect 1");
    assert_eq!(bench.closed(0), "");
    assert_eq!(bench.closed(1), "connect 2");
}

#[test]
fn requests_that_wait_can_be_cancelled() {
    let mut bench = http1(&Limits::default());
    bench.request(1);
    bench.request(2);
    assert!(bench.pool.cancel(StreamId(1), &mut bench.breaker));
    assert!(!bench.pool.cancel(StreamId(1), &mut bench.breaker));
    assert_eq!((bench.used(), bench.pool.pending()), ([0, 1, 2], 1));
    assert_eq!(bench.connected(0), "2 on 0");
    assert_eq!(bench.connected(1), "");
}
