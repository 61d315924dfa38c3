//! One destination of a route: its endpoints, its fallback, its copies, and the lane that it stands for.

use super::{Arrival, Ask, Builder, LaneState};
use crate::control_plane::clusters::ClusterName;
use crate::control_plane::lanes::Memory;
use crate::data_plane::{Cluster, Request, UNIQUE};
use crate::engine::flow::isolation::{Hop, Isolation};
use crate::engine::flow::plan::{HashInput, PlannedLeg, PlannedTarget, cluster_label};
use crate::engine::flow::{
    Alternative, Answer, Fallback, FlowError, Host, Hosts, Leg, MirrorCopy, Site, Target, hosts,
};

impl Builder<'_> {
    pub(super) fn leg(&mut self, ask: &Ask, planned: PlannedLeg) -> Result<Leg, FlowError> {
        let lane = self.lane_of(ask, &planned);
        let mut leg = Leg {
            weight: planned.weight,
            rule: planned.rule.map(|(rule, index)| (self.rule(rule), index)),
            lane: match (ask.lane, lane) {
                (LaneState::Undecided, LaneState::Known(lane)) => Some(lane),
                _ => None,
            },
            target: Target::Answer(Answer::REFUSED),
            fallback: planned.fallback,
            alternative: None,
            copies: Vec::new(),
        };
        let displaced = ask.displaced || leg.fallback.is_some();
        leg.target = match planned.target {
            PlannedTarget::Answer(answer) => Target::Answer(answer),
            PlannedTarget::Dialled => {
                return self.dialled(ask, &planned.sent, lane, leg);
            }
            PlannedTarget::Cluster(cluster) => {
                let hostname = ClusterName::parse(&cluster.name).map(|name| name.host.to_owned());
                let hostname = hostname.unwrap_or_else(|| plain_host(&cluster.name));
                if let Some(waypoint) = self.waypoint(ask, &hostname) {
                    let port = ClusterName::parse(&cluster.name).map_or(ask.port, |name| name.port);
                    let next = Ask {
                        sender: waypoint,
                        request: planned.sent,
                        lane,
                        displaced,
                        port,
                        tls: false,
                        service: Some(format!("{hostname}:{port}")),
                        ..ask.clone()
                    };
                    // The gateway's answer to the lane stands, the waypoint may still decide it.
                    let through = self.call(next)?;
                    leg.target = Target::Through(through);
                    return Ok(leg);
                }
                let fell_back = leg.fallback.is_some();
                let place = Place { ask, lane, hostname: &hostname, fell_back };
                let hosts = self.hosts(&place, cluster, &planned.sent, planned.hash)?;
                Target::Hosts(hosts)
            }
        };
        if matches!(leg.target, Target::Hosts(_)) {
            if let Some((cluster, fallback)) = planned.alternative.filter(|_| self.extras.standbys)
            {
                leg.alternative = self.alternative(ask, lane, cluster, fallback, &planned.sent)?;
            }
            for (fraction, name, cluster) in planned.mirrors {
                leg.copies.push(self.copy(ask, lane, fraction, name, cluster, &planned.sent)?);
            }
        }
        Ok(leg)
    }

    /// A fallback that takes over while no endpoint of the destination is healthy.
    fn alternative(
        &mut self,
        ask: &Ask,
        lane: LaneState,
        cluster: std::sync::Arc<Cluster>,
        fallback: Fallback,
        sent: &Request,
    ) -> Result<Option<Box<Alternative>>, FlowError> {
        let hostname = ClusterName::parse(&cluster.name).map(|name| name.host.to_owned());
        let hostname = hostname.unwrap_or_default();
        let place = Place { ask, lane, hostname: &hostname, fell_back: true };
        let hosts = self.hosts(&place, cluster, sent, HashInput::Varies)?;
        Ok(Some(Box::new(Alternative { fallback, hosts })))
    }

    /// A cluster without endpoints of its own: requests go where the client dialled.
    fn dialled(
        &mut self,
        ask: &Ask,
        sent: &Request,
        lane: LaneState,
        mut leg: Leg,
    ) -> Result<Leg, FlowError> {
        let known = self.senders.get(ask.sender);
        let hostname = known.called_service(&ask.request.authority).map(|s| s.hostname.clone());
        let cluster =
            hostname.as_ref().and_then(|hostname| known.view.plain_cluster(hostname, ask.port));
        leg.target = match (hostname, cluster.filter(|cluster| cluster.has_endpoints())) {
            (Some(hostname), Some(cluster)) => {
                let place = Place { ask, lane, hostname: &hostname, fell_back: false };
                Target::Hosts(self.hosts(&place, cluster, sent, HashInput::Varies)?)
            }
            (Some(_), None) => Target::Answer(Answer::REFUSED),
            (None, _) => {
                let host = crate::data_plane::without_port(&ask.request.authority);
                Target::Outside(host.to_owned())
            }
        };
        Ok(leg)
    }

    fn hosts(
        &mut self,
        place: &Place<'_>,
        cluster: std::sync::Arc<Cluster>,
        sent: &Request,
        hash: HashInput,
    ) -> Result<Hosts, FlowError> {
        let (shares, total) = hosts::shares(&cluster, hash);
        let endpoints: Vec<_> = cluster.endpoints().cloned().collect();
        let active = shares.len();
        let mut list = Vec::with_capacity(active);
        let mut wanted = shares;
        if self.extras.standbys {
            let idle = (0..endpoints.len()).filter(|i| wanted.iter().all(|(index, _)| index != i));
            let idle: Vec<(usize, u64)> = idle.map(|index| (index, 0)).collect();
            wanted.extend(idle);
        }
        for (index, weight) in wanted {
            let endpoint = &endpoints[index];
            let pod = endpoint.instance.map(|pod| pod as usize);
            let sender = pod.and_then(|pod| self.senders.of_pod(pod));
            let isolation = self.isolation(place, pod);
            let name = endpoint.name.rsplit_once(':').map_or(endpoint.name.as_str(), |(n, _)| n);
            let run = self.run(Arrival {
                class: place.ask.class,
                site: place.ask.site,
                pod: sender,
                host: if sender.is_some() { String::new() } else { short_name(place.hostname) },
                request: sent.clone(),
                memory: Memory::default(),
                lane: place.lane,
                displaced: place.ask.displaced || place.fell_back,
            })?;
            list.push(Host { weight, name: name.to_owned(), endpoint: index, run, isolation });
        }
        let standby = list.split_off(active.min(list.len()));
        let hash = match hash {
            HashInput::Constant(hash) => Some(hash),
            HashInput::Varies => None,
        };
        Ok(Hosts { cluster, list, total, standby, hash })
    }

    fn isolation(&mut self, place: &Place<'_>, pod: Option<usize>) -> Isolation {
        let LaneState::Known(lane) = place.lane else { return Isolation::NoLane };
        let Some(pod) = pod.and_then(|pod| self.scenario.mesh.registry.pods.get(pod)) else {
            return Isolation::Shared;
        };
        let hop = Hop {
            lane: Some(&self.flow.lanes[lane as usize]),
            hostname: place.hostname,
            labels: &pod.labels,
            fallback: place.fell_back,
            displaced: place.ask.displaced,
        };
        let scope = &self.senders.get(place.ask.sender).view.scope;
        Isolation::of(&hop, self.scenario, scope)
    }

    /// E-160: the copy is made from the finished request, its Host ends in `-shadow`.
    fn copy(
        &mut self,
        ask: &Ask,
        lane: LaneState,
        fraction: crate::data_plane::Fraction,
        name: String,
        cluster: Option<std::sync::Arc<Cluster>>,
        sent: &Request,
    ) -> Result<MirrorCopy, FlowError> {
        let domain = self.scenario.mesh.config.domain.clone();
        let label = cluster_label(&name, &domain);
        let own = self.flow.sites[ask.site as usize].clone();
        let site = self.site(Site {
            path: format!("{}~{label}", own.path),
            service: label,
            mirrored: true,
            depth: own.depth + 1,
            ..own
        });
        let hosts = match cluster.filter(|cluster| cluster.endpoints().next().is_some()) {
            None => None,
            Some(cluster) => {
                let mut request = sent.clone();
                let host = crate::data_plane::without_port(&sent.authority);
                request.authority = format!("{host}-shadow{}", &sent.authority[host.len()..]);
                let hostname = ClusterName::parse(&name).map(|name| name.host.to_owned());
                let hostname = hostname.unwrap_or_default();
                let ask = Ask { site, ..ask.clone() };
                let place = Place { ask: &ask, lane, hostname: &hostname, fell_back: false };
                Some(self.hosts(&place, cluster, &request, HashInput::Varies)?)
            }
        };
        Ok(MirrorCopy { fraction, cluster: name, hosts, site })
    }

    /// The lane that a leg of the entry hop decides: the lane header on the request that leaves, else the
    /// subset.
    fn lane_of(&mut self, ask: &Ask, leg: &PlannedLeg) -> LaneState {
        if ask.lane != LaneState::Undecided {
            return ask.lane;
        }
        let headers = self.scenario.lane_headers.iter();
        let mut values = headers.filter_map(|name| leg.sent.headers.first(name));
        let value = values.find(|value| !value.is_empty() && !value.contains(UNIQUE));
        let subset = || ClusterName::parse(&leg.cluster).map(|name| name.subset.to_owned());
        let name = value.map(str::to_owned).or_else(subset).filter(|name| !name.is_empty());
        match name {
            Some(name) => LaneState::Known(self.lane(&name)),
            None => LaneState::None,
        }
    }
}

/// Where endpoints are met.
pub(super) struct Place<'a> {
    ask: &'a Ask,
    lane: LaneState,
    hostname: &'a str,
    fell_back: bool,
}

/// The host of a cluster of `clusters::unproxied`.
fn plain_host(name: &str) -> String {
    name.rsplit('|').next().unwrap_or_default().to_owned()
}

fn short_name(hostname: &str) -> String {
    match hostname.split_once(".svc.") {
        Some((local, _)) => local.split('.').next().unwrap_or(local).to_owned(),
        None => hostname.to_owned(),
    }
}
