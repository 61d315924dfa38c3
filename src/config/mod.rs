//! YAML text to typed resources: the only room that knows files' formats.
//!
//! [`yaml`] turns text into nodes with places, [`decode`] nodes into records, [`resources`] documents
//! into objects. One file per kind (or family of kinds) mirrors the schema field by field. What an object
//! *means* is decided in the control plane.

pub mod app;
pub mod asm;
pub mod decode;
pub mod gateway_api;
pub mod istio;
pub mod kubernetes;
pub mod node;
pub mod object;
pub mod progressive;
pub mod resources;
pub mod scenario;
pub mod topology;
pub mod yaml;
