//! bitcoind's JSON-RPC. Owns the connection, the login and the words for what is wrong with either; what is
//! asked is not known here.

use std::sync::{Arc, PoisonError, RwLock};

use hyper::body::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::access::{BitcoindAccess, Login};
use super::{ChainError, TIMEOUT};

/// `RPC_IN_WARMUP` of bitcoind's `rpc/protocol.h`: it is there, and still reads its chain.
const IN_WARMUP: i32 = -28;
/// The status of an answer to a login that is not right.
const UNAUTHORIZED: u16 = 401;

/// What came of a question.
#[derive(Debug)]
pub(super) enum RpcError {
    /// bitcoind says no.
    Refused {
        /// Its code.
        code: i32,
        /// Its words.
        message: String,
    },
    /// There is no answer, and why.
    Silent(String),
}

impl From<RpcError> for ChainError {
    fn from(error: RpcError) -> Self {
        Self(match error {
            RpcError::Refused { code, message } => format!("bitcoind says: {message} ({code})"),
            RpcError::Silent(why) => why,
        })
    }
}

/// Asks one bitcoind. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Rpc {
    client: reqwest::Client,
    url: String,
    access: BitcoindAccess,
    /// What the file said last. A cookie is another after each of bitcoind's restarts.
    login: Arc<RwLock<Login>>,
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

impl Rpc {
    pub(super) fn new(access: &BitcoindAccess) -> Result<Self, ChainError> {
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(TIMEOUT)
            .build()
            .map_err(|error| ChainError(error.to_string()))?;
        Ok(Self {
            client,
            url: format!("http://{}:{}/", access.host, access.port),
            login: Arc::new(RwLock::new(access.login.clone())),
            access: access.clone(),
        })
    }

    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        method: &str,
        params: Value,
    ) -> Result<T, RpcError> {
        let value = self.ask(method, params).await?;
        serde_json::from_value(value).map_err(|_| unreadable(method))
    }

    /// Passes somebody's question on as it is; gives the status and the body of the answer.
    pub(super) async fn pass_on(&self, question: Bytes) -> Result<(u16, Bytes), ChainError> {
        let silent = |error: reqwest::Error| ChainError(silence(&error).to_owned());
        let answer = self.send(question).await.map_err(silent)?;
        let status = answer.status().as_u16();
        Ok((status, answer.bytes().await.map_err(silent)?))
    }

    /// Asks a second time where the login was refused and its file has another by now.
    async fn send(&self, question: Bytes) -> Result<reqwest::Response, reqwest::Error> {
        let login = self.login();
        let answer = self.send_as(&login, question.clone()).await?;
        if answer.status().as_u16() != UNAUTHORIZED {
            return Ok(answer);
        }
        match self.access.read_again() {
            Some(fresh) if fresh != login => {
                tracing::info!("bitcoind's name and password are read anew");
                self.keep(fresh.clone());
                self.send_as(&fresh, question).await
            }
            Some(_) | None => Ok(answer),
        }
    }

    async fn send_as(
        &self,
        login: &Login,
        question: Bytes,
    ) -> Result<reqwest::Response, reqwest::Error> {
        let asked = self.client.post(&self.url);
        let asked = asked.basic_auth(&login.user, Some(login.password.as_str()));
        let asked = asked.header(reqwest::header::CONTENT_TYPE, "application/json");
        asked.body(question).send().await
    }

    fn keep(&self, login: Login) {
        let mut held = self.login.write().unwrap_or_else(PoisonError::into_inner);
        *held = login;
    }

    fn login(&self) -> Login {
        let held = self.login.read();
        held.unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn ask(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        let question = json!({"jsonrpc": "1.0", "id": "tilld", "method": method, "params": params});
        let sent = self.send(question.to_string().into()).await;
        let answer = sent.map_err(|error| RpcError::Silent(silence(&error).to_owned()))?;
        let refused = match answer.status().as_u16() {
            UNAUTHORIZED => Some("bitcoind refuses the name or the password"),
            403 => Some("bitcoind does not let this machine ask (rpcallowip, rpcwhitelist)"),
            503 => Some("bitcoind has too much to do"),
            _ => None,
        };
        if let Some(why) = refused {
            return Err(RpcError::Silent(why.to_owned()));
        }
        // A refusal has a status of its own, and a body as every answer.
        let body = answer.bytes().await;
        let body = body.map_err(|error| RpcError::Silent(silence(&error).to_owned()))?;
        let answer: Answer = serde_json::from_slice(&body).map_err(|_| unreadable(method))?;
        match answer.error {
            None => Ok(answer.result),
            Some(Refusal { code, message }) if code == IN_WARMUP => {
                Err(RpcError::Silent(format!("bitcoind is starting: {message}")))
            }
            Some(Refusal { code, message }) => Err(RpcError::Refused { code, message }),
        }
    }
}

/// Without the address: the reason is shown to whoever asks whether the till is ready.
fn silence(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "bitcoind does not answer in time"
    } else if error.is_connect() {
        "nobody listens where bitcoind should be"
    } else {
        "the connection to bitcoind broke"
    }
}

fn unreadable(method: &str) -> RpcError {
    RpcError::Silent(format!("what came for {method} is no answer of bitcoind's"))
}
