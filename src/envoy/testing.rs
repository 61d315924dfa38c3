//! Small tables for the tests of this module.

use crate::data_plane::{
    Destination, Forward, HeaderOps, PathMatcher, Route, RouteAction, RouteMatcher, RouteTable,
    VirtualHost,
};

/// A route `r` that takes every request.
pub(super) fn route(action: RouteAction) -> Route {
    Route {
        name: "r".into(),
        source: None,
        matcher: RouteMatcher::path(PathMatcher::Any),
        action,
        fault: None,
        cors: None,
        response_ops: HeaderOps::default(),
    }
}

/// A table `80` with one host `h` for every name, and one route.
pub(super) fn table(action: RouteAction) -> RouteTable {
    let host = VirtualHost {
        name: "h".into(),
        domains: vec!["*".into()],
        routes: vec![route(action)],
        https_redirect: false,
    };
    RouteTable::new("80", vec![host])
}

/// An action with one destination.
pub(super) fn forwarding_to(cluster: &str, fallback: Option<&str>) -> RouteAction {
    let fallback = fallback.map(str::to_owned);
    let destination = Destination { fallback, ..Destination::new(cluster, 1) };
    RouteAction::Forward(Box::new(Forward {
        destinations: vec![destination],
        ..Forward::default()
    }))
}
