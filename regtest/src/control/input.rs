//! Reading requests.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;

use super::error::ControlError;

/// A JSON body. No content type is asked for, so that `curl -d` is enough; an empty body is `{}`.
pub(super) struct Input<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Input<T> {
    type Rejection = ControlError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ControlError> {
        let body = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| ControlError::new(rejection.status(), rejection.body_text()))?;
        let text: &[u8] = if body.trim_ascii().is_empty() {
            b"{}"
        } else {
            &body
        };
        serde_json::from_slice(text)
            .map(Input)
            .map_err(|error| ControlError::bad_input(format!("bad JSON: {error}")))
    }
}

/// An amount in msat; zero is none.
pub(super) fn msat(amount_sat: Option<u64>) -> Result<Option<u64>, ControlError> {
    amount_sat
        .map(|sat| match sat.checked_mul(1000) {
            Some(msat) if msat > 0 => Ok(msat),
            _ => Err(ControlError::bad_input("amountSat is out of range")),
        })
        .transpose()
}
