//! JSON-RPC with bitcoind, for callers that are not async.
//!
//! A thread of its own does the asking, one question after the other. A caller in the async runtime says
//! that it blocks, so that others go on meanwhile.

use std::fmt::Display;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use thiserror::Error;
use tokio::runtime::{Builder, Handle, RuntimeFlavor};

use super::auth::Login;

/// A question that takes longer has no answer. Hundreds of blocks are mined in one.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);

/// No answer, or one that says no.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RpcError {
    /// bitcoind's own words.
    #[error("{message}")]
    Refused {
        /// Its JSON-RPC code, from `rpc/protocol.h`.
        code: i32,
        /// What it says.
        message: String,
    },
    /// It is not there, or what came is no answer.
    #[error("bitcoind gives no answer: {0}")]
    NoAnswer(String),
}

struct Question {
    method: &'static str,
    params: Value,
    reply: mpsc::Sender<Result<Value, RpcError>>,
}

/// Asks one bitcoind. Clones share the thread, which ends with the last of them.
#[derive(Debug, Clone)]
pub struct Rpc {
    questions: mpsc::Sender<Question>,
}

impl Rpc {
    /// For the bitcoind that listens at `address`.
    ///
    /// # Errors
    /// The system's, if it gives no thread.
    pub(super) fn new(address: impl Display, login: Login) -> std::io::Result<Self> {
        let (questions, asked) = mpsc::channel::<Question>();
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(ANSWER_LIMIT)
            .build()
            .map_err(std::io::Error::other)?;
        let url = format!("http://{address}/");
        thread::Builder::new()
            .name("bitcoind-rpc".to_owned())
            .spawn(move || {
                for question in asked {
                    let answer = ask(&client, &url, &login, question.method, &question.params);
                    // Whoever asked may have gone away.
                    let _ = question.reply.send(runtime.block_on(answer));
                }
            })?;
        Ok(Rpc { questions })
    }

    /// Calls a method. Blocks until it is answered.
    ///
    /// # Errors
    /// bitcoind's refusal, or that there is no answer.
    pub fn call<T: DeserializeOwned>(
        &self,
        method: &'static str,
        params: Value,
    ) -> Result<T, RpcError> {
        let ended = |_| RpcError::NoAnswer("its thread has ended".to_owned());
        let (reply, answer) = mpsc::channel();
        let question = Question {
            method,
            params,
            reply,
        };
        self.questions
            .send(question)
            .map_err(|_| RpcError::NoAnswer("its thread has ended".to_owned()))?;
        let value = blocking(|| answer.recv()).map_err(ended)??;
        serde_json::from_value(value)
            .map_err(|error| RpcError::NoAnswer(format!("{method}: {error}")))
    }
}

/// Waits for something outside of the runtime; its other tasks are moved away from this thread.
pub(crate) fn blocking<T>(wait: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(wait),
        Ok(_) | Err(_) => wait(),
    }
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    result: Value,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    code: i32,
    message: String,
}

async fn ask(
    client: &reqwest::Client,
    url: &str,
    login: &Login,
    method: &str,
    params: &Value,
) -> Result<Value, RpcError> {
    let silent = |error: reqwest::Error| RpcError::NoAnswer(error.to_string());
    let question = json!({"jsonrpc": "1.0", "id": "regtest", "method": method, "params": params});
    let answer = client
        .post(url)
        .basic_auth(&login.name, Some(&login.password))
        .json(&question)
        .send()
        .await
        .map_err(silent)?;
    // A refusal comes with a status of its own and has a body all the same.
    let status = answer.status();
    let body = answer.bytes().await.map_err(silent)?;
    let answer: Answer = serde_json::from_slice(&body)
        .map_err(|_| RpcError::NoAnswer(format!("{method}: HTTP status {status}")))?;
    match answer.error {
        None => Ok(answer.result),
        Some(Refusal { code, message }) => Err(RpcError::Refused { code, message }),
    }
}
