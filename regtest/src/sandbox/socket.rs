//! The till's WebSocket, as a till display has it open.

use std::time::Duration;

use futures_util::StreamExt as _;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{self, Message};

use super::timeline::now_ms;
use crate::wait::{self, TimedOut};
use crate::world::TillClient;

/// How long the connection may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// Messages that wait to be looked at.
const MAX_WAITING: usize = 256;

/// The WebSocket did not do what a till display needs.
#[derive(Debug, thiserror::Error)]
pub(super) enum SocketError {
    #[error("the WebSocket cannot be opened: {0}")]
    Connect(#[from] Box<tungstenite::Error>),
    #[error(transparent)]
    TimedOut(#[from] TimedOut),
    #[error("the WebSocket was closed")]
    Closed,
}

/// A message and when it came, in ms since the epoch.
#[derive(Debug)]
pub(super) struct Arrived {
    pub(super) at_ms: u64,
    pub(super) message: Value,
}

/// An open WebSocket.
#[derive(Debug)]
pub(super) struct Socket {
    messages: mpsc::Receiver<Arrived>,
    reader: JoinHandle<()>,
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

impl Socket {
    /// Connects with the client's cookies and waits for the till's greeting.
    pub(super) async fn open(client: &TillClient) -> Result<Self, SocketError> {
        let url = format!("{}/ws/payments", client.url()).replacen("http", "ws", 1);
        let mut request = url.into_client_request().map_err(Box::new)?;
        let cookies = client.cookie_header().unwrap_or_default();
        if let Ok(cookies) = HeaderValue::from_str(&cookies) {
            request.headers_mut().insert("cookie", cookies);
        }
        let connecting = connect_async(request);
        let (mut stream, _response) =
            wait::within("the WebSocket to open", CONNECT_LIMIT, connecting)
                .await?
                .map_err(Box::new)?;
        let (sender, messages) = mpsc::channel(MAX_WAITING);
        let reader = tokio::spawn(async move {
            while let Some(Ok(message)) = stream.next().await {
                let Message::Text(text) = message else {
                    continue;
                };
                let at_ms = now_ms();
                let message = serde_json::from_str(&text).unwrap_or(Value::Null);
                if sender.send(Arrived { at_ms, message }).await.is_err() {
                    return;
                }
            }
        });
        let mut socket = Socket { messages, reader };
        let greeting = |message: &Value| message["type"] == "connected";
        socket
            .until("the WebSocket's greeting", CONNECT_LIMIT, greeting)
            .await?;
        Ok(socket)
    }

    /// Waits for a message; others are passed over.
    pub(super) async fn until(
        &mut self,
        what: &str,
        limit: Duration,
        wanted: impl Fn(&Value) -> bool,
    ) -> Result<Arrived, SocketError> {
        let search = async {
            while let Some(arrived) = self.messages.recv().await {
                if wanted(&arrived.message) {
                    return Ok(arrived);
                }
            }
            Err(SocketError::Closed)
        };
        wait::within(what, limit, search).await?
    }
}
