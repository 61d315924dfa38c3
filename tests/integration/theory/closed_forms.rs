//! Closed forms of queueing theory, to measure simulations against.
//!
//! Rates are per second, times in seconds. `arrival` is the arrival rate, `service` the mean service time,
//! `servers` the number of servers of one queue; a stable queue has `arrival * service < servers`.
//!
//! Source: Kleinrock, Queueing Systems 1 (1975), chapters 3 to 5.

/// Mean of an exponential service time squared over its variance, and the like: cv² of a service time.
pub(crate) const EXPONENTIAL_CV2: f64 = 1.0;

/// Probability that all servers of M/M/c/c (and M/G/c/c) are busy: an arrival is lost. `load` is in erlangs.
pub(crate) fn erlang_b(servers: u32, load: f64) -> f64 {
    // B(0) = 1, B(n) = a B(n-1) / (n + a B(n-1)).
    (1..=servers).fold(1.0, |blocked, n| load * blocked / (f64::from(n) + load * blocked))
}

/// Probability that an arrival at M/M/c has to wait. `load` is in erlangs, below `servers`.
pub(crate) fn erlang_c(servers: u32, load: f64) -> f64 {
    let blocked = erlang_b(servers, load);
    let servers = f64::from(servers);
    servers * blocked / (servers - load * (1.0 - blocked))
}

/// Mean time in the queue of M/M/c, without service.
pub(crate) fn mmc_wait(servers: u32, arrival: f64, service: f64) -> f64 {
    let load = arrival * service;
    erlang_c(servers, load) * service / (f64::from(servers) - load)
}

/// Mean time in the queue of M/M/1.
pub(crate) fn mm1_wait(arrival: f64, service: f64) -> f64 {
    let utilisation = arrival * service;
    utilisation * service / (1.0 - utilisation)
}

/// The time in the queue and in service that a share `quantile` of the requests of M/M/1 does not exceed.
pub(crate) fn mm1_sojourn_quantile(arrival: f64, service: f64, quantile: f64) -> f64 {
    -(1.0 - quantile).ln() * service / (1.0 - arrival * service)
}

/// Mean time in the queue of M/G/1 by Pollaczek and Khinchine; `cv2` is the squared coefficient of variation of
/// the service time.
pub(crate) fn mg1_wait(arrival: f64, service: f64, cv2: f64) -> f64 {
    let utilisation = arrival * service;
    utilisation * service * (1.0 + cv2) / (2.0 * (1.0 - utilisation))
}

/// Mean time in the queue of M/D/1.
pub(crate) fn md1_wait(arrival: f64, service: f64) -> f64 {
    mg1_wait(arrival, service, 0.0)
}

/// Probability that M/M/1 with room for `room` requests, the one in service included, turns an arrival away.
pub(crate) fn mm1k_blocking(room: u32, arrival: f64, service: f64) -> f64 {
    let utilisation = arrival * service;
    let weights = (0..=room).scan(1.0, |weight, _| {
        let current = *weight;
        *weight *= utilisation;
        Some(current)
    });
    let (last, sum) = weights.fold((0.0, 0.0), |(_, sum), weight| (weight, sum + weight));
    last / sum
}

/// Mean time between two requests of one of `users` that think for `think` and are served one at a time:
/// the machine repairman model, M/M/1 with a finite population.
pub(crate) fn closed_cycle(users: u32, think: f64, service: f64) -> f64 {
    // Mean value analysis: an arrival sees the queue of one user less.
    let response = (1..=users).fold((0.0, 0.0), |(queue, _): (f64, f64), n| {
        let response = service * (1.0 + queue);
        (f64::from(n) * response / (think + response), response)
    });
    think + response.1
}

mod tests {
    use super::*;

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() <= 1e-9 * expected.abs(), "{found} instead of {expected}");
    }

    /// B(2, 1) = 1/5 and C(2, 1) = 1/3 by hand; B(10, 5) from any table of Erlang's formula.
    #[test]
    fn erlang_formulas_agree_with_hand_and_table() {
        close(erlang_b(2, 1.0), 0.2);
        close(erlang_c(2, 1.0), 1.0 / 3.0);
        assert!((erlang_b(10, 5.0) - 0.018_385).abs() < 1e-6);
        close(erlang_b(1, 0.5), 0.5 / 1.5);
    }

    #[test]
    fn special_cases_agree_with_general_ones() {
        close(mmc_wait(1, 80.0, 0.01), mm1_wait(80.0, 0.01));
        close(mg1_wait(80.0, 0.01, EXPONENTIAL_CV2), mm1_wait(80.0, 0.01));
        close(md1_wait(80.0, 0.01), mm1_wait(80.0, 0.01) / 2.0);
        close(mm1_wait(80.0, 0.01), 0.04);
        close(mm1k_blocking(1, 50.0, 0.01), erlang_b(1, 0.5));
        // At full load all numbers of requests are equally likely.
        close(mm1k_blocking(4, 100.0, 0.01), 0.2);
        close(mm1_sojourn_quantile(50.0, 0.01, 0.5), 0.02 * std::f64::consts::LN_2);
    }

    #[test]
    fn a_closed_loop_runs_at_the_speed_of_its_bottleneck() {
        close(closed_cycle(1, 1.0, 0.1), 1.1);
        // Two users by the stationary distribution: p0 = 1 / (1 + 2 r + 2 r²) with r = service / think.
        let (think, service) = (1.0, 0.5);
        let p0 = 1.0 / (1.0 + 2.0 * 0.5 + 2.0 * 0.25);
        close(closed_cycle(2, think, service), 2.0 * service / (1.0 - p0));
        assert!((closed_cycle(1_000, 1.0, 0.1) - 100.0).abs() < 1e-6);
    }
}
