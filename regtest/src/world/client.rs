//! A client of the till's POS surface, with the administrator's cookies.
//!
//! It logs in again by itself when a token has run out, so that a world that stays up for days can
//! still be driven.

use std::sync::Arc;
use std::time::Duration;

use reqwest::cookie::{CookieStore as _, Jar};
use reqwest::{Method, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::wire::{
    Address, Balance, Incoming, InitialSetup, Initialized, Login, NewInvoice, NodeInfo,
    OpenChannel, TillChannel, TillInvoice, WalletAuth,
};
use super::{Credentials, NodeAddress};

/// Longest answer time; the till itself answers a slow payment after a minute.
const REQUEST_LIMIT: Duration = Duration::from_secs(100);
/// Longest answer to a look whether it is there at all.
const PROBE_LIMIT: Duration = Duration::from_secs(2);
/// Longest part of an error's body that is repeated.
const MAX_ECHO_CHARS: usize = 300;

/// The till's surface did not answer as it should.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No answer, or no HTTP.
    #[error("{call}: {source}")]
    Transport {
        /// Method and path.
        call: String,
        /// What happened.
        source: reqwest::Error,
    },
    /// An error for an answer.
    #[error("{call} answered {status}: {body}")]
    Refused {
        /// Method and path.
        call: String,
        /// The status.
        status: StatusCode,
        /// The start of the body.
        body: String,
    },
}

impl ClientError {
    /// The status of an error that was an answer.
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            ClientError::Refused { status, .. } => Some(*status),
            ClientError::Transport { .. } => None,
        }
    }
}

/// A client. Clones share the cookies.
#[derive(Clone, Debug)]
pub struct TillClient {
    base: Url,
    http: reqwest::Client,
    cookies: Arc<Jar>,
    credentials: Credentials,
}

/// Being a client.
impl TillClient {
    pub(super) fn new(base: Url, credentials: Credentials) -> Result<Self, ClientError> {
        let cookies = Arc::new(Jar::default());
        let http = reqwest::Client::builder()
            .cookie_provider(Arc::clone(&cookies))
            .no_proxy()
            .timeout(REQUEST_LIMIT)
            .build()
            .map_err(|source| ClientError::Transport {
                call: "setting up the client".to_owned(),
                source,
            })?;
        Ok(TillClient {
            base,
            http,
            cookies,
            credentials,
        })
    }

