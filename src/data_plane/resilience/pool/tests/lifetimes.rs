//! HTTP/2, and how connections and pools end.

use super::*;

#[test]
fn http2_carries_all_on_one_connection_up_to_its_streams() {
    let limits = Limits { max_concurrent_streams: Some(2), ..Limits::default() };
    let mut bench = Bench::new(&limits, Protocol::Http2);
    assert_eq!(bench.request(1), "connect 0");
    assert_eq!(bench.request(2), "");
    assert_eq!(bench.request(3), "connect 1");
    assert_eq!(bench.connected(0), "1 on 0, 2 on 0");
    assert_eq!(bench.connected(1), "3 on 1");
    assert_eq!(bench.request(4), "4 on 1");
    assert_eq!(bench.request(5), "connect 2");
    assert_eq!(bench.reset(0), "5 on 0");
    assert_eq!(bench.finished(0), "");
    assert_eq!(bench.used(), [3, 0, 3]);
}

#[test]
fn connections_close_after_their_last_request() {
    let limits = Limits { max_requests_per_connection: Some(2), ..Limits::default() };
    let mut bench = http1(&limits);
    bench.request(1);
    bench.connected(0);
    assert_eq!(bench.finished(0), "");
    assert_eq!(bench.request(2), "2 on 0");
    bench.request(3);
    assert_eq!(bench.finished(0), "close 0");
    assert_eq!(bench.connected(1), "3 on 1");
    assert_eq!(bench.used(), [1, 0, 1]);
}

#[test]
fn http2_connections_drain_while_their_requests_go_on() {
    let limits = Limits { max_requests_per_connection: Some(2), ..Limits::default() };
    let mut bench = Bench::new(&limits, Protocol::Http2);
    bench.request(1);
    bench.request(2);
    assert_eq!(bench.request(3), "connect 1");
    assert_eq!(bench.connected(0), "1 on 0, 2 on 0");
    assert_eq!(bench.finished(0), "");
    assert_eq!(bench.finished(0), "close 0");
    assert_eq!(bench.connected(1), "3 on 1");
}

#[test]
fn idle_and_old_connections_expire() {
    let limits = Limits {
        idle_timeout: Some(Nanos::from_millis(100)),
        max_connection_duration: Some(Nanos::from_millis(500)),
        ..Limits::default()
    };
    let mut bench = http1(&limits);
    (1..4).for_each(|stream| drop(bench.request(stream)));
    (0..3).for_each(|id| drop(bench.connected(id)));
    assert_eq!(bench.pool.next_expiry(), Some(Nanos::from_millis(500)));
    bench.now = Nanos::from_millis(50);
    bench.finished(1);
    assert_eq!(bench.expire(149), (String::new(), Some(150)));
    assert_eq!(bench.expire(150), ("close 1".into(), Some(500)));
    // Too old: the busy ones close when their requests are over.
    bench.now = Nanos::from_millis(450);
    bench.finished(2);
    assert_eq!(bench.expire(500), ("close 2".into(), None));
    assert_eq!(bench.request(9), "connect 3");
    assert_eq!(bench.finished(0), "close 0");
}

#[test]
fn idle_connections_live_an_hour_by_default_and_for_ever_with_0() {
    for (idle_timeout, expected) in [(None, Some(3_600_000)), (Some(Nanos(0)), None)] {
        let mut bench = http1(&Limits { idle_timeout, ..Limits::default() });
        bench.request(1);
        bench.connected(0);
        bench.finished(0);
        assert_eq!(bench.pool.next_expiry().map(Nanos::as_millis), expected);
    }
}

#[test]
fn a_host_that_left_serves_who_waits_and_closes() {
    let limits = Limits { max_connections: Some(3), ..Limits::default() };
    let mut bench = http1(&limits);
    (1..4).for_each(|stream| drop(bench.request(stream)));
    (0..3).for_each(|id| drop(bench.connected(id)));
    bench.request(4);
    bench.finished(0);
    bench.finished(1);
    assert_eq!(bench.drain(), "close 1");
    assert_eq!(bench.finished(2), "close 2");
    assert_eq!(bench.finished(0), "close 0");
    assert_eq!(bench.used(), [0, 0, 0]);
}

#[test]
fn an_ejected_host_keeps_connections_only_as_long_as_they_are_used() {
    let mut bench = http1(&Limits { max_connections: Some(3), ..Limits::default() });
    (1..4).for_each(|stream| drop(bench.request(stream)));
    (0..2).for_each(|id| drop(bench.connected(id)));
    bench.finished(0);
    // Connection 0 serves who waited, 2 is not needed any more, 1 is busy.
    assert_eq!(bench.renew(), "close 2");
    assert_eq!(bench.used(), [2, 0, 2]);
    assert_eq!(bench.request(4), "connect 3");
    assert_eq!(bench.renew(), "");
    assert_eq!(bench.finished(1), "close 1");
    assert_eq!(bench.finished(0), "close 0");
    assert_eq!(bench.connected(3), "4 on 3");
    bench.finished(3);
    assert_eq!((bench.renew(), bench.used()), ("close 3".into(), [0, 0, 0]));
}

#[test]
fn connections_that_a_host_that_left_does_not_need_are_not_opened_to_the_end() {
    let mut bench = http1(&Limits::default());
    bench.request(1);
    bench.pool.cancel(StreamId(1), &mut bench.breaker);
    assert_eq!(bench.drain(), "close 0");
    assert_eq!((bench.pool.open(), bench.used()), (0, [0, 0, 0]));
}

#[test]
fn after_any_history_counts_return_to_zero() {
    let limits = Limits {
        max_connections: Some(4),
        max_pending_requests: Some(3),
        max_requests: Some(5),
        max_requests_per_connection: Some(7),
        ..Limits::default()
    };
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let mut bench = Bench::new(&limits, protocol);
        let mut state: u64 = 1;
        for stream in 0..4_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695);
            bench.now = Nanos(bench.now.0 + 1_000_000);
            let id = usize::try_from(state >> 40).unwrap() % bench.ids.len().max(1);
            let _ = match (state >> 33) % 10 {
                _ if bench.ids.is_empty() => bench.request(stream),
                0..4 => bench.request(stream),
                4 | 5 => bench.connected(id),
                6 | 7 => bench.finished(id),
                8 => bench.reset(id),
                _ => bench.closed(id),
            };
            if bench.ids.len() > 12 {
                bench.ids.drain(..4);
            }
            let [requests, pending, connections] = bench.used();
            assert!(requests <= 5 && pending <= 3 && connections <= 4);
            assert_eq!((pending as usize, connections), (bench.pool.pending(), bench.pool.open()));
        }
    }
}
