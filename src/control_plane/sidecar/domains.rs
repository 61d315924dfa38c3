//! The spellings of a service's name that its virtual host answers to.

use super::super::names::is_address;
use super::super::registry::Service;
use super::super::scope::{Scope, ScopedService};

/// Returns the domains of a service, each with whether it is an expanded form of the full name.
pub(super) fn of_service(
    scope: &Scope<'_>,
    scoped: &ScopedService,
    service: &Service,
) -> Vec<(String, bool)> {
    let mut domains = Vec::new();
    for hostname in std::iter::once(&service.hostname).chain(&scoped.aliases) {
        let hostname = hostname.to_lowercase();
        let forms = alternatives(&hostname, &scope.proxy.namespace, &scope.mesh.config.domain);
        domains.push((hostname, false));
        domains.extend(forms.into_iter().map(|form| (form, true)));
    }
    if service.is_headless() {
        let below: Vec<_> =
            domains.iter().map(|(domain, expanded)| (format!("*.{domain}"), *expanded)).collect();
        domains.extend(below);
    }
    domains.extend(service.addresses.iter().map(|address| (bracketed(address), false)));
    domains
}

/// The trailing-dot form, and for `name.namespace.svc.<domain>` the shorter ones; the bare name only for
/// clients of the namespace.
fn alternatives(hostname: &str, client: &str, domain: &str) -> Vec<String> {
    let mut forms = Vec::new();
    if !is_address(hostname) {
        forms.push(format!("{hostname}."));
    }
    let suffix = format!("svc.{domain}");
    let Some(at) = hostname.find(".svc.").filter(|_| hostname.ends_with(&suffix)) else {
        return forms;
    };
    let short = &hostname[..at];
    if let Some((name, namespace)) = short.split_once('.') {
        if namespace == client {
            forms.push(name.to_owned());
        }
        forms.push(short.to_owned());
        forms.push(format!("{short}.svc"));
    }
    forms
}

fn bracketed(address: &str) -> String {
    if address.contains(':') && !address.starts_with('[') {
        return format!("[{address}]");
    }
    address.to_owned()
}

#[cfg(test)]
mod tests {
    use super::alternatives;

    #[test]
    fn only_kubernetes_names_have_short_forms() {
        assert_eq!(
            alternatives("a.shop.svc.cluster.local", "shop", "cluster.local"),
            ["a.shop.svc.cluster.local.", "a", "a.shop", "a.shop.svc"]
        );
        assert_eq!(
            alternatives("a.shop.svc.cluster.local", "bank", "cluster.local"),
            ["a.shop.svc.cluster.local.", "a.shop", "a.shop.svc"]
        );
        assert_eq!(alternatives("api.example", "shop", "cluster.local"), ["api.example."]);
        assert_eq!(alternatives("*.example", "shop", "cluster.local"), ["*.example."]);
        assert_eq!(alternatives("10.0.0.1", "shop", "cluster.local"), [""; 0]);
    }
}
