//! Istio's Gateway: which hosts a gateway workload serves on which ports.

use std::collections::BTreeMap;

use super::super::decode::{Located, record, words};
use super::Written;

record! {
    /// Servers of gateway workloads.
    pub struct Gateway("Gateway") {
        /// Servers in order.
        "servers" => servers: Vec<Server>,
        /// Labels of the gateway workloads.
        "selector" => selector: BTreeMap<String, String>,
    }
}

record! {
    /// One server.
    pub struct Server("Server") {
        /// Where it listens.
        "port" => port: Option<Port>,
        /// Address it binds to.
        "bind" => bind: Option<Located<String>>,
        /// Hosts it serves, `namespace/host` or `host`.
        "hosts" => hosts: Vec<Located<String>>,
        /// TLS settings.
        "tls" => tls: Option<ServerTls>,
        /// Without effect.
        "defaultEndpoint" => default_endpoint: Option<Located<String>>,
        /// Name.
        "name" => name: Option<Located<String>>,
    }
}

record! {
    /// A port.
    pub struct Port("Port") {
        /// Number.
        "number" => number: Option<Located<u32>>,
        /// Protocol.
        "protocol" => protocol: Option<Located<String>>,
        /// Name.
        "name" => name: Option<Located<String>>,
        /// Not supported.
        "targetPort" => target_port: Option<Located<u32>>,
    }
}

words! {
    /// TLS modes of a server.
    pub enum ServerTlsMode("TLS mode") {
        /// The connection is routed by its server name.
        "PASSTHROUGH" => Passthrough,
        /// Server certificate only.
        "SIMPLE" => Simple,
        /// Both certificates.
        "MUTUAL" => Mutual,
        /// Routed by server name to the service of that name.
        "AUTO_PASSTHROUGH" => AutoPassthrough,
        /// Certificates of the mesh.
        "ISTIO_MUTUAL" => IstioMutual,
        /// A client certificate is checked if there is one.
        "OPTIONAL_MUTUAL" => OptionalMutual,
    }
}

record! {
    /// TLS settings of a server.
    pub struct ServerTls("ServerTLSSettings") {
        /// Whether plain requests are redirected to https.
        "httpsRedirect" => https_redirect: bool,
        /// Mode.
        "mode" => mode: Option<Located<ServerTlsMode>>,
        /// Certificate file.
        "serverCertificate" => server_certificate: Option<Located<String>>,
        /// Key file.
        "privateKey" => private_key: Option<Located<String>>,
        /// Certificates that are trusted.
        "caCertificates" => ca_certificates: Option<Located<String>>,
        /// Revocation list.
        "caCrl" => ca_crl: Option<Located<String>>,
        /// Secret.
        "credentialName" => credential_name: Option<Located<String>>,
        /// Secrets.
        "credentialNames" => credential_names: Vec<Located<String>>,
        /// Where the list of secrets stands, if only an empty one.
        "credentialNames" => written_credential_names: Written,
        /// Secret of the trusted certificates.
        "caCertCredentialName" => ca_cert_credential_name: Option<Located<String>>,
        /// Certificate files.
        "tlsCertificates" => tls_certificates: Vec<TlsCertificate>,
        /// Where the list of certificate files stands, if only an empty one.
        "tlsCertificates" => written_tls_certificates: Written,
        /// Names that clients may have.
        "subjectAltNames" => subject_alt_names: Vec<Located<String>>,
        /// Certificate pins.
        "verifyCertificateSpki" => verify_certificate_spki: Vec<String>,
        /// Certificate pins.
        "verifyCertificateHash" => verify_certificate_hash: Vec<String>,
        /// Oldest protocol.
        "minProtocolVersion" => min_protocol_version: Option<Located<TlsVersion>>,
        /// Newest protocol.
        "maxProtocolVersion" => max_protocol_version: Option<Located<TlsVersion>>,
        /// Ciphers.
        "cipherSuites" => cipher_suites: Vec<Located<String>>,
        /// Whether clients are not checked.
        "insecureSkipVerify" => insecure_skip_verify: Option<bool>,
    }
}

record! {
    /// Certificate files.
    pub struct TlsCertificate("TLSCertificate") {
        /// Certificate.
        "serverCertificate" => server_certificate: Option<Located<String>>,
        /// Key.
        "privateKey" => private_key: Option<Located<String>>,
        /// Trusted certificates.
        "caCertificates" => ca_certificates: Option<Located<String>>,
    }
}

words! {
    /// TLS versions.
    pub enum TlsVersion("TLS version") {
        /// The default.
        "TLS_AUTO" => Auto,
        /// 1.0
        "TLSV1_0" => V1_0,
        /// 1.1
        "TLSV1_1" => V1_1,
        /// 1.2
        "TLSV1_2" => V1_2,
        /// 1.3
        "TLSV1_3" => V1_3,
    }
}
