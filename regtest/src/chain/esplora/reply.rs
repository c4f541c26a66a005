//! Answers that are not JSON, errors in Esplora's words, and the parsing of path segments.

use std::str::FromStr;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bitcoin::consensus::Encodable;
use bitcoin::consensus::encode::{serialize, serialize_hex};

use crate::chain::Reject;

/// A refusal with a plain text that clients may read.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    text: String,
}

impl Refusal {
    pub(crate) fn not_found(text: &str) -> Self {
        Refusal {
            status: StatusCode::NOT_FOUND,
            text: text.to_owned(),
        }
    }

    pub(crate) fn bad_request(text: impl Into<String>) -> Self {
        Refusal {
            status: StatusCode::BAD_REQUEST,
            text: text.into(),
        }
    }

    pub(crate) fn block_not_found() -> Self {
        Refusal::not_found("Block not found")
    }

    pub(crate) fn tx_not_found() -> Self {
        Refusal::not_found("Transaction not found")
    }
}

impl From<Reject> for Refusal {
    /// bitcoind's JSON-RPC error the way electrs passes it on.
    fn from(reject: Reject) -> Self {
        let error = serde_json::json!({ "code": reject.rpc_code(), "message": reject.to_string() });
        Refusal::bad_request(format!("sendrawtransaction RPC error: {error}"))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, self.text).into_response()
    }
}

/// What a handler gives.
pub(crate) type Answer<T> = Result<T, Refusal>;

/// Parses a path segment; what cannot be one is a 400, as in electrs.
pub(crate) fn parse<T: FromStr>(segment: &str, what: &str) -> Answer<T> {
    segment
        .parse()
        .map_err(|_| Refusal::bad_request(format!("Invalid {what}")))
}

/// Consensus encoding as bytes.
pub(crate) fn raw<T: Encodable>(item: &T) -> Response {
    (
        [(header::CONTENT_TYPE, "application/octet-stream")],
        serialize(item),
    )
        .into_response()
}

/// Consensus encoding as hexadecimal text.
pub(crate) fn hex<T: Encodable>(item: &T) -> String {
    serialize_hex(item)
}
