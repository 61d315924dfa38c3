//! A summary as text, Markdown, JSON and CSV: pure functions to bytes.

pub mod chart;
pub mod csv;
mod document;
mod json;
mod markdown;
mod style;
mod text;

pub use document::{Align, Document, Section, Table, document};
pub use json::json;
pub use markdown::markdown;
pub(crate) use style::Ink;
pub use style::Style;
pub use text::text;
