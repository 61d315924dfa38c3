//! Route tables.

use lanecast::data_plane::{Edge, PathNormalization, Route, RouteTable, VirtualHost};
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;

use super::{action, matcher, one_of, ops};

/// A table and the listener that it stands behind.
#[derive(Clone, Debug)]
pub(crate) struct Drawn {
    pub(crate) edge: Edge,
    pub(crate) option: PathNormalization,
    pub(crate) table: RouteTable,
}

/// Names, wildcards, and spellings that only differ in case.
const DOMAINS: [&str; 16] = [
    "shop.test",
    "a.shop.test",
    "SHOP.Test",
    "shop",
    "cart",
    "10.0.0.1",
    "[::1]",
    "*.shop.test",
    "*.test",
    "*shop.test",
    "*-v2.test",
    "shop.*",
    "a.*",
    "cart-*",
    "*",
    "*",
];

/// A table behind a listener.
pub(crate) fn drawn() -> impl Strategy<Value = Drawn> {
    let edge = prop_oneof![
        4 => Just(Edge::Inside),
        2 => Just(Edge::Gateway { tls: false }),
        1 => Just(Edge::Gateway { tls: true }),
    ];
    let option = prop_oneof![
        4 => Just(PathNormalization::Base),
        1 => Just(PathNormalization::None),
        1 => Just(PathNormalization::MergeSlashes),
        1 => Just(PathNormalization::DecodeAndMergeSlashes),
    ];
    (edge, option, vec(virtual_host(), 1..5)).prop_map(|(edge, option, mut hosts)| {
        for (index, host) in hosts.iter_mut().enumerate() {
            host.name = format!("host{index}");
        }
        Drawn { edge, option, table: RouteTable::new("table", hosts) }
    })
}

fn virtual_host() -> impl Strategy<Value = VirtualHost> {
    let domains = vec(one_of(&DOMAINS), 1..4);
    let redirects = proptest::bool::weighted(0.06);
    (domains, vec(route(), 0..6), redirects).prop_map(|(domains, routes, https_redirect)| {
        VirtualHost { name: String::new(), domains, routes, https_redirect }
    })
}

fn route() -> impl Strategy<Value = Route> {
    let name = select(&["", "canary", "main"][..]).prop_map(str::to_owned);
    let action = action::action();
    let fault = weighted(0.08, action::fault());
    let cors = weighted(0.15, action::cors());
    (name, matcher::matcher(), action, fault, cors, ops::response()).prop_map(
        |(name, matcher, action, fault, cors, response_ops)| Route {
            name,
            source: None,
            matcher,
            action,
            fault,
            cors,
            response_ops,
        },
    )
}
