//! The model of the timed engine in a general framework: proxies that wait for answers and give up in time, pods
//! with workers and a queue, clients that count what they get.
//!
//! As somebody would write it who needs what lanecast tells of such a row: latencies per hop and of clients,
//! failures, time limits per request and per attempt, limits of requests, failures that follow each other. What
//! never happens here is left out: retries, ejections, connections that have to be opened.
#![expect(
    clippy::unused_async,
    clippy::ignored_unit_patterns,
    reason = "the framework wants handlers like these"
)]

use std::collections::VecDeque;
use std::time::Duration;

use nexosim::model::{Context, Model, schedulable};
use nexosim::ports::{EventSource, Output};
use nexosim::simulation::{EventKey, Mailbox, SimInit};
use nexosim::time::MonotonicTime;
use serde::{Deserialize, Serialize};

use crate::framework::{draw, nanos};
use crate::tally::Tally;

/// Seconds until an attempt and a request are given up.
const ATTEMPT: u64 = 30;
const REQUEST: u64 = 60;

/// Requests under way that a proxy lets through.
const MOST: usize = 100_000;

/// An answer: the number that the sender gave the request, and the status.
type Answer = (u32, u16);

/// Sends requests and takes the answers.
#[derive(Serialize, Deserialize)]
struct Clients {
    out: Output<u32>,
    gap: f64,
    random: u64,
    left: u64,
    started: Vec<u64>,
    free: Vec<u32>,
    tally: Tally,
}

/// A proxy in front of one pod.
#[derive(Serialize, Deserialize)]
struct Proxy {
    to_pod: Output<u32>,
    back: Output<Answer>,
    calls: Vec<Call>,
    free: Vec<u32>,
    under_way: usize,
    failures_in_a_row: u32,
    tally: Tally,
}

/// A request at a proxy; without keys it is over.
#[derive(Serialize, Deserialize)]
struct Call {
    from: u32,
    started: u64,
    deadlines: Option<(EventKey, EventKey)>,
}

/// Eight workers and a queue; the last pod calls nobody.
#[derive(Serialize, Deserialize)]
struct Pod {
    next: Output<u32>,
    back: Output<Answer>,
    last: bool,
    service: f64,
    random: u64,
    busy: u32,
    waiting: VecDeque<u32>,
}

#[Model]
impl Clients {
    async fn begin(&mut self, _: (), cx: &Context<Self>) {
        let time = draw(&mut self.random, self.gap);
        cx.schedule_event(time, schedulable!(Self::send), ()).expect("the time is not 0");
    }

    #[nexosim(schedulable)]
    async fn send(&mut self, _: (), cx: &Context<Self>) {
        let request = self.free.pop().unwrap_or_else(|| {
            self.started.push(0);
            u32::try_from(self.started.len() - 1).expect("few are under way")
        });
        self.started[request as usize] = nanos(cx);
        self.out.send(request).await;
        self.left -= 1;
        if self.left > 0 {
            let time = draw(&mut self.random, self.gap);
            cx.schedule_event(time, schedulable!(Self::send), ()).expect("the time is not 0");
        }
    }

    async fn answer(&mut self, (request, status): Answer, cx: &Context<Self>) {
        self.tally.add(nanos(cx) - self.started[request as usize], status);
        self.free.push(request);
    }
}

#[Model]
impl Proxy {
    async fn request(&mut self, from: u32, cx: &Context<Self>) {
        if self.under_way >= MOST {
            return self.back.send((from, 503)).await;
        }
        self.under_way += 1;
        let call = self.free.pop().unwrap_or_else(|| {
            self.calls.push(Call { from: 0, started: 0, deadlines: None });
            u32::try_from(self.calls.len() - 1).expect("few are under way")
        });
        let deadline = |seconds| {
            let time = Duration::from_secs(seconds);
            cx.schedule_keyed_event(time, schedulable!(Self::deadline), call).expect("it is later")
        };
        let deadlines = Some((deadline(ATTEMPT), deadline(REQUEST)));
        self.calls[call as usize] = Call { from, started: nanos(cx), deadlines };
        self.to_pod.send(call).await;
    }

    /// No request of this model takes so long.
    #[nexosim(schedulable)]
    async fn deadline(&mut self, call: u32, cx: &Context<Self>) {
        self.end(call, 504, cx).await;
    }

