//! A bitcoind as the node has to see it. Owns a listener on loopback that passes every question on, and one
//! correction; what is asked is not its business.
//!
//! ldk-node 0.7.1 takes from the mempool what came there after the newest that it has seen, by the second, and
//! leaves out for good what comes in the second of its look, after it. So what it has not been told of
//! yet is given a second of its own: later than all that was told before the look.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use subtle::ConstantTimeEq as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use zeroize::Zeroizing;

use super::ChainError;
use super::access::{BitcoindAccess, Login};
use super::rpc::Rpc;

/// Longest question: a package of transactions as large as a block, in hexadecimal.
const MAX_QUESTION_BYTES: usize = 9_000_000;
/// Name and password are as random as this, in bytes.
const SECRET_BYTES: usize = 32;

/// A running relay; it ends with this.
#[derive(Debug)]
pub(crate) struct Relay {
    access: BitcoindAccess,
    task: JoinHandle<()>,
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The HTTP status for who is not the node.
const UNAUTHORIZED: u16 = 401;

/// What every connection works with.
struct Shared {
    bitcoind: Rpc,
    /// What the node sends with each question.
    login: Zeroizing<String>,
    seconds: Mutex<Seconds>,
}

impl Relay {
    /// Listens for the node, in the runtime that this is called in.
    ///
    /// # Errors
    /// [`ChainError`] if the system gives no port.
    pub(crate) fn start(bitcoind: &BitcoindAccess) -> Result<Self, ChainError> {
        let failed = |error: &dyn std::fmt::Display| ChainError(error.to_string());
        let listener =
            std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|e| failed(&e))?;
        listener.set_nonblocking(true).map_err(|e| failed(&e))?;
        let port = listener.local_addr().map_err(|e| failed(&e))?.port();
        let listener = TcpListener::from_std(listener).map_err(|e| failed(&e))?;
        let mut secret = [0; SECRET_BYTES];
        getrandom::fill(&mut secret).map_err(|e| failed(&e))?;
        let access = BitcoindAccess {
            host: Ipv4Addr::LOCALHOST.to_string(),
            port,
            login: Login {
                user: "node".to_owned(),
                password: Zeroizing::new(hex::encode(secret)),
            },
            file: None,
        };
        let shared = Arc::new(Shared {
            bitcoind: Rpc::new(bitcoind)?,
            login: access.basic(),
            seconds: Mutex::default(),
        });
        let task = tokio::spawn(serve(listener, shared));
        Ok(Self { access, task })
    }

    /// Where the node is to ask.
    pub(crate) fn access(&self) -> &BitcoindAccess {
        &self.access
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _node)) => {
                    connections.spawn(converse(stream, Arc::clone(&shared)));
                }
                // Out of file handles, for one; those that are open go on, and end.
                Err(error) => {
                    tracing::warn!(%error, "the node cannot reach bitcoind");
                    connections.join_next().await;
                }
            },
            Some(_ended) = connections.join_next() => {}
        }
    }
}

async fn converse(stream: TcpStream, shared: Arc<Shared>) {
    let answer = service_fn(move |question| {
        let shared = Arc::clone(&shared);
        async move { answer(question, &shared).await }
    });
    // A bitcoind that does not answer ends the connection: the node takes that for what it is.
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a question of the node's to bitcoind was not answered");
    }
}

type Answered = Result<Response<Full<Bytes>>, ChainError>;

async fn answer(question: Request<Incoming>, shared: &Shared) -> Answered {
    let login = question.headers().get(AUTHORIZATION);
    let is_node = login.is_some_and(|login| login.as_bytes().ct_eq(shared.login.as_bytes()).into());
    if !is_node {
        return answered(UNAUTHORIZED, Bytes::new());
    }
    let body = Limited::new(question.into_body(), MAX_QUESTION_BYTES);
    let body = body.collect().await;
    let body = body.map_err(|error| ChainError(error.to_string()))?;
    let body = body.to_bytes();
    let method = method(&body);
    if method == Some(Method::Mempool) {
        shared.seconds().look();
    }
    let (status, mut told) = shared.bitcoind.pass_on(body).await?;
    if method == Some(Method::Entry) {
        told = shared.seconds().correct(told);
    }
    answered(status, told)
}

fn answered(status: u16, body: Bytes) -> Answered {
    let answer = Response::builder()
        .status(status)
        .header(CONTENT_TYPE, "application/json")
        .body(Full::new(body));
    answer.map_err(|error| ChainError(error.to_string()))
}

impl Shared {
    fn seconds(&self) -> std::sync::MutexGuard<'_, Seconds> {
        self.seconds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The questions that matter here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    /// Begins a look at the mempool.
    Mempool,
    /// Asked once for each transaction that is new to the node.
    Entry,
}

fn method(question: &[u8]) -> Option<Method> {
    let question: Value = serde_json::from_slice(question).ok()?;
    match question["method"].as_str() {
        Some("getrawmempool") => Some(Method::Mempool),
        Some("getmempoolentry") => Some(Method::Entry),
        Some(_) | None => None,
    }
}

/// What the node was told of when transactions came, in seconds since 1970.
#[derive(Debug, Default)]
struct Seconds {
    /// The latest before the look that goes on.
    before: u64,
    latest: u64,
}

impl Seconds {
    fn look(&mut self) {
        self.before = self.latest;
    }

    /// Puts an entry after all that was told before this look. It is at most a second for each look.
    fn correct(&mut self, told: Bytes) -> Bytes {
        let Ok(mut answer) = serde_json::from_slice::<Value>(&told) else {
            return told;
        };
        let Some(time) = answer["result"]["time"].as_u64() else {
            return told;
        };
        let time = time.max(self.before + 1);
        self.latest = self.latest.max(time);
        answer["result"]["time"] = time.into();
        let corrected: Result<Vec<u8>, _> = serde_json::to_vec(&answer);
        corrected.map_or(told, Bytes::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(seconds: &mut Seconds, time: u64) -> u64 {
        let entry = serde_json::json!({"result": {"time": time, "height": 7}, "error": null});
        let answer = seconds.correct(Bytes::from(entry.to_string()));
        let answer: Value = serde_json::from_slice(&answer).expect("JSON");
        assert_eq!(answer["result"]["height"], 7);
        answer["result"]["time"].as_u64().expect("a time")
    }

    #[test]
    fn what_comes_in_the_second_of_a_look_is_later_than_it() {
        let mut seconds = Seconds::default();
        seconds.look();
        assert_eq!(told(&mut seconds, 100), 100);
        assert_eq!(told(&mut seconds, 100), 100, "the same look sees both");
        seconds.look();
        assert_eq!(told(&mut seconds, 100), 101, "after the first look");
        assert_eq!(told(&mut seconds, 99), 101);
        assert_eq!(told(&mut seconds, 130), 130);
        seconds.look();
        assert_eq!(told(&mut seconds, 140), 140);
    }

    #[test]
    fn refusals_pass_as_they_are() {
        let mut seconds = Seconds::default();
        let refusal = Bytes::from_static(b"{\"result\":null,\"error\":{\"code\":-5}}");
        assert_eq!(seconds.correct(refusal.clone()), refusal);
        assert_eq!(seconds.correct(Bytes::from_static(b"no")), "no");
    }
}
