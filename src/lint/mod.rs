//! What [`crate::control_plane::lint`] finds, as text, JSON and SARIF: pure functions to text.

mod json;
mod sarif;
mod text;

pub use json::json;
pub use sarif::sarif;
pub use text::text;
