//! What is asked of an export. What it answers is no JSON; see [`render`](crate::pos::render).

use serde::Deserialize;

/// `POST /wallet/export`
#[derive(Debug, Default, Deserialize)]
pub(crate) struct ExportRequest {
    pub(crate) from: Option<Moment>,
    pub(crate) to: Option<Moment>,
}

/// A moment as callers write it.
#[derive(Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "expected an ISO 8601 date, a date-time, or milliseconds since 1970"
)]
pub(crate) enum Moment {
    Millis(u64),
    Text(String),
}
