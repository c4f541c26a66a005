//! Asking a running till at its door. Owns the request; there is no limit on how long the answer may
//! take, because an audit takes as long as the books are thick.

use std::path::{Path, PathBuf};

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;

use crate::serve::control::wire::Refused;
use crate::serve::control::{ControlFile, FILE_NAME};

/// The longest report that is read: a thousand differences have room in it.
const MAX_REPORT_BYTES: usize = 16 * 1024 * 1024;

#[derive(Debug, thiserror::Error)]
pub(super) enum AskError {
    #[error(
        "{} cannot be read ({source}): it is there once the till has started, for its own user", .path.display()
    )]
    File {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("{0}")]
    Http(#[from] hyper::Error),
    #[error("{0}")]
    Request(#[from] axum::http::Error),
    #[error("its answer is not complete: {0}")]
    Body(Box<dyn std::error::Error + Send + Sync>),
    #[error("its answer is no report: {0}")]
    Json(#[from] serde_json::Error),
    #[error("{0}")]
    Refused(String),
}

/// Puts `question` to the till that serves from `data_dir`.
pub(super) fn ask<T: DeserializeOwned>(
    data_dir: &Path,
    path: &'static str,
    question: String,
) -> Result<T, AskError> {
    let file = data_dir.join(FILE_NAME);
    let control = ControlFile::read(&file);
    let control = control.map_err(|source| AskError::File { path: file, source })?;
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build()?;
    runtime.block_on(request(control, path, question))
}

async fn request<T: DeserializeOwned>(
    control: ControlFile,
    path: &str,
    question: String,
) -> Result<T, AskError> {
    let stream = TcpStream::connect(("127.0.0.1", control.port)).await?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let request = Request::post(path)
        .header(header::HOST, "localhost")
        .header(header::AUTHORIZATION, format!("Bearer {}", control.token))
        .body(Body::from(question))?;
    let answer = sender.send_request(request).await?;
    let status = answer.status();
    let body = Limited::new(answer.into_body(), MAX_REPORT_BYTES);
    let body = body.collect().await.map_err(AskError::Body)?.to_bytes();
    connection.abort();
    if status == StatusCode::OK {
        return Ok(serde_json::from_slice(&body)?);
    }
    let refused = serde_json::from_slice::<Refused>(&body)?;
    Err(AskError::Refused(refused.error))
}
