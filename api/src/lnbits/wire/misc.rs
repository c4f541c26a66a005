//! The till's health and version.

use serde::Serialize;

/// `GET /health`
#[derive(Serialize)]
pub(crate) struct Health {
    /// Unix seconds.
    pub(crate) server_time: u64,
    /// Hours, minutes and seconds.
    pub(crate) up_time: String,
}

/// `GET /status`
#[derive(Serialize)]
pub(crate) struct ServerStatus {
    #[serde(flatten)]
    pub(crate) health: Health,
    pub(crate) up_time_seconds: u64,
    /// The till's own, not that of an LNbits.
    pub(crate) version: &'static str,
}
