//! The way of one request through one proxy: connection manager, route table, filters, answer.

use super::headers::HeaderMap;
use super::mutation::Context;
use super::path::PathNormalization;
use super::policy::Cors;
use super::request::{EarlyReply, Edge, Request};
use super::route::{DirectResponse, Forward, Route, RouteAction};
use super::table::{RouteTable, Selection, VirtualHost};

/// What a proxy does with a request, chance aside: splits, faults and mirrors are drawn later.
#[derive(Clone, Copy, Debug)]
pub enum Decision<'t> {
    /// Answered before any route was looked at.
    Early(EarlyReply),
    /// 404 with flag NR; without a virtual host no host had the name.
    NoRoute(Option<&'t VirtualHost>),
    /// 301 to https for every plain request of the host (R-052).
    HttpsRedirect(&'t VirtualHost),
    /// A cross-origin preflight that the proxy answers 200 itself (R-158).
    Preflight(&'t VirtualHost, &'t Route, &'t Cors),
    /// A redirect of the route.
    Redirect(&'t VirtualHost, &'t Route, &'t super::rewrite::Redirect),
    /// A direct response of the route.
    Direct(&'t VirtualHost, &'t Route, &'t DirectResponse),
    /// The request is sent on.
    Forward(&'t VirtualHost, &'t Route, &'t Forward),
}

/// Decides what happens to a request that a proxy has received, see [`Request::received`].
#[must_use]
pub fn decide<'t>(table: &'t RouteTable, received: &Request) -> Decision<'t> {
    let (host, route) = match table.select(received) {
        Selection::NoVirtualHost => return Decision::NoRoute(None),
        Selection::NoRoute(host) => return Decision::NoRoute(Some(host)),
        Selection::HttpsRedirect(host) => return Decision::HttpsRedirect(host),
        Selection::Route(host, route) => (host, route),
    };
    match &route.action {
        // The CORS filter passes over routes that do not forward (R-158).
        RouteAction::Redirect(redirect) => Decision::Redirect(host, route, redirect),
        RouteAction::Direct(direct) => Decision::Direct(host, route, direct),
        RouteAction::Forward(forward) => match &route.cors {
            Some(cors) if answers_preflight(cors, received) => {
                Decision::Preflight(host, route, cors)
            }
            _ => Decision::Forward(host, route, forward),
        },
    }
}

/// Receives a request and decides, in one step.
#[must_use]
pub fn route<'t>(
    table: &'t RouteTable,
    request: &Request,
    edge: Edge,
    option: PathNormalization,
) -> (Decision<'t>, Option<Request>) {
    match request.received(edge, option) {
        Ok(received) => (decide(table, &received), Some(received)),
        Err(reply) => (Decision::Early(reply), None),
    }
}

fn answers_preflight(cors: &Cors, request: &Request) -> bool {
    Cors::is_preflight(request)
        && (cors.served_origin(request).is_some() || !cors.forward_unmatched_preflights)
}

impl Route {
    /// Changes the headers of an answer on its way back (R-122): the destination's block, the route's,
    /// then the CORS filter (R-158).
    ///
    /// `request` is the one that was sent on, or the one received if nothing was sent; `upstream_status`
    /// that of the application's answer, `None` if the proxy answers itself; `destination` is the picked
    /// one, if the route forwards. A fault abort passes no CORS filter: `from_fault`.
    pub fn answer(
        &self,
        headers: &mut HeaderMap,
        request: &Request,
        upstream_status: Option<u16>,
        destination: Option<usize>,
        from_fault: bool,
    ) {
        self.answer_sent(headers, request, request, upstream_status, destination, from_fault);
    }

    /// Does the same for a request that was `received` and left as `sent`: the CORS filter looks at it
    /// before the route changes its headers.
    pub fn answer_sent(
        &self,
        headers: &mut HeaderMap,
        received: &Request,
        sent: &Request,
        upstream_status: Option<u16>,
        destination: Option<usize>,
        from_fault: bool,
    ) {
        // The fault filter knows the operations of routes that forward only.
        if from_fault && !matches!(self.action, RouteAction::Forward(_)) {
            return;
        }
        let seen = match &self.action {
            RouteAction::Redirect(redirect) => {
                Some(redirect.seen_by_answer(&self.matcher.path, sent))
            }
            RouteAction::Forward(_) | RouteAction::Direct(_) => None,
        };
        let context = Context { request: seen.as_ref().unwrap_or(sent), status: upstream_status };
        if let RouteAction::Forward(forward) = &self.action
            && let Some(destination) = destination.and_then(|index| forward.destinations.get(index))
        {
            destination.response_ops.apply_to_response(headers, context);
        }
        self.response_ops.apply_to_response(headers, context);
        if let (RouteAction::Forward(_), Some(cors), false) = (&self.action, &self.cors, from_fault)
        {
            cors.answer(headers, received);
        }
    }
}

impl Cors {
    /// Adds the headers of an ordinary cross-origin answer.
    fn answer(&self, headers: &mut HeaderMap, request: &Request) {
        let Some(origin) = self.served_origin(request) else { return };
        headers.set("access-control-allow-origin", origin);
        if self.credentials {
            headers.set("access-control-allow-credentials", "true");
        }
        if !self.expose.is_empty() {
            headers.set("access-control-expose-headers", self.expose.join(","));
        }
    }

    /// Returns the headers of a preflight answer.
    #[must_use]
    pub fn preflight_answer(&self, request: &Request) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let origin = self.served_origin(request);
        if let Some(origin) = origin {
            headers.set("access-control-allow-origin", origin);
        }
        if self.credentials {
            headers.set("access-control-allow-credentials", "true");
        }
        for (name, values, asked) in [
            ("access-control-allow-methods", &self.methods, "access-control-request-method"),
            ("access-control-allow-headers", &self.headers, "access-control-request-headers"),
        ] {
            match values.as_slice() {
                [] => {}
                // `*` is answered with what was asked for.
                [star] if star == "*" => {
                    headers.set(name, request.headers.first(asked).unwrap_or_default());
                }
                values => headers.set(name, values.join(",")),
            }
        }
        if let Some(seconds) = self.max_age {
            headers.set("access-control-max-age", seconds.to_string());
        }
        if origin.is_some() && !self.expose.is_empty() {
            headers.set("access-control-expose-headers", self.expose.join(","));
        }
        headers
    }
}

#[cfg(test)]
mod tests {
    use super::super::matcher::{PathMatcher, RouteMatcher, StringMatcher};
    use super::super::mutation::{HeaderOps, Template};
    use super::super::route::Destination;
    use super::*;

    #[test]
    fn the_cors_filter_sees_the_origin_before_the_route_changes_it() {
        let request_ops = HeaderOps {
            set: vec![("origin".to_owned(), Template::parse("http://b.test"))],
            ..HeaderOps::default()
        };
        let destinations = vec![Destination::new("a", 1)];
        let forward = Forward { destinations, request_ops, ..Forward::default() };
        let action = RouteAction::Forward(Box::new(forward.clone()));
        let mut route = Route::new("r", RouteMatcher::path(PathMatcher::Any), action);
        let origins = vec![StringMatcher::Exact("http://a.test".to_owned())];
        route.cors = Some(Cors { origins, ..Cors::default() });
        let mut received = Request::get("shop", "/");
        received.headers.append("origin", "http://a.test");
        let sent = forward.forwarded(&PathMatcher::Any, 0, &received);
        let mut headers = HeaderMap::new();
        route.answer_sent(&mut headers, &received, &sent, Some(200), Some(0), false);
        assert_eq!(headers.first("access-control-allow-origin"), Some("http://a.test"));
    }
}
