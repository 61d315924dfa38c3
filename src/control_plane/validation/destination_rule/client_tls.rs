//! TLS to a service.

use super::super::report::{Report as _, filled};
use crate::config::decode::Located;
use crate::config::istio::destination_rule::{ClientTls, ClientTlsMode};
use crate::diagnostic::Diagnostics;

/// Checks the TLS settings of a `DestinationRule` of a namespace.
pub(super) fn check(tls: &ClientTls, namespace: &str, problems: &mut Diagnostics) {
    let mode = tls.mode.as_ref().map_or(ClientTlsMode::Disable, |mode| mode.value);
    let credential = filled(tls.credential_name.as_ref());
    if let Some(credential) = credential {
        check_config_map(credential, namespace, problems);
    }
    if !matches!(mode, ClientTlsMode::Simple | ClientTlsMode::Mutual) {
        return;
    }
    if tls.insecure_skip_verify == Some(true) {
        check_unverified(tls, mode, problems);
    }
    let files = [
        ("clientCertificate", filled(tls.client_certificate.as_ref())),
        ("privateKey", filled(tls.private_key.as_ref())),
        ("caCertificates", filled(tls.ca_certificates.as_ref())),
        ("caCrl", filled(tls.ca_crl.as_ref())),
    ];
    if credential.is_some() {
        for (name, file) in files.iter().filter_map(|(name, file)| Some((name, (*file)?))) {
            let message = format!("`{name}` cannot stand beside `credentialName`");
            problems.refuse("exclusive-fields", file.place, message);
        }
    } else if mode == ClientTlsMode::Mutual {
        for (name, file) in &files[..2] {
            if file.is_none() {
                let message = format!("mutual TLS needs `{name}`");
                problems.refuse_with(
                    "missing-certificate",
                    tls.place,
                    message,
                    "write it, or `credentialName`, or the mode ISTIO_MUTUAL",
                );
            }
        }
    }
}

/// Who does not verify needs nothing to verify with.
fn check_unverified(tls: &ClientTls, mode: ClientTlsMode, problems: &mut Diagnostics) {
    let credential = filled(tls.credential_name.as_ref()).filter(|_| mode == ClientTlsMode::Simple);
    let fields = [
        ("caCertificates", filled(tls.ca_certificates.as_ref())),
        ("credentialName", credential),
        ("subjectAltNames", tls.subject_alt_names.first()),
    ];
    for (name, field) in fields.iter().filter_map(|(name, field)| Some((name, (*field)?))) {
        let message = format!("`{name}` cannot stand beside `insecureSkipVerify: true`");
        problems.refuse("exclusive-fields", field.place, message);
    }
}

/// A `ConfigMap` is named with its namespace, which must be the own one.
fn check_config_map(credential: &Located<String>, namespace: &str, problems: &mut Diagnostics) {
    let Some(name) = credential.value.strip_prefix("configmap://") else { return };
    let mut parts = name.split('/');
    let (found, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    if found != namespace || name.is_empty() {
        let message = format!("`{}` is no ConfigMap of this namespace", credential.value);
        let help = format!("write configmap://{namespace}/NAME");
        problems.refuse_with("invalid-credential", credential.place, message, help);
    }
}
