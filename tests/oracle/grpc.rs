//! The proxy's own answers to clients that speak gRPC: status 200, the reason in two headers.

use lanecast::data_plane::HeaderMap;

/// Writes the reason of an answer of its own; a status of gRPC that is there already stays.
pub(crate) fn write_reason(headers: &mut HeaderMap, status: u16, body: &str, head: bool) {
    headers.set("content-type", "application/grpc");
    if !headers.contains("grpc-status") {
        headers.append("grpc-status", grpc_status(status).to_string());
    }
    if !body.is_empty() && !head {
        headers.append("grpc-message", escaped(body));
    }
}

/// The status of gRPC that a status of HTTP stands for.
const fn grpc_status(status: u16) -> u32 {
    match status {
        400 => 13,
        401 => 16,
        403 => 7,
        404 => 12,
        429 | 502 | 503 | 504 => 14,
        _ => 2,
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if matches!(byte, b' '..=b'~') && byte != b'%' {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