    /// Base URL of the till, without a slash at the end.
    pub fn url(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// The cookies as one header, for a WebSocket.
    pub fn cookie_header(&self) -> Option<String> {
        let header = self.cookies.cookies(&self.base)?;
        header.to_str().ok().map(str::to_owned)
    }

    /// Whether the till says that it can serve. Never fails: not yet is an answer.
    pub(super) async fn is_ready(&self) -> bool {
        let status = async |path: &str| {
            let request = self.http.get(format!("{}{path}", self.url()));
            let answer = request.timeout(PROBE_LIMIT).send().await;
            answer.ok().map(|answer| answer.status())
        };
        match status("/readyz").await {
            Some(StatusCode::NOT_FOUND) => status("/api/health").await == Some(StatusCode::OK),
            other => other == Some(StatusCode::OK),
        }
    }

    /// Whether it answers at all.
    pub(super) async fn is_alive(&self) -> bool {
        let request = self.http.get(format!("{}/healthz", self.url()));
        let answer = request.timeout(PROBE_LIMIT).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    async fn once(
        &self,
        method: &Method,
        path: &str,
        body: Option<&serde_json::Value>,
    ) -> Result<reqwest::Response, ClientError> {
        let call = format!("{method} {path}");
        let url = format!("{}{path}", self.url());
        let mut request = self.http.request(method.clone(), url);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request
            .send()
            .await
            .map_err(|source| ClientError::Transport {
                call: call.clone(),
                source,
            })?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let body = answer.text().await.unwrap_or_default();
        Err(ClientError::Refused {
            call,
            status,
            body: body.chars().take(MAX_ECHO_CHARS).collect(),
        })
    }

    /// Calls any route with the administrator's cookies, renewed where need be.
    ///
    /// # Errors
    /// If there is no answer, or an error for one.
    pub async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<T, ClientError> {
        let body = body.map(|body| {
            serde_json::to_value(body).unwrap_or_else(|_| unreachable!("plain structs are JSON"))
        });
        let answer = match self.once(&method, path, body.as_ref()).await {
            Err(ClientError::Refused { status, .. })
                if [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&status) =>
            {
                self.login().await?;
                self.once(&method, path, body.as_ref()).await?
            }
            other => other?,
        };
        answer
            .json()
            .await
            .map_err(|source| ClientError::Transport {
                call: format!("{method} {path}"),
                source,
            })
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        self.call(Method::GET, path, None::<&()>).await
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        self.call(Method::POST, path, Some(body)).await
    }
}

/// Routes.
impl TillClient {
    /// Makes the administrator, unless there is one.
    ///
    /// # Errors
    /// If the till refuses.
    pub async fn set_up(&self) -> Result<(), ClientError> {
        let answer = self.once(&Method::GET, "/initial-setup", None).await?;
        let state: Initialized = answer
            .json()
            .await
            .map_err(|source| ClientError::Transport {
                call: "GET /initial-setup".to_owned(),
                source,
            })?;
        if state.initialized {
            return Ok(());
        }
        let setup = InitialSetup {
            user_name: &self.credentials.name,
            user_password: &self.credentials.password,
            user_pin: &self.credentials.pin,
            wallet_password: &self.credentials.wallet_password,
            business_name: "Sandbox",
        };
        self.once(&Method::POST, "/initial-setup", Some(&json(&setup)))
            .await?;
        Ok(())
    }

    /// Logs in and opens the wallet. All other calls do that themselves when they have to.
    ///
    /// # Errors
    /// If the till refuses.
    pub async fn login(&self) -> Result<(), ClientError> {
        let login = Login {
            name: &self.credentials.name,
            pin: &self.credentials.pin,
        };
        self.once(&Method::POST, "/auth/login", Some(&json(&login)))
            .await?;
        let auth = WalletAuth {
            password: &self.credentials.wallet_password,
        };
        self.once(&Method::POST, "/wallet/auth", Some(&json(&auth)))
            .await?;
        Ok(())
    }

    /// `GET` on the LNbits surface.
    pub(super) async fn lnbits_get<T: DeserializeOwned>(
        &self,
        path: &str,
    ) -> Result<T, ClientError> {
        self.lnbits(&Method::GET, path, None).await
    }

    /// `POST` on the LNbits surface.
    pub(super) async fn lnbits_post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &serde_json::Value,
    ) -> Result<T, ClientError> {
        self.lnbits(&Method::POST, path, Some(body)).await
    }

    async fn lnbits<T: DeserializeOwned>(
        &self,
        method: &Method,
        path: &str,
        body: Option<&serde_json::Value>,
    ) -> Result<T, ClientError> {
        let path = format!("/api/v1{path}");
        let answer = self.once(method, &path, body).await?;
        answer
            .json()
            .await
            .map_err(|source| ClientError::Transport {
                call: format!("{method} {path}"),
                source,
            })
    }

    /// A call of the ln.bot surface without a body.
    pub(super) async fn lnbot<T: DeserializeOwned>(
        &self,
        method: &Method,
        path: &str,
        key: Option<&str>,
    ) -> Result<T, ClientError> {
        let call = format!("{method} /v1{path}");
        let request = self
            .http
            .request(method.clone(), format!("{}/v1{path}", self.url()));
        let request = match key {
            Some(key) => request.bearer_auth(key),
            None => request,
        };
        let lost = |source| ClientError::Transport {
            call: call.clone(),
            source,
        };
        let answer = request.send().await.map_err(lost)?;
        let status = answer.status();
        if !status.is_success() {
            let body = answer.text().await.unwrap_or_default();
            return Err(ClientError::Refused {
                call,
                status,
                body: body.chars().take(MAX_ECHO_CHARS).collect(),
            });
        }
        answer.json().await.map_err(lost)
    }

    pub(super) async fn node_info(&self) -> Result<NodeInfo, ClientError> {
        self.get("/wallet/getinfo").await
    }

    /// What the house may spend over Lightning, in sat.
    ///
    /// # Errors
    /// If the till does not answer.
    pub async fn balance_sat(&self) -> Result<u64, ClientError> {
        let balance: Balance = self.get("/wallet/getbalance").await?;
        Ok(balance.balance_sat)
    }

    pub(super) async fn new_address(&self) -> Result<String, ClientError> {
        let empty = serde_json::json!({});
        let answer: Address = self.post("/wallet/newaddress", &empty).await?;
        Ok(answer.address)
    }

    pub(super) async fn open_channel(
        &self,
        to: NodeAddress,
        amount_sat: u64,
        push_sat: u64,
    ) -> Result<(), ClientError> {
        let wanted = OpenChannel {
            node_id: to.node_id.to_string(),
            address: to.address.to_string(),
            amount_sat,
            push_sat: (push_sat > 0).then_some(push_sat),
            announce: false,
        };
        let _opened: serde_json::Value = self.post("/wallet/channels", &wanted).await?;
        Ok(())
    }

    /// All channels.
    ///
    /// # Errors
    /// If the till does not answer.
    pub async fn channels(&self) -> Result<Vec<TillChannel>, ClientError> {
        self.get("/wallet/channels").await
    }

    /// Makes an invoice, as a cashier does.
    ///
    /// # Errors
    /// If the till refuses.
    pub async fn invoice(
        &self,
        amount_sat: u64,
        description: &str,
        external_id: &str,
    ) -> Result<TillInvoice, ClientError> {
        let wanted = NewInvoice {
            amount_sat,
            description,
            external_id,
        };
        self.post("/wallet/invoice", &wanted).await
    }

    /// The row of an invoice.
    ///
    /// # Errors
    /// If there is none.
    pub async fn incoming(&self, payment_hash: &str) -> Result<Incoming, ClientError> {
        self.get(&format!("/wallet/payments/incoming/{payment_hash}"))
            .await
    }
}

fn json(body: &impl Serialize) -> serde_json::Value {
    serde_json::to_value(body).unwrap_or_default()
}
