//! The till's health.

use serde::Serialize;

/// `GET /health`
#[derive(Serialize)]
pub(crate) struct Health {
    /// Unix seconds.
    pub(crate) server_time: u64,
    /// Hours, minutes and seconds.
    pub(crate) up_time: String,
}
