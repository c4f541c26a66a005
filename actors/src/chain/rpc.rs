//! bitcoind's JSON-RPC. Owns the connection, the login and the words for what is wrong with either; what is
//! asked is not known here.

use std::fmt;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use hyper::body::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{ChainError, TIMEOUT};

/// `RPC_IN_WARMUP` of bitcoind's `rpc/protocol.h`: it is there, and still reads its chain.
const IN_WARMUP: i32 = -28;

/// Where a bitcoind's RPC is, and who asks.
#[derive(Clone)]
pub struct BitcoindAccess {
    /// Its host name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The name of `rpcauth`, or of the cookie.
    pub user: String,
    /// The password that goes with it.
    pub password: Zeroizing<String>,
}

impl BitcoindAccess {
    /// What stands in the header of a question (RFC 7617).
    pub(super) fn basic(&self) -> Zeroizing<String> {
        let login = Zeroizing::new(format!("{}:{}", self.user, *self.password));
        Zeroizing::new(format!(
            "Basic {}",
            BASE64_STANDARD.encode(login.as_bytes())
        ))
    }
}

impl fmt::Debug for BitcoindAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BitcoindAccess")
            .field("host", &self.host)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

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
        let answer = self
            .client
            .post(&self.url)
            .basic_auth(&self.access.user, Some(self.access.password.as_str()))
            .body(question)
            .send()
            .await
            .map_err(silent)?;
        let status = answer.status().as_u16();
        Ok((status, answer.bytes().await.map_err(silent)?))
    }

    async fn ask(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        let question = json!({"jsonrpc": "1.0", "id": "tilld", "method": method, "params": params});
        let sent = self
            .client
            .post(&self.url)
            .basic_auth(&self.access.user, Some(self.access.password.as_str()))
            .json(&question)
            .send()
            .await;
        let answer = sent.map_err(|error| RpcError::Silent(silence(&error).to_owned()))?;
        let refused = match answer.status().as_u16() {
            401 => Some("bitcoind refuses the name or the password"),
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
