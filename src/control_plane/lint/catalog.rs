//! The codes: what each finding is called, how much it matters, what it means.
//!
//! `IST` codes are those of Istio's analyzers, with their names and grades (12b of the routing spec). The
//! kebab-case ones are our own: they need a proxy that is asked, but for those about lanes.

use crate::diagnostic::Severity;

/// A kind of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// `IST0101`, or a kebab-case word.
    pub code: &'static str,
    /// Name, as Istio's messages have it.
    pub name: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What it means, in one or two sentences.
    pub about: &'static str,
}

const fn code(
    code: &'static str,
    name: &'static str,
    severity: Severity,
    about: &'static str,
) -> Code {
    Code { code, name, severity, about }
}

macro_rules! catalog {
    ($( $constant:ident = $code:literal $name:literal $severity:ident $about:literal; )*) => {
        $(
            #[doc = $about]
            pub static $constant: Code = code($code, $name, Severity::$severity, $about);
        )*

        /// All codes: Istio's by number, then our own.
        pub static ALL: &[&Code] = &[$( &$constant ),*];
    };
}

catalog! {
    DEPRECATED = "IST0002" "Deprecated" Warning
        "A feature that the object uses is deprecated or ignored.";
    NOT_FOUND = "IST0101" "ReferencedResourceNotFound" Error
        "A gateway, host, port, subset or workload that the object names does not exist.";
    SCHEMA_ERROR = "IST0106" "SchemaValidationError" Error
        "The object does not pass the schema or the admission check, so the control plane refuses it.";
    CONFLICTING_HOSTS = "IST0109" "ConflictingMeshGatewayVirtualServiceHosts" Error
        "Two VirtualServices of the mesh have the same host; sidecars use one of them and drop the other.";
    CONFLICTING_SIDECARS = "IST0110" "ConflictingSidecarWorkloadSelectors" Error
        "Two Sidecars select the same workload; only the oldest one applies.";
    SEVERAL_SIDECARS = "IST0111" "MultipleSidecarsWithoutWorkloadSelectors" Error
        "Two Sidecars of a namespace have no selector; only the oldest one applies.";
    PORT_REQUIRED = "IST0112" "VirtualServiceDestinationPortSelectorRequired" Error
        "The destination has several ports and the rule names none.";
    SEVERAL_SERVICES = "IST0116" "DeploymentAssociatedToMultipleServices" Warning
        "Services of one Deployment use a port number with different protocols.";
    PORT_NAME = "IST0118" "PortNameIsNotUnderNamingConvention" Note
        "The name of the port says no protocol, so it is detected connection by connection.";
    NO_CA = "IST0128" "NoServerCertificateVerificationDestinationLevel" Warning
        "TLS to the service without caCertificates: the server is not verified.";
    NO_CA_PORT = "IST0129" "NoServerCertificateVerificationPortLevel" Warning
        "TLS to a port of the service without caCertificates: the server is not verified.";
    UNREACHABLE = "IST0130" "VirtualServiceUnreachableRule" Warning
        "A rule is never used because earlier ones have the same matches or none.";
    INEFFECTIVE = "IST0131" "VirtualServiceIneffectiveMatch" Note
        "A match repeats an earlier one or lies under its prefix.";
    NOT_IN_GATEWAY = "IST0132" "VirtualServiceHostNotFoundInGateway" Warning
        "No host of the VirtualService is served by the gateway that it names.";
    SCHEMA_WARNING = "IST0133" "SchemaWarning" Warning
        "The admission check accepts the object with a warning.";
    ADDRESSES_REQUIRED = "IST0134" "ServiceEntryAddressesRequired" Warning
        "A TCP port of a ServiceEntry without addresses takes every connection to that port.";
    CONFLICTING_PORTS = "IST0137" "DeploymentConflictingPorts" Warning
        "Services of one Deployment lead different ports to one targetPort.";
    DUPLICATE_CERTIFICATE = "IST0138" "GatewayDuplicateCertificate" Warning
        "Two Gateways share a certificate: browsers reuse HTTP/2 connections and meet 404.";
    INGRESS_NOT_AFFECTED = "IST0140" "IngressRouteRulesNotAffected" Warning
        "A gateway sends straight to a service whose subsets are chosen by a rule that gateways never see.";
    CONFLICTING_GATEWAYS = "IST0145" "ConflictingGateways" Error
        "Two Gateways claim one host on one port of the same workloads.";
    CLAIMS_WITHOUT_TOKEN = "IST0149" "JwtClaimBasedRoutingWithoutRequestAuthN" Error
        "A rule asks for token claims, but nothing at the gateway checks tokens, so it never matches.";
    EXTERNAL_NAME_PORT = "IST0150" "ExternalNameServiceTypeInvalidPortName" Warning
        "A port of an ExternalName Service is TCP: it takes traffic that it is not meant for.";
    PORT_NOT_EXPOSED = "IST0162" "GatewayPortNotDefinedOnService" Warning
        "The gateway listens on a port that no Service of its workloads exposes.";
    INTERNAL_GATEWAY = "IST0165" "ReferencedInternalGateway" Warning
        "A VirtualService names a gateway that the control plane generated itself.";
    INEFFECTIVE_POLICY = "IST0167" "IneffectivePolicy" Warning
        "The object is for workloads without sidecar and does nothing.";
    SUBSET_WITHOUT_PODS = "IST0173" "DestinationRuleSubsetNotSelectPods" Error
        "No pod carries the labels of the subset: requests to it are answered 503 UH.";
    UNKNOWN_RULE_HOST = "IST0174" "UnknownDestinationRuleHost" Warning
        "No service has the host of the DestinationRule, so the rule does nothing.";
    CONFLICTING_ENTRIES = "IST0177" "ConflictingServiceEntryProtocol" Warning
        "ServiceEntries give one port of one host different protocols.";
    LANE_ERROR = "lane-error" "LaneError" Error
        "A lane group, a lane or a traffic label cannot work as it is written.";
    LANE_WARNING = "lane-warning" "LaneWarning" Warning
        "A lane group, a lane or a traffic label probably does not do what is meant.";
    UNREACHABLE_RULE = "unreachable-rule" "UnreachableRule" Warning
        "Every request that the rule asks for is taken by an earlier rule.";
    UNREACHABLE_MATCH = "unreachable-match" "UnreachableMatch" Warning
        "Every request that the match asks for is taken by an earlier rule; other matches of its rule are reached.";
    SHARE_TO_503 = "share-to-503" "ShareTo503" Warning
        "A share of the requests goes to a cluster that does not exist (NC) or has no endpoint (UH).";
    MESH_ONLY_RULE = "mesh-only-rule" "MeshOnlyRule" Note
        "A rule of the mesh that traffic from a gateway never meets: gateways send straight to the endpoints.";
    ORDER_BY_NAME = "order-depends-on-names" "OrderDependsOnNames" Warning
        "Two objects of the same age want the same request, and only their names decide.";
    DOTTED_SHORT_NAME = "dotted-short-name" "DottedShortName" Warning
        "A host such as `reviews.prod` is no short form of a service: only names without a dot are expanded.";
    NO_DEFAULT_ROUTE = "no-default-route" "NoDefaultRoute" Note
        "Every rule has conditions; what none of them takes is answered 404.";
    WEIGHTS_NOT_100 = "weights-not-100" "WeightsNot100" Note
        "Weights are relative; these do not add up to 100, so the shares are not what is written.";
    MISSING_WEIGHT = "missing-weight" "MissingWeight" Warning
        "A destination without weight beside weighted ones gets no traffic.";
    FAULT_NEVER = "fault-never-fires" "FaultNeverFires" Warning
        "A fault without percentage hits no request.";
    DOUBLE_SLASH = "rewrite-double-slash" "RewriteDoubleSlash" Warning
        "The rewrite cuts the prefix but leaves its slash, so the application gets `//`.";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_findings_share_a_code_or_a_name() {
        let codes: BTreeSet<&str> = ALL.iter().map(|code| code.code).collect();
        let names: BTreeSet<&str> = ALL.iter().map(|code| code.name).collect();
        assert_eq!((codes.len(), names.len()), (ALL.len(), ALL.len()));
        for code in ALL {
            assert!(code.about.ends_with('.'), "{}", code.code);
            let own = !code.code.starts_with("IST");
            let kebab =
                code.code.chars().all(|c| c.is_ascii_lowercase() || c == '-' || c.is_ascii_digit());
            assert_eq!(own, kebab, "{}", code.code);
        }
    }
}