    async fn answer(&mut self, (call, status): Answer, cx: &Context<Self>) {
        self.end(call, status, cx).await;
    }

    async fn end(&mut self, call: u32, status: u16, cx: &Context<Self>) {
        let known = &mut self.calls[call as usize];
        let Some((attempt, request)) = known.deadlines.take() else { return };
        attempt.cancel();
        request.cancel();
        let failures = self.failures_in_a_row + 1;
        self.failures_in_a_row = if status >= 500 { failures } else { 0 };
        self.tally.add(nanos(cx) - known.started, status);
        self.under_way -= 1;
        self.free.push(call);
        self.back.send((known.from, status)).await;
    }
}

#[Model]
impl Pod {
    async fn request(&mut self, call: u32, cx: &Context<Self>) {
        if self.busy < 8 {
            self.busy += 1;
            self.serve(call, cx);
        } else {
            self.waiting.push_back(call);
        }
    }

    #[nexosim(schedulable)]
    async fn served(&mut self, call: u32, cx: &Context<Self>) {
        match self.waiting.pop_front() {
            Some(next) => self.serve(next, cx),
            None => self.busy -= 1,
        }
        if self.last {
            self.back.send((call, 200)).await;
        } else {
            self.next.send(call).await;
        }
    }

    async fn answer(&mut self, answer: Answer) {
        self.back.send(answer).await;
    }

    fn serve(&mut self, call: u32, cx: &Context<Self>) {
        let time = draw(&mut self.random, self.service);
        cx.schedule_event(time, schedulable!(Self::served), call).expect("the time is not 0");
    }
}

fn proxy() -> Proxy {
    Proxy {
        to_pod: Output::default(),
        back: Output::default(),
        calls: Vec::new(),
        free: Vec::new(),
        under_way: 0,
        failures_in_a_row: 0,
        tally: Tally::default(),
    }
}

/// Runs so many requests on one thread.
pub(crate) fn run(seed: u64, requests: u64, rate: u64, service: u64) {
    let mut clients = Clients {
        out: Output::default(),
        gap: 1e9 / rate as f64,
        random: seed,
        left: requests,
        started: Vec::new(),
        free: Vec::new(),
        tally: Tally::default(),
    };
    let pod = |number: u64| Pod {
        next: Output::default(),
        back: Output::default(),
        last: number == 3,
        service: service as f64,
        random: seed + number,
        busy: 0,
        waiting: VecDeque::new(),
    };
    let mut proxies = [proxy(), proxy(), proxy()];
    let mut pods = [pod(1), pod(2), pod(3)];
    let clients_box = Mailbox::new();
    let proxy_boxes = [Mailbox::new(), Mailbox::new(), Mailbox::new()];
    let pod_boxes = [Mailbox::new(), Mailbox::new(), Mailbox::new()];
    clients.out.connect(Proxy::request, &proxy_boxes[0]);
    proxies[0].back.connect(Clients::answer, &clients_box);
    for hop in 0..3 {
        proxies[hop].to_pod.connect(Pod::request, &pod_boxes[hop]);
        pods[hop].back.connect(Proxy::answer, &proxy_boxes[hop]);
        if hop > 0 {
            pods[hop - 1].next.connect(Proxy::request, &proxy_boxes[hop]);
            proxies[hop].back.connect(Pod::answer, &pod_boxes[hop - 1]);
        }
    }
    let mut init = SimInit::with_num_threads(1);
    let begin = EventSource::new().connect(Clients::begin, &clients_box).register(&mut init);
    init = init.add_model(clients, clients_box, "clients");
    for (number, (proxy, mailbox)) in proxies.into_iter().zip(proxy_boxes).enumerate() {
        init = init.add_model(proxy, mailbox, &format!("proxy {number}"));
    }
    for (number, (pod, mailbox)) in pods.into_iter().zip(pod_boxes).enumerate() {
        init = init.add_model(pod, mailbox, &format!("pod {number}"));
    }
    let mut simulation = init.init(MonotonicTime::EPOCH).expect("the bench is complete");
    simulation.process_event(&begin, ()).expect("the source is there");
    simulation.run().expect("no model fails");
}
