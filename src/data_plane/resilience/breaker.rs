//! The limits of a cluster, counted per proxy (E-100).
//!
//! Shared by the workers of a proxy, unknown to other proxies. Envoy checks before it counts, and some
//! things are counted beyond the limit on purpose (the first connection to a host), so a count may lie
//! above its limit.

use super::super::cluster::{Limits, RetryBudget};

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// Connections to all hosts.
    Connections,
    /// Requests waiting for a connection.
    PendingRequests,
    /// Requests attached to a connection.
    Requests,
    /// Retries, from the decision to their outcome (E-105).
    Retries,
}

/// The limits of a cluster and what is in use.
#[derive(Clone, Copy, Debug)]
pub struct CircuitBreaker {
    limits: [u32; 4],
    used: [u32; 4],
    retry_budget: Option<RetryBudget>,
}

// === impl CircuitBreaker ===

impl CircuitBreaker {
    /// Builds the breaker of a cluster; limits that are not set are Istio's 2^32 - 1.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        let limit = |value: Option<u32>| value.unwrap_or(u32::MAX);
        Self {
            limits: [
                limit(limits.max_connections),
                limit(limits.max_pending_requests),
                limit(limits.max_requests),
                limit(limits.max_retries),
            ],
            used: [0; 4],
            retry_budget: limits.retry_budget,
        }
    }

    /// Tells whether one more fits.
    #[must_use]
    pub fn allows(&self, resource: Resource) -> bool {
        u64::from(self.in_use(resource)) < self.limit(resource)
    }

    /// Counts one more, whether it fits or not.
    pub fn acquire(&mut self, resource: Resource) {
        let used = &mut self.used[resource as usize];
        *used = used.saturating_add(1);
    }

    /// Counts one less.
    pub fn release(&mut self, resource: Resource) {
        let used = &mut self.used[resource as usize];
        *used = used.saturating_sub(1);
    }

    /// Returns how many are in use.
    #[must_use]
    pub const fn in_use(&self, resource: Resource) -> u32 {
        self.used[resource as usize]
    }

    /// E-105: a budget takes the place of the limit of retries.
    fn limit(&self, resource: Resource) -> u64 {
        match self.retry_budget {
            Some(budget) if resource == Resource::Retries => {
                let under_way = u64::from(self.in_use(Resource::Requests))
                    + u64::from(self.in_use(Resource::PendingRequests));
                budget.allowed(under_way)
            }
            _ => u64::from(self.limits[resource as usize]),
        }
    }
}

// === impl RetryBudget ===

impl RetryBudget {
    fn allowed(self, under_way: u64) -> u64 {
        let share = under_way.saturating_mul(u64::from(self.share.numerator));
        let share = share.checked_div(u64::from(self.share.denominator)).unwrap_or(0);
        share.max(u64::from(self.minimum))
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::policy::Fraction;
    use super::*;

    #[test]
    fn a_limit_of_n_lets_n_through_and_none_is_no_limit() {
        let limits = Limits { max_requests: Some(2), ..Limits::default() };
        let mut breaker = CircuitBreaker::new(&limits);
        for _ in 0..2 {
            assert!(breaker.allows(Resource::Requests));
            breaker.acquire(Resource::Requests);
            breaker.acquire(Resource::Connections);
        }
        assert!(!breaker.allows(Resource::Requests) && breaker.allows(Resource::Connections));
        breaker.release(Resource::Requests);
        assert!(breaker.allows(Resource::Requests));
        assert_eq!(breaker.in_use(Resource::Connections), 2);
    }

    #[test]
    fn releasing_more_than_was_acquired_stays_at_zero() {
        let mut breaker = CircuitBreaker::new(&Limits::default());
        breaker.release(Resource::Retries);
        assert_eq!(breaker.in_use(Resource::Retries), 0);
    }

    #[test]
    fn a_retry_budget_is_a_share_of_requests_under_way_but_at_least_its_minimum() {
        let share = Fraction { numerator: 20, denominator: 100 };
        let retry_budget = Some(RetryBudget { share, minimum: 3 });
        // The limit of retries does not count beside a budget.
        let limits = Limits { max_retries: Some(0), retry_budget, ..Limits::default() };
        for (requests, pending, allowed) in [(0, 0, 3), (10, 5, 3), (15, 5, 4), (30, 4, 6)] {
            let mut breaker = CircuitBreaker::new(&limits);
            (0..requests).for_each(|_| breaker.acquire(Resource::Requests));
            (0..pending).for_each(|_| breaker.acquire(Resource::PendingRequests));
            let mut retries = 0;
            while breaker.allows(Resource::Retries) {
                breaker.acquire(Resource::Retries);
                retries += 1;
            }
            assert_eq!(retries, allowed, "{requests} {pending}");
        }
    }
}
