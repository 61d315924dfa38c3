//! Who sends: each distinct proxy once, with its view of the mesh and what it does to lane tags.

use std::collections::BTreeMap;

use super::SenderId;
use crate::control_plane::capture::Capture;
use crate::control_plane::lanes::WorkloadTags;
use crate::control_plane::registry::{PodId, Service};
use crate::control_plane::waypoint::Waypoint;
use crate::control_plane::{Proxy, ProxyKind, ProxyView};
use crate::scenario::{Scenario, Sender};

/// All senders that were met so far.
pub(super) struct Senders<'s> {
    scenario: &'s Scenario,
    ids: BTreeMap<Sender, SenderId>,
    of_pod: BTreeMap<PodId, SenderId>,
    list: Vec<Known<'s>>,
}

/// A sender with what was worked out about it.
pub(super) struct Known<'s> {
    pub(super) sender: Sender,
    pub(super) tags: WorkloadTags,
    pub(super) view: ProxyView<'s>,
}

// === impl Senders ===

impl<'s> Senders<'s> {
    pub(super) const fn new(scenario: &'s Scenario) -> Self {
        Self { scenario, ids: BTreeMap::new(), of_pod: BTreeMap::new(), list: Vec::new() }
    }

    /// Returns the number of a sender.
    pub(super) fn intern(&mut self, sender: Sender) -> SenderId {
        if let Some(id) = self.ids.get(&sender) {
            return *id;
        }
        let id = SenderId::try_from(self.list.len()).unwrap_or(SenderId::MAX);
        let proxy = &sender.proxy;
        let tags = match sender.capture {
            Capture::Sidecar | Capture::Gateway => {
                self.scenario.propagation.for_workload(&proxy.namespace, &proxy.labels)
            }
            _ => WorkloadTags::default(),
        };
        let seen_by = match sender.capture {
            Capture::Gateway | Capture::Sidecar => proxy.clone(),
            // Rules, Sidecar objects and audiences bind proxies only; names resolve all the same.
            Capture::Ambient | Capture::Outside => {
                Proxy::new(ProxyKind::Gateway, &proxy.namespace, BTreeMap::new())
            }
        };
        let view = ProxyView::new(&self.scenario.mesh, seen_by);
        self.ids.insert(sender.clone(), id);
        self.list.push(Known { sender, tags, view });
        id
    }

    /// Returns the sender that stands for a pod.
    pub(super) fn of_pod(&mut self, pod: PodId) -> Option<SenderId> {
        if let Some(id) = self.of_pod.get(&pod) {
            return Some(*id);
        }
        let mesh = &self.scenario.mesh;
        let sender = Sender::of_pod(mesh, mesh.registry.pods.get(pod)?);
        let id = self.intern(sender);
        self.of_pod.insert(pod, id);
        Some(id)
    }

    /// Returns the sender of a waypoint.
    pub(super) fn waypoint(&mut self, waypoint: &Waypoint) -> SenderId {
        let labels = BTreeMap::from([(
            "gateway.networking.k8s.io/gateway-name".to_owned(),
            waypoint.name.clone(),
        )]);
        let proxy = Proxy::new(ProxyKind::Waypoint, &waypoint.namespace, labels);
        let name = format!("waypoint {}/{}", waypoint.namespace, waypoint.name);
        self.intern(Sender { name, proxy, capture: Capture::Gateway })
    }

    /// Returns a sender; ids come from [`Senders::intern`].
    pub(super) fn get(&mut self, id: SenderId) -> &mut Known<'s> {
        &mut self.list[id as usize]
    }

    /// Returns all senders by id.
    pub(super) fn proxies(&self) -> Vec<Sender> {
        self.list.iter().map(|known| known.sender.clone()).collect()
    }

    /// Returns the names of all senders by id.
    pub(super) fn names(&self) -> Vec<String> {
        self.list.iter().map(|known| known.sender.name.clone()).collect()
    }
}

// === impl Known ===

impl<'s> Known<'s> {
    /// Returns the service that a Host means for this sender.
    pub(super) fn called_service(&self, authority: &str) -> Option<&'s Service> {
        let hostname = self.view.named_service(authority)?;
        self.view.scope.service(&hostname).map(|(_, service)| service)
    }
}
