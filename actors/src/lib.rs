//! Interface skeleton; the real crate replaces it when branches are merged.
#![allow(missing_docs, dead_code, unused_variables, clippy::unimplemented)]
pub mod node;
pub mod service;
pub mod hub;
