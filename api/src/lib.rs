//! x
pub mod http;
pub mod pos;
