//! TLS settings of servers: those of Gateways and of Sidecar listeners.

use std::collections::BTreeSet;

use super::report::{Report as _, exclusive, filled, place_of};
use crate::config::decode::Located;
use crate::config::istio::gateway::{ServerTls, ServerTlsMode, TlsVersion};
use crate::diagnostic::{Diagnostics, Place};

/// The cipher suites that Envoy can be told to use.
const CIPHERS: [&str; 15] = [
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-CHACHA20-POLY1305",
    "ECDHE-ECDSA-AES128-SHA",
    "ECDHE-RSA-AES128-SHA",
    "ECDHE-ECDSA-AES256-SHA",
    "ECDHE-RSA-AES256-SHA",
    "AES128-GCM-SHA256",
    "AES256-GCM-SHA384",
    "AES128-SHA",
    "AES256-SHA",
    "DES-CBC3-SHA",
];

/// The most certificates of a server: one for RSA, one for ECDSA.
const MOST_CERTIFICATES: usize = 2;

/// A field that names a certificate, with its place if it says something.
type Source = (&'static str, Option<Place>);

/// Returns the mode; the first of the enum if none is written.
pub(super) fn mode(tls: &ServerTls) -> ServerTlsMode {
    tls.mode.as_ref().map_or(ServerTlsMode::Passthrough, |mode| mode.value)
}

/// Checks the TLS settings of a server.
pub(super) fn check(tls: &ServerTls, problems: &mut Diagnostics) {
    check_lists(tls, problems);
    check_ciphers(tls, problems);
    match mode(tls) {
        ServerTlsMode::IstioMutual => refuse_sources(tls, problems),
        ServerTlsMode::Passthrough | ServerTlsMode::AutoPassthrough => {
            warn_of_unused(tls, problems);
            check_single_source(tls, problems);
            check_revocation_beside_secret(tls, problems);
        }
        ServerTlsMode::Simple | ServerTlsMode::Mutual | ServerTlsMode::OptionalMutual => {
            check_single_source(tls, problems);
            check_certificates(tls, problems);
        }
    }
}

/// What the schema says of the lists.
fn check_lists(tls: &ServerTls, problems: &mut Diagnostics) {
    let secrets = tls.written_credential_names.0;
    let files = tls.written_tls_certificates.0;
    let secret = place_of(tls.credential_name.as_ref());
    exclusive(&[("credentialName", secret), ("credentialNames", secrets)], problems);
    exclusive(&[("credentialNames", secrets), ("tlsCertificates", files)], problems);
    let lists = [(secrets, tls.credential_names.len()), (files, tls.tls_certificates.len())];
    for (place, length) in lists {
        if let Some(place) = place.filter(|_| !(1..=MOST_CERTIFICATES).contains(&length)) {
            let message = format!("there are {length} entries; one or two are allowed");
            problems.refuse("too-many", place, message);
        }
    }
}

fn check_ciphers(tls: &ServerTls, problems: &mut Diagnostics) {
    let old = tls.min_protocol_version.as_ref();
    let old = old.filter(|version| matches!(version.value, TlsVersion::V1_0 | TlsVersion::V1_1));
    if let Some(version) = old.filter(|_| tls.cipher_suites.is_empty()) {
        problems.warn_with(
            "old-tls-without-ciphers",
            version.place,
            "the default ciphers do not fit versions below TLS 1.2",
            "list fitting ones in `cipherSuites`",
        );
    }
    let mut known = BTreeSet::new();
    for cipher in &tls.cipher_suites {
        if !is_cipher(&cipher.value) {
            let message = format!("`{}` is no cipher suite; it is ignored", cipher.value);
            problems.warn("unknown-cipher", cipher.place, message);
        } else if !known.insert(cipher.value.as_str()) {
            let message = format!("`{}` is listed twice", cipher.value);
            problems.warn("duplicate-cipher", cipher.place, message);
        }
    }
}

/// A name that begins with an operator such as `-` or `+` is not looked into.
fn is_cipher(name: &str) -> bool {
    let is_word = name.bytes().next().is_some_and(|first| char::from(first).is_alphanumeric());
    !is_word || name == "ALL" || CIPHERS.contains(&name)
}

/// The fields that bring certificates.
fn sources(tls: &ServerTls) -> [Source; 6] {
    let text = |text: &Option<Located<String>>| filled(text.as_ref()).map(|text| text.place);
    let some = |written: Option<Place>, is_empty: bool| written.filter(|_| !is_empty);
    [
        ("serverCertificate", text(&tls.server_certificate)),
        ("privateKey", text(&tls.private_key)),
        ("caCertificates", text(&tls.ca_certificates)),
        ("tlsCertificates", some(tls.written_tls_certificates.0, tls.tls_certificates.is_empty())),
        ("credentialName", text(&tls.credential_name)),
        ("credentialNames", some(tls.written_credential_names.0, tls.credential_names.is_empty())),
    ]
}

/// The certificates of the mesh come from Istio.
fn refuse_sources(tls: &ServerTls, problems: &mut Diagnostics) {
    for (name, place) in sources(tls) {
        if let Some(place) = place {
            let message = format!("`{name}` cannot stand beside the mode ISTIO_MUTUAL");
            problems.refuse("exclusive-fields", place, message);
        }
    }
}

fn warn_of_unused(tls: &ServerTls, problems: &mut Diagnostics) {
    let revocation = filled(tls.ca_crl.as_ref()).map(|list| list.place);
    for (name, place) in sources(tls).into_iter().chain([("caCrl", revocation)]) {
        if let Some(place) = place {
            let message = format!("`{name}` is ignored: TLS is passed through in this mode");
            problems.warn("unused-certificate", place, message);
        }
    }
}

/// Certificates come from one source.
fn check_single_source(tls: &ServerTls, problems: &mut Diagnostics) {
    let [certificate, (_, key), _, files, secret, secrets] = sources(tls);
    let pair = ("serverCertificate", certificate.1.and(key));
    let mut present = [pair, secret, secrets, files].into_iter();
    let Some((first, _)) = present.find(|(_, place)| place.is_some()) else { return };
    for (name, place) in present {
        if let Some(place) = place {
            let message = format!("`{name}` cannot stand beside `{first}`: one source is enough");
            problems.refuse("exclusive-fields", place, message);
        }
    }
}

fn check_certificates(tls: &ServerTls, problems: &mut Diagnostics) {
    // Certificates of a secret are looked at when they are used.
    if filled(tls.credential_name.as_ref()).is_some() || !tls.credential_names.is_empty() {
        return;
    }
    let mutual = mode(tls) != ServerTlsMode::Simple;
    if mutual {
        require(tls.ca_certificates.as_ref(), "caCertificates", tls.place, problems);
    }
    if tls.tls_certificates.is_empty() {
        require(tls.server_certificate.as_ref(), "serverCertificate", tls.place, problems);
        require(tls.private_key.as_ref(), "privateKey", tls.place, problems);
    }
    for pair in &tls.tls_certificates {
        require(pair.server_certificate.as_ref(), "serverCertificate", pair.place, problems);
        require(pair.private_key.as_ref(), "privateKey", pair.place, problems);
    }
    if let Some(list) = filled(tls.ca_crl.as_ref()).filter(|_| !mutual) {
        problems.refuse(
            "exclusive-fields",
            list.place,
            "`caCrl` cannot stand beside the mode SIMPLE: clients show no certificate",
        );
    }
}

fn require(text: Option<&Located<String>>, name: &str, place: Place, problems: &mut Diagnostics) {
    if filled(text).is_none() {
        let message = format!("this mode needs `{name}`");
        problems.refuse_with(
            "missing-certificate",
            place_of(text).unwrap_or(place),
            message,
            "write it, or name a secret in `credentialName`",
        );
    }
}

fn check_revocation_beside_secret(tls: &ServerTls, problems: &mut Diagnostics) {
    let secret = filled(tls.credential_name.as_ref());
    if let Some(list) = filled(tls.ca_crl.as_ref()).filter(|_| secret.is_some()) {
        problems.refuse(
            "exclusive-fields",
            list.place,
            "`caCrl` cannot stand beside `credentialName`: the secret holds the list",
        );
    }
}
