//! The queues of the model alone in a general framework for discrete-event simulation: a source, three stations,
//! a sink.
#![expect(
    clippy::unused_async,
    clippy::ignored_unit_patterns,
    reason = "the framework wants handlers like these"
)]

use std::collections::VecDeque;
use std::time::Duration;

use nexosim::model::{Context, Model, schedulable};
use nexosim::ports::{EventSource, Output};
use nexosim::simulation::{Mailbox, SimInit};
use nexosim::time::MonotonicTime;
use serde::{Deserialize, Serialize};

use crate::bare::Random;

/// Sends requests; a request is the time at which it arrived, in nanoseconds.
#[derive(Serialize, Deserialize)]
struct Clients {
    out: Output<u64>,
    gap: f64,
    random: u64,
    left: u64,
}

/// Eight workers and a queue.
#[derive(Serialize, Deserialize)]
struct Queue {
    out: Output<u64>,
    service: f64,
    random: u64,
    busy: u32,
    waiting: VecDeque<u64>,
}

/// Adds up the times of requests.
#[derive(Serialize, Deserialize)]
struct Sink {
    done: u64,
    sum: u64,
}

pub(crate) fn nanos<M: Model>(cx: &Context<M>) -> u64 {
    let time = cx.time().duration_since(MonotonicTime::EPOCH);
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

pub(crate) fn draw(state: &mut u64, mean: f64) -> Duration {
    let mut random = Random(*state);
    let time = random.exponential(mean);
    *state = random.0;
    // The framework schedules into the future only.
    Duration::from_nanos(time.max(1))
}

#[Model]
impl Clients {
    async fn begin(&mut self, _: (), cx: &Context<Self>) {
        let time = draw(&mut self.random, self.gap);
        cx.schedule_event(time, schedulable!(Self::send), ()).expect("the time is not 0");
    }

    #[nexosim(schedulable)]
    async fn send(&mut self, _: (), cx: &Context<Self>) {
        self.out.send(nanos(cx)).await;
        self.left -= 1;
        if self.left > 0 {
            let time = draw(&mut self.random, self.gap);
            cx.schedule_event(time, schedulable!(Self::send), ()).expect("the time is not 0");
        }
    }
}

#[Model]
impl Queue {
    async fn arrive(&mut self, started: u64, cx: &Context<Self>) {
        if self.busy < 8 {
            self.busy += 1;
            self.serve(started, cx);
        } else {
            self.waiting.push_back(started);
        }
    }

    #[nexosim(schedulable)]
    async fn served(&mut self, started: u64, cx: &Context<Self>) {
        match self.waiting.pop_front() {
            Some(next) => self.serve(next, cx),
            None => self.busy -= 1,
        }
        self.out.send(started).await;
    }

    fn serve(&mut self, started: u64, cx: &Context<Self>) {
        let time = draw(&mut self.random, self.service);
        cx.schedule_event(time, schedulable!(Self::served), started).expect("the time is not 0");
    }
}

#[Model]
impl Sink {
    async fn arrive(&mut self, started: u64, cx: &Context<Self>) {
        self.done += 1;
        self.sum += nanos(cx) - started;
    }
}

/// Runs so many requests on one thread.
pub(crate) fn run(seed: u64, requests: u64, rate: u64, service: u64) {
    let gap = 1e9 / rate as f64;
    let mut clients = Clients { out: Output::default(), gap, random: seed, left: requests };
    let queue = |number: u64| Queue {
        out: Output::default(),
        service: service as f64,
        random: seed + number,
        busy: 0,
        waiting: VecDeque::new(),
    };
    let mut queues = [queue(1), queue(2), queue(3)];
    let sink = Sink { done: 0, sum: 0 };
    let (clients_box, sink_box) = (Mailbox::new(), Mailbox::new());
    let boxes = [Mailbox::new(), Mailbox::new(), Mailbox::new()];
    clients.out.connect(Queue::arrive, &boxes[0]);
    queues[0].out.connect(Queue::arrive, &boxes[1]);
    queues[1].out.connect(Queue::arrive, &boxes[2]);
    queues[2].out.connect(Sink::arrive, &sink_box);
    let mut init = SimInit::with_num_threads(1);
    let begin = EventSource::new().connect(Clients::begin, &clients_box).register(&mut init);
    init = init.add_model(clients, clients_box, "clients").add_model(sink, sink_box, "sink");
    for (number, (queue, mailbox)) in queues.into_iter().zip(boxes).enumerate() {
        init = init.add_model(queue, mailbox, &format!("queue {number}"));
    }
    let mut simulation = init.init(MonotonicTime::EPOCH).expect("the bench is complete");
    simulation.process_event(&begin, ()).expect("the source is there");
    simulation.run().expect("no model fails");
}
