//! The mesh-wide options that change routing, with Istio's defaults.

use crate::config::decode::{Decode, Fields};
use crate::config::node::Node;
use crate::data_plane::{PathNormalization, RetryPolicy};
use crate::diagnostic::{Diagnostic, Diagnostics};

/// What happens to hosts that the mesh does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutboundPolicy {
    /// Passed through to the dialled address.
    AllowAny,
    /// Refused.
    RegistryOnly,
    /// Passed through to the address of the requested name.
    AllowAnyDynamicDns,
}

/// Mesh-wide options.
#[derive(Clone, Debug, PartialEq)]
pub struct MeshConfig {
    /// Domain of the cluster.
    pub domain: String,
    /// Namespace of mesh-wide objects.
    pub root_namespace: String,
    /// What happens to unknown hosts.
    pub outbound: OutboundPolicy,
    /// How paths are normalised.
    pub path_normalization: PathNormalization,
    /// Retries of routes that do not say.
    pub default_retry: Option<RetryPolicy>,
    /// Whether locality balancing is on by default.
    pub locality_balancing: bool,
}

// === impl MeshConfig ===

impl Default for MeshConfig {
    fn default() -> Self {
        Self {
            domain: "cluster.local".to_owned(),
            root_namespace: "istio-system".to_owned(),
            outbound: OutboundPolicy::AllowAny,
            path_normalization: PathNormalization::Base,
            default_retry: None,
            locality_balancing: true,
        }
    }
}

impl MeshConfig {
    /// Reads the options that matter from a mesh config as it stands in the ConfigMap `istio`; the many
    /// other ones are passed over.
    pub fn read(&mut self, node: &Node, problems: &mut Diagnostics) {
        let Some(mut fields) = Fields::open("MeshConfig", node, problems) else { return };
        if let Some(root) = fields.take::<Option<String>>("rootNamespace", problems) {
            self.root_namespace = root;
        }
        if let Some(domain) = fields.take::<Option<String>>("trustDomain", problems) {
            // The trust domain names identities, not hosts; it is read only to be accepted.
            let _ = domain;
        }
        fields.finish(&["*"], problems);
        if let Some(policy) = node.get("outboundTrafficPolicy") {
            self.read_outbound(policy, problems);
        }
        if let Some(option) = node.get("pathNormalization").and_then(|n| n.get("normalization")) {
            self.read_normalization(option, problems);
        }
        if let Some(locality) = node.get("localityLbSetting").and_then(|n| n.get("enabled"))
            && let Some(enabled) = bool::decode(locality, problems)
        {
            self.locality_balancing = enabled;
        }
    }

    fn read_outbound(&mut self, node: &Node, problems: &mut Diagnostics) {
        let Some(mode) = node.get("mode") else { return };
        match mode.text() {
            Some("ALLOW_ANY") => self.outbound = OutboundPolicy::AllowAny,
            Some("REGISTRY_ONLY") => self.outbound = OutboundPolicy::RegistryOnly,
            Some("ALLOW_ANY_DYNAMIC_DNS") => self.outbound = OutboundPolicy::AllowAnyDynamicDns,
            _ => unknown(mode, "outboundTrafficPolicy.mode", "ALLOW_ANY, REGISTRY_ONLY", problems),
        }
    }

    fn read_normalization(&mut self, node: &Node, problems: &mut Diagnostics) {
        self.path_normalization = match node.text() {
            Some("DEFAULT" | "BASE") => PathNormalization::Base,
            Some("NONE") => PathNormalization::None,
            Some("MERGE_SLASHES") => PathNormalization::MergeSlashes,
            Some("DECODE_AND_MERGE_SLASHES") => PathNormalization::DecodeAndMergeSlashes,
            _ => {
                let known = "BASE, NONE, MERGE_SLASHES, DECODE_AND_MERGE_SLASHES";
                unknown(node, "pathNormalization.normalization", known, problems);
                return;
            }
        };
    }
}

fn unknown(node: &Node, what: &str, known: &str, problems: &mut Diagnostics) {
    let message = format!("{} is no {what}", node.describe());
    problems.push(
        Diagnostic::error("unknown-word", node.place, message).help(format!("one of: {known}")),
    );
}
