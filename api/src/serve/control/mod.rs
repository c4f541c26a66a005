//! The door for the operator of a running till: an audit, why a payment is pending, channels, and what is
//! known after a restoration, asked for on loopback with a token that only who may read the data folder has. Owns the port and the
//! file that names it; serves nothing else.

pub(crate) mod channels;
mod file;
mod payment;
pub(crate) mod restoration;
pub(crate) mod wire;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use subtle::ConstantTimeEq as _;
use till_actors::audit::{AuditError, Auditor};
use till_actors::service::Service;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub(crate) use file::{ControlFile, FILE_NAME};

use crate::listen::{self, Patience};
use wire::{AuditWire, Refused};

/// Asks why a payment is pending; the body is its id or hash.
pub(crate) const PAYMENT_PATH: &str = "/payment";
/// Says what became of a payment that a restored till cannot know of; the body is JSON.
pub(crate) const RESOLVE_PATH: &str = "/payment/resolve";
/// Asks what is known of a restoration, and acknowledges it; the body is a question in JSON.
pub(crate) const RESTORATION_PATH: &str = "/restoration";
/// Lists and opens channels; the body is a question in JSON.
pub(crate) const CHANNELS_PATH: &str = "/channels";
/// Asks for an audit.
pub(crate) const AUDIT_PATH: &str = "/audit";
/// The longest question: a peer's id and address, and what is wanted of it.
const MAX_QUESTION_BYTES: usize = 1_024;
/// Random bytes in a token.
const TOKEN_BYTES: usize = 32;

/// An open door. Closed and its file removed when it goes.
pub(super) struct Control {
    path: PathBuf,
    server: JoinHandle<()>,
    /// The server drains when this goes; until then it serves.
    _drain: watch::Sender<bool>,
}

#[derive(Clone)]
struct Door {
    auditor: Auditor,
    service: Service,
    token: Arc<str>,
}

impl Control {
    /// Listens on a free port of 127.0.0.1 and writes down which.
    pub(super) async fn open(
        data_dir: &Path,
        auditor: Auditor,
        service: Service,
    ) -> std::io::Result<Self> {
        let mut token = [0; TOKEN_BYTES];
        getrandom::fill(&mut token).map_err(std::io::Error::other)?;
        let token: Arc<str> = hex::encode(token).into();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let path = data_dir.join(FILE_NAME);
        let written = ControlFile {
            port: listener.local_addr()?.port(),
            token: token.to_string(),
        };
        written.write(&path)?;
        let app = Router::new()
            .route(AUDIT_PATH, post(audit))
            .route(PAYMENT_PATH, post(payment::explain))
            .route(RESOLVE_PATH, post(payment::resolve))
            .route(RESTORATION_PATH, post(restoration::answer))
            .route(CHANNELS_PATH, post(channels::answer))
            .layer(DefaultBodyLimit::max(MAX_QUESTION_BYTES))
            .with_state(Door {
                auditor,
                service,
                token,
            })
            .layer(axum::middleware::from_fn(super::as_periphery));
        let (drain, draining) = watch::channel(false);
        Ok(Self {
            path,
            server: tokio::spawn(listen::serve(listener, app, Patience::default(), draining)),
            _drain: drain,
        })
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        // A file that stays names a port where nobody answers; the next start replaces it.
        let _ = std::fs::remove_file(&self.path);
        // An audit may take longer than anybody wants to wait for a stop; it can be asked for again.
        self.server.abort();
    }
}

async fn audit(State(door): State<Door>, headers: HeaderMap) -> Response {
    if !door.admits(&headers) {
        return refused(StatusCode::UNAUTHORIZED, "wrong token");
    }
    match door.auditor.audit().await {
        Ok(report) => Json(AuditWire::of(&report, true)).into_response(),
        Err(error @ (AuditError::Busy | AuditError::Stopping | AuditError::NoRoom { .. })) => {
            refused(StatusCode::SERVICE_UNAVAILABLE, &error.to_string())
        }
        Err(
            error @ (AuditError::Lock(_)
            | AuditError::NoJournal(_)
            | AuditError::Journal(_)
            | AuditError::CatchUp(_)
            | AuditError::View(_)
            | AuditError::Damaged(_)
            | AuditError::Io(_)
            | AuditError::Failed(_)),
        ) => {
            tracing::error!(%error, "the audit could not be done");
            refused(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string())
        }
    }
}

impl Door {
    fn admits(&self, headers: &HeaderMap) -> bool {
        let given = headers.get(header::AUTHORIZATION);
        let given = given.and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
        given.is_some_and(|given| given.ct_eq(self.token.as_bytes()).into())
    }
}

fn refused(status: StatusCode, error: &str) -> Response {
    let error = error.to_owned();
    (status, Json(Refused { error })).into_response()
}
