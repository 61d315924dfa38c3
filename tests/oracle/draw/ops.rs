//! Header operations.

use lanecast::data_plane::{HeaderOps, Template};
use proptest::collection::vec;
use proptest::prelude::*;

use super::one_of;

/// Operations on requests.
pub(super) fn request() -> impl Strategy<Value = HeaderOps> {
    let names = one_of(&[
        "x-a",
        "x-b",
        "x-lane",
        "x-new",
        "accept",
        "cookie",
        "user-agent",
        "via",
        "authorization",
        "content-type",
        "x-request-id",
        "x-forwarded-proto",
        "x-forwarded-for",
        "origin",
    ]);
    let values = one_of(&[
        "v1",
        "v2",
        "",
        "a b",
        "100%%",
        "%REQ(x-a)%",
        "%REQ(X-B)%",
        "%REQ(x-a?x-b)%",
        "%REQ(x-gone?:path)%",
        "%REQ(:path)%",
        "%REQ(:authority)%",
        "%REQ(host)%",
        "%REQ(:method)%-%REQ(:scheme)%",
        "%REQ(x-lane):2%",
        "p-%REQ(x-b)%-s",
        "%PROTOCOL%",
        "%REQ(cookie)%",
        "%RESPONSE_CODE%",
        "%RESP(x-app)%",
    ]);
    block(names, values)
}

/// Operations on answers.
pub(super) fn response() -> impl Strategy<Value = HeaderOps> {
    let names = one_of(&[
        "x-app",
        "x-a",
        "x-new",
        "cache-control",
        "via",
        "set-cookie",
        "vary",
        "location",
        "content-type",
        "access-control-allow-origin",
    ]);
    let values = one_of(&[
        "v1",
        "",
        "%RESP(x-app)%",
        "%RESP(x-a?vary)%",
        "%RESP(content-type):4%",
        "%RESPONSE_CODE%",
        "%REQ(x-a)%",
        "%REQ(:path)%",
        "%REQ(:authority)%",
        "c-%RESPONSE_CODE%-%REQ(x-lane)%",
    ]);
    block(names, values)
}

fn block(
    names: impl Strategy<Value = String> + Clone + 'static,
    values: impl Strategy<Value = String> + Clone + 'static,
) -> impl Strategy<Value = HeaderOps> {
    let template = values.prop_map(|text| Template::parse(&text));
    let pairs = vec((names.clone(), template), 0..3);
    let some = (vec(names, 0..2), pairs.clone(), pairs).prop_map(|(remove, set, add)| HeaderOps {
        remove,
        set,
        add,
    });
    prop_oneof![3 => Just(HeaderOps::default()), 2 => some]
}
