//! A till display: a client of the WebSocket that remembers what it saw.

use std::time::Duration;

use futures_util::StreamExt as _;
use serde_json::Value;
use till_regtest::wait;
use till_regtest::world::TillClient;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// An event comes within this time, or it is lost.
const LIMIT: Duration = Duration::from_secs(60);

pub struct Display {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// The last event seen.
    pub last_event_id: u64,
}

impl Display {
    pub async fn connect(client: &TillClient, since: Option<u64>) -> Self {
        let query = since.map(|id| format!("?since={id}")).unwrap_or_default();
        let url = format!("{}/ws/payments{query}", client.url()).replacen("http", "ws", 1);
        let mut request = url.into_client_request().unwrap();
        let cookies = client.cookie_header().unwrap_or_default();
        request
            .headers_mut()
            .insert("cookie", cookies.parse().unwrap());
        let (stream, _) = connect_async(request).await.unwrap();
        let mut display = Self {
            stream,
            last_event_id: since.unwrap_or(0),
        };
        let greeting = display.message().await;
        assert_eq!(greeting, serde_json::json!({ "type": "connected" }));
        display
    }

    async fn message(&mut self) -> Value {
        loop {
            let next = wait::within("a message on the WebSocket", LIMIT, self.stream.next()).await;
            match next.unwrap().expect("the WebSocket was closed").unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) | Message::Pong(_) | Message::Binary(_) | Message::Frame(_) => {}
                Message::Close(frame) => panic!("the till closed the WebSocket: {frame:?}"),
            }
        }
    }

    /// How the till ends it: the next thing that it says.
    pub async fn goodbye(&mut self) -> Option<(u16, String)> {
        loop {
            let next = wait::within("the end of the WebSocket", LIMIT, self.stream.next()).await;
            match next.unwrap()?.ok()? {
                Message::Close(frame) => {
                    return frame.map(|it| (it.code.into(), it.reason.to_string()));
                }
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
                told @ (Message::Text(_) | Message::Binary(_)) => panic!("it says {told:?}"),
            }
        }
    }

    /// The next event; ids only ever grow.
    pub async fn next(&mut self) -> Value {
        let event = self.message().await;
        let id = event["eventId"].as_u64().unwrap();
        assert!(
            id > self.last_event_id,
            "event {id} after {}",
            self.last_event_id
        );
        self.last_event_id = id;
        event
    }

    /// The next event of this type; others are passed over.
    pub async fn next_of(&mut self, kind: &str) -> Value {
        loop {
            let event = self.next().await;
            if event["type"] == kind {
                return event;
            }
        }
    }
}
