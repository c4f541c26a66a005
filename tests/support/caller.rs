//! An HTTP client as the source documents it: each cookie on a `Cookie` line of its own.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

/// No answer takes longer.
const LIMIT: Duration = Duration::from_secs(20);

/// A status and a JSON body; `null` where the body is none.
pub type Answer = (u16, Value);

/// Somebody with cookies.
#[derive(Debug)]
pub struct Caller {
    base: String,
    http: reqwest::Client,
    cookies: Mutex<BTreeMap<String, String>>,
}

impl Caller {
    /// Somebody without any.
    pub fn new(base: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().timeout(LIMIT).build();
        let http = http.expect("a plain client");
        Self {
            base: base.to_owned(),
            http,
            cookies: Mutex::default(),
        }
    }

    /// The value of a cookie.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .cloned()
    }

    /// Sets a cookie, or takes it away.
    pub fn set_cookie(&self, name: &str, value: Option<&str>) {
        let mut cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        match value {
            Some(value) => cookies.insert(name.to_owned(), value.to_owned()),
            None => cookies.remove(name),
        };
    }

    /// A request with every cookie, not yet sent.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        let cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        cookies.iter().fold(request, |request, (name, value)| {
            request.header("cookie", format!("{name}={value}"))
        })
    }

    /// Sends a request and keeps the cookies of its answer.
    pub async fn send(&self, request: RequestBuilder) -> Response {
        let answer = request.send().await.expect("the till answers");
        for line in answer.headers().get_all("set-cookie") {
            let line = line.to_str().expect("plain text");
            let (name, value) = line
                .split(';')
                .next()
                .and_then(|l| l.split_once('='))
                .expect(line);
            self.set_cookie(name, (!value.is_empty()).then_some(value));
        }
        answer
    }

    /// Posts JSON.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        let answer = self
            .send(self.request(Method::POST, path).json(&body))
            .await;
        read(answer).await
    }

    /// Gets.
    pub async fn get(&self, path: &str) -> Answer {
        read(self.send(self.request(Method::GET, path)).await).await
    }

    /// Opens the WebSocket and reads the greeting.
    ///
    /// # Errors
    /// The status with which the till refused.
    pub async fn socket(&self, query: &str, headers: &[(&str, &str)]) -> Result<Socket, u16> {
        self.upgrade(query, headers, None).await
    }

    /// The same for a client whose system takes no more than so many bytes ahead.
    ///
    /// # Errors
    /// The status with which the till refused.
    pub async fn narrow_socket(&self, query: &str, bytes: u32) -> Result<Socket, u16> {
        self.upgrade(query, &[], Some(bytes)).await
    }

    async fn upgrade(
        &self,
        query: &str,
        headers: &[(&str, &str)],
        ahead_bytes: Option<u32>,
    ) -> Result<Socket, u16> {
        let url = format!("{}/ws/payments{query}", self.base).replacen("http", "ws", 1);
        let mut request = url.into_client_request().expect("a good URL");
        let cookies = self
            .cookies
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        for (name, value) in cookies {
            let line = format!("{name}={value}").parse().expect("a header value");
            request.headers_mut().append("cookie", line);
        }
        for (name, value) in headers {
            let name: tungstenite::http::HeaderName = name.parse().expect("a header name");
            request
                .headers_mut()
                .insert(name, value.parse().expect("a header value"));
        }
        let tcp = TcpSocket::new_v4().expect("a socket");
        if let Some(bytes) = ahead_bytes {
            tcp.set_recv_buffer_size(bytes).expect("a buffer");
        }
        let address = self.base.strip_prefix("http://").expect("plain HTTP");
        let tcp = tcp.connect(address.parse().expect("an address")).await;
        match client_async(request, tcp.expect("a connection")).await {
            Ok((stream, _)) => {
                let mut socket = Socket { stream, pings: 0 };
                assert_eq!(
                    socket.next().await,
                    Some(serde_json::json!({"type": "connected"}))
                );
                Ok(socket)
            }
            Err(tungstenite::Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(error) => panic!("no WebSocket: {error}"),
        }
    }
}

/// Status and body of an answer.
pub async fn read(answer: Response) -> Answer {
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap_or(Value::Null))
}

/// An open WebSocket.
#[derive(Debug)]
pub struct Socket {
    stream: WebSocketStream<TcpStream>,
    /// Pings that have come so far, and were answered.
    pub pings: usize,
}

/// How the till ended a WebSocket: code and reason, if it said goodbye.
pub type Goodbye = Option<(u16, String)>;

impl Socket {
    /// Opens a WebSocket at a path, without a cookie or a word of greeting.
    ///
    /// # Errors
    /// The status with which the till refused.
    pub async fn open(base: &str, path: &str) -> Result<Self, u16> {
        let request = format!("{base}{path}").replacen("http", "ws", 1);
        let address = base.strip_prefix("http://").expect("plain HTTP");
        let tcp = TcpStream::connect(address).await.expect("a connection");
        match client_async(request, tcp).await {
            Ok((stream, _)) => Ok(Self { stream, pings: 0 }),
            Err(tungstenite::Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(error) => panic!("no WebSocket: {error}"),
        }
    }

    /// The next message; `None` once the till has closed.
    pub async fn next(&mut self) -> Option<Value> {
        self.next_or_goodbye().await.ok()
    }

    /// The next message.
    ///
    /// # Errors
    /// How the till ended it.
    pub async fn next_or_goodbye(&mut self) -> Result<Value, Goodbye> {
        loop {
            let next = tokio::time::timeout(LIMIT, self.stream.next()).await;
            match next.expect("a message in time").ok_or(None)? {
                Ok(Message::Text(text)) => return serde_json::from_str(&text).map_err(|_| None),
                Ok(Message::Close(said)) => {
                    return Err(said.map(|it| (it.code.into(), it.reason.to_string())));
                }
                Err(_) => return Err(None),
                Ok(Message::Ping(_)) => self.pings += 1,
                Ok(Message::Pong(_) | Message::Binary(_) | Message::Frame(_)) => {}
            }
        }
    }

    /// Reads to the end: what came, and how the till ended it.
    pub async fn rest(&mut self) -> (Vec<Value>, Goodbye) {
        let mut came = Vec::new();
        loop {
            match self.next_or_goodbye().await {
                Ok(message) => came.push(message),
                Err(goodbye) => return (came, goodbye),
            }
        }
    }
}
