//! IST0149: rules that ask for token claims where nothing checks tokens.

use crate::config::decode::Located;
use crate::config::istio::virtual_service::VirtualService;
use crate::control_plane::lint::{Finding, Subject, catalog, name_of};
use crate::control_plane::routes::claim;

/// Looks for claims; a `RequestAuthentication` anywhere in the files silences it, as it is not read.
pub(super) fn findings(subject: &Subject<'_>) -> Vec<Finding> {
    let skipped = &subject.resources.skipped;
    if skipped.keys().any(|kind| kind.ends_with(" RequestAuthentication")) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for object in &subject.resources.virtual_services {
        let Some(key) = first_claim(&object.spec) else { continue };
        let message = format!("no RequestAuthentication makes `{}` known", key.value);
        let code = &catalog::CLAIMS_WITHOUT_TOKEN;
        found.push(
            Finding::new(code, name_of(object), key.place, message).help(
                "until a RequestAuthentication selects the gateway, no request has the claim",
            ),
        );
    }
    found
}

fn first_claim(spec: &VirtualService) -> Option<&Located<String>> {
    let matches = spec.http.iter().flat_map(|rule| &rule.matches);
    let mut keys = matches.flat_map(|condition| {
        condition.headers.iter().chain(condition.without_headers.iter()).map(|(name, _)| name)
    });
    keys.find(|name| claim(&name.value).is_some())
}
