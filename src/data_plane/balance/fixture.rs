//! What the tests of this module share: recorded answers of Envoy, hosts, and random numbers.

use rand::{Rng, SeedableRng};
use serde_json::Value;

use super::super::cluster::{BalancerPolicy, Cluster, Discovery, Endpoint, EndpointGroup};
use super::super::version::EnvoyVersion;
use super::{BalancerSettings, DEFAULT_MERGE_WINDOW, HostId, HostSet, LoadBalancer, Pick};
use crate::units::Nanos;

/// Answers that were compared with the binary.
pub(super) fn golden() -> Value {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/envoy-golden.json"));
    serde_json::from_str(text).unwrap()
}

/// The texts of a JSON list.
pub(super) fn texts(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// The numbers of a JSON list.
pub(super) fn numbers(list: &Value) -> Vec<u32> {
    list.as_array().unwrap().iter().map(|n| u32::try_from(n.as_u64().unwrap()).unwrap()).collect()
}

/// A source of random numbers.
pub(super) fn random(seed: u64) -> impl FnMut() -> u64 {
    let mut generator = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
    move || generator.next_u64()
}

/// A host named by its number, with the address `10.0.0.NUMBER:80`.
pub(super) fn endpoint(number: u32, weight: u32) -> Endpoint {
    let (name, address) = (format!("host-{number}"), format!("10.0.0.{number}:80"));
    Endpoint { name, address, instance: Some(number), weight }
}

/// A locality of hosts with weight 1.
pub(super) fn group(priority: u32, weight: u32, hosts: impl Iterator<Item = u32>) -> EndpointGroup {
    let endpoints = hosts.map(|number| endpoint(number, 1)).collect();
    EndpointGroup { priority, weight, endpoints, ..EndpointGroup::default() }
}

/// A locality of hosts with these weights.
pub(super) fn weighted(weights: &[u32]) -> EndpointGroup {
    let endpoints = (0..).zip(weights).map(|(number, weight)| endpoint(number, *weight)).collect();
    EndpointGroup { endpoints, weight: 1, ..EndpointGroup::default() }
}

/// A cluster with a policy, groups and the defaults of Istio.
pub(super) fn cluster(balancer: BalancerPolicy, groups: Vec<EndpointGroup>) -> Cluster {
    Cluster { balancer, groups, ..Cluster::new("outbound|80||shop", Discovery::Eds) }
}

/// A proxy with one worker, for one cluster.
pub(super) struct Proxy<R> {
    pub hosts: HostSet,
    pub balancer: LoadBalancer,
    pub random: R,
    pub now: Nanos,
}

/// Starts a proxy at time 0; `seed` is the balancer's and that of the random numbers.
pub(super) fn proxy(cluster: &Cluster, seed: u64) -> Proxy<impl FnMut() -> u64 + use<>> {
    let settings = BalancerSettings::of_cluster(cluster, EnvoyVersion::NEWEST);
    let hosts = HostSet::new(&cluster.groups, Nanos(0), DEFAULT_MERGE_WINDOW);
    let mut random = random(seed);
    let mut balancer = LoadBalancer::new(settings, seed, Nanos(0));
    balancer.refresh(&hosts, Nanos(0), &mut random);
    Proxy { hosts, balancer, random, now: Nanos(0) }
}

impl<R: FnMut() -> u64> Proxy<R> {
    /// The number of the host chosen for a pick.
    pub(super) fn choose(&mut self, pick: Pick<'_>) -> Option<u32> {
        let Self { hosts, balancer, random, now } = self;
        balancer.choose(hosts, *now, pick, random).map(|host| host.0)
    }

    /// The hosts chosen for so many first attempts without a hash.
    pub(super) fn run(&mut self, picks: usize) -> Vec<u32> {
        (0..picks).map(|_| self.choose(Pick::first(None)).unwrap()).collect()
    }

    /// How many of so many first attempts each host got.
    pub(super) fn tally(&mut self, picks: usize, hosts: usize) -> Vec<usize> {
        let mut tally = vec![0; hosts];
        self.run(picks).into_iter().for_each(|host| tally[host as usize] += 1);
        tally
    }

    /// Ejects hosts, each more than a merge window after the last, so that all is seen at once.
    pub(super) fn eject(&mut self, hosts: impl IntoIterator<Item = u32>) {
        for host in hosts {
            self.now = Nanos(self.now.0 + 2 * DEFAULT_MERGE_WINDOW.0);
            self.hosts.set_ejected(HostId(host), true, self.now);
        }
    }
}
