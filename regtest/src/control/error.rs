//! Refusals: a status and `{"error": "..."}`.

use axum::Json;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::chain::FundError;
use crate::peer::PeerError;
use crate::world::{ClientError, WorldError};

/// What is answered instead of a result.
#[derive(Debug)]
pub(super) struct ControlError {
    status: StatusCode,
    message: String,
}

impl ControlError {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        ControlError {
            status,
            message: message.into(),
        }
    }

    pub(super) fn bad_input(message: impl Into<String>) -> Self {
        ControlError::new(StatusCode::BAD_REQUEST, message)
    }
}

impl IntoResponse for ControlError {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": self.message }))).into_response()
    }
}

impl From<PeerError> for ControlError {
    fn from(error: PeerError) -> Self {
        let status = match &error {
            PeerError::Invalid(_) => StatusCode::BAD_REQUEST,
            PeerError::NotHeld => StatusCode::NOT_FOUND,
            PeerError::PaymentFailed(_) | PeerError::ChannelRefused(_) => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            PeerError::Stopped(_) => StatusCode::SERVICE_UNAVAILABLE,
            PeerError::TimedOut(_) => StatusCode::GATEWAY_TIMEOUT,
            PeerError::Node { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            PeerError::Build { .. }
            | PeerError::Store(_)
            | PeerError::Io(_)
            | PeerError::Panicked(_)
            | PeerError::Randomness(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        ControlError::new(status, error.to_string())
    }
}

impl From<WorldError> for ControlError {
    fn from(error: WorldError) -> Self {
        let status = match error {
            WorldError::Peer(error) => return error.into(),
            WorldError::Till(error) => return error.into(),
            WorldError::Invalid(_)
            | WorldError::Reorg(_)
            | WorldError::Fund(FundError::Rejected(_)) => StatusCode::BAD_REQUEST,
            WorldError::Fund(FundError::Insufficient { .. }) => StatusCode::UNPROCESSABLE_ENTITY,
            WorldError::Elsewhere(_) => StatusCode::CONFLICT,
            WorldError::EsploraStopped => StatusCode::SERVICE_UNAVAILABLE,
            WorldError::TimedOut(_) | WorldError::NotReady { .. } => StatusCode::GATEWAY_TIMEOUT,
            WorldError::Exited { .. }
            | WorldError::Bitcoind(_)
            | WorldError::Electrum(_)
            | WorldError::Mine(_) => StatusCode::BAD_GATEWAY,
            WorldError::Process { .. }
            | WorldError::Interrupted
            | WorldError::Chain(_)
            | WorldError::Folder { .. }
            | WorldError::Resume { .. }
            | WorldError::Port(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        ControlError::new(status, error.to_string())
    }
}

impl From<ClientError> for ControlError {
    fn from(error: ClientError) -> Self {
        let refused = error
            .status()
            .is_some_and(|status| status.is_client_error());
        let status = if refused {
            StatusCode::UNPROCESSABLE_ENTITY
        } else {
            StatusCode::BAD_GATEWAY
        };
        ControlError::new(status, format!("the till: {error}"))
    }
}

pub(super) async fn no_route(uri: Uri) -> ControlError {
    ControlError::new(
        StatusCode::NOT_FOUND,
        format!("no such call: {}", uri.path()),
    )
}

pub(super) async fn wrong_method(method: Method, uri: Uri) -> ControlError {
    let message = format!("{} does not answer {method}", uri.path());
    ControlError::new(StatusCode::METHOD_NOT_ALLOWED, message)
}
