//! The request of a class, as its client sends it.

use crate::config::decode::Located;
use crate::config::scenario::RequestFile;
use crate::data_plane::{HeaderMap, Request, UNIQUE};
use crate::diagnostic::{Diagnostic, Diagnostics, Place};
use crate::topology::Topology;

/// The request of a class and the port that its client dials, if the request says so.
pub(super) struct Resolved {
    pub(super) request: Request,
    pub(super) port: Option<u32>,
}

/// Resolves a request; without one it is `GET /` for an empty host.
pub(super) fn resolve(
    file: Option<&RequestFile>,
    class: Place,
    topology: &Topology,
    problems: &mut Diagnostics,
) -> Resolved {
    let Some(file) = file else {
        let message = "this class has no request";
        let help = "write `request: {host: example.com, path: /}`";
        problems.push(Diagnostic::error("missing-field", class, message).help(help));
        return Resolved { request: Request::get("", "/"), port: None };
    };
    let mut request = Request::get("", "/");
    let text = |value: &Option<Located<String>>| value.as_ref().map(|text| text.value.clone());
    if let Some(url) = &file.url {
        match split_url(&url.value) {
            Some((scheme, authority, path)) => {
                (request.scheme, request.authority, request.path) = (scheme, authority, path);
            }
            None => {
                let message = format!("`{}` is no address such as http://mocka:8000/", url.value);
                problems.push(Diagnostic::error("invalid-url", url.place, message));
            }
        }
        for other in [&file.host, &file.path, &file.scheme].into_iter().flatten() {
            let message = "`url` already says this";
            problems.push(Diagnostic::error("contradiction", other.place, message));
        }
    }
    request.authority = text(&file.host).unwrap_or(request.authority);
    request.path = text(&file.path).unwrap_or(request.path);
    request.scheme = text(&file.scheme).unwrap_or(request.scheme);
    request.method = text(&file.method).unwrap_or(request.method);
    check(file, &request, problems);
    request.headers = headers(file);
    if let Some(user) = &file.signed_in {
        let mut cookies = topology.apps.iter().flat_map(|app| &app.base.from_cookie);
        let name = cookies.next().map_or("session", |(_, cookie)| cookie.as_str());
        request.headers.append("cookie", format!("{name}={}", user.value));
    }
    request.claims = file.claims.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
    request.claims.sort();
    let port = port_of(&request);
    Resolved { request, port }
}

fn check(file: &RequestFile, request: &Request, problems: &mut Diagnostics) {
    let place = |value: &Option<Located<String>>| {
        value.as_ref().or(file.url.as_ref()).map_or(file.place, |text| text.place)
    };
    if request.authority.is_empty() {
        let message = "this request has no host";
        let help = "write `host: example.com` or `url: http://example.com/`";
        problems.push(Diagnostic::error("missing-field", file.place, message).help(help));
    }
    if !request.path.starts_with('/') && request.path != "*" {
        let message = format!("the path `{}` does not begin with `/`", request.path);
        problems.push(Diagnostic::error("invalid-path", place(&file.path), message));
    }
    if !matches!(request.scheme.as_str(), "http" | "https") {
        let message = format!("`{}` is no scheme", request.scheme);
        let help = "one of: http, https";
        problems.push(Diagnostic::error("unknown-word", place(&file.scheme), message).help(help));
    }
    let is_token = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
    if !is_token(&request.method) {
        let message = format!("`{}` is no method", request.method);
        problems.push(Diagnostic::error("invalid-method", place(&file.method), message));
    }
    for (name, _) in file.headers.iter().filter(|(name, _)| !is_header_name(&name.value)) {
        let message = format!("`{}` is no name of a header", name.value);
        problems.push(Diagnostic::error("invalid-header", name.place, message));
    }
}

fn is_header_name(name: &str) -> bool {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(token)
}

/// Header lines; `Host` belongs to the request line and is left out.
fn headers(file: &RequestFile) -> HeaderMap {
    let lines = file.headers.iter().flat_map(|(name, values)| {
        values.0.iter().map(move |value| (name.value.as_str(), value.replace("${unique}", UNIQUE)))
    });
    HeaderMap::decode(lines)
}

fn split_url(url: &str) -> Option<(String, String, String)> {
    let (scheme, rest) = url.split_once("://")?;
    let at = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(at);
    let path = if path.is_empty() { "/" } else { path };
    let known = matches!(scheme, "http" | "https") && !authority.is_empty();
    known.then(|| (scheme.to_owned(), authority.to_owned(), path.to_owned()))
}

/// The port in the host, else that of the scheme for an address in full.
fn port_of(request: &Request) -> Option<u32> {
    let (host, port) = request.authority.rsplit_once(':')?;
    let is_port =
        !port.is_empty() && !host.ends_with(':') && port.bytes().all(|b| b.is_ascii_digit());
    is_port.then(|| port.parse().ok()).flatten()
}
