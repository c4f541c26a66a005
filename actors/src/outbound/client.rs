//! The client: checks, connects, reads no more than it wants.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Method, Url, header};

use super::address::{is_loopback, is_public};

/// The longest address that is called, in bytes.
const MAX_URL_BYTES: usize = 4_096;
/// How often an answer may send us on, within one origin.
const MAX_REDIRECTS: usize = 3;
/// Addresses of a name that are tried.
const MAX_ADDRESSES: usize = 8;
/// How we introduce ourselves.
const USER_AGENT: &str = concat!("tilld/", env!("CARGO_PKG_VERSION"));

/// What may be called, and what an answer may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboundPolicy {
    /// Whether this machine may be called, and without TLS: for tests and the sandbox.
    pub allow_loopback: bool,
    /// How long a call may take, from looking up the name to the answer's last byte.
    pub time: Duration,
    /// The longest answer that is read, in bytes.
    pub max_answer_bytes: usize,
}

impl Default for OutboundPolicy {
    fn default() -> Self {
        Self {
            allow_loopback: false,
            time: Duration::from_secs(15),
            max_answer_bytes: 64 * 1_024,
        }
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// No address that is called: no URL, no https, or with a name and a password in it.
    #[error("the address is not allowed: {0}")]
    NotAllowed(&'static str),
    /// The name leads to this machine or its network.
    #[error("the address is not allowed: it is not on the public internet")]
    NotPublic,
    /// The name is not known.
    #[error("the name could not be resolved")]
    Unresolved,
    /// The answer sends us elsewhere.
    #[error("the answer redirects elsewhere")]
    Redirected,
    /// It took too long.
    #[error("no answer in time")]
    TooSlow,
    /// The answer is longer than what is read.
    #[error("the answer is too long")]
    TooLong,
    /// No connection, or it broke.
    #[error("no connection")]
    Unreachable,
}

impl OutboundError {
    /// Whether trying again can never help.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        match self {
            Self::NotAllowed(_) | Self::NotPublic => true,
            Self::Unresolved
            | Self::Redirected
            | Self::TooSlow
            | Self::TooLong
            | Self::Unreachable => false,
        }
    }

    /// In a word, for rows and programs.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::NotAllowed(_) | Self::NotPublic => "not_allowed",
            Self::Unresolved => "unresolved",
            Self::Redirected => "redirected",
            Self::TooSlow => "timeout",
            Self::TooLong => "too_long",
            Self::Unreachable => "unreachable",
        }
    }
}

/// A call to be made.
#[derive(Clone, Debug)]
pub enum Request {
    /// Asks.
    Get,
    /// Tells, with further headers.
    Post {
        /// A JSON document.
        body: String,
        /// Names and values.
        headers: Vec<(&'static str, String)>,
    },
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

/// Looks names up.
pub(super) trait Resolve: Send + Sync + std::fmt::Debug {
    fn addresses(
        &self,
        host: String,
    ) -> Pin<Box<dyn Future<Output = std::io::Result<Vec<IpAddr>>> + Send + '_>>;
}

/// The system's own way.
#[derive(Debug)]
struct System;

impl Resolve for System {
    fn addresses(
        &self,
        host: String,
    ) -> Pin<Box<dyn Future<Output = std::io::Result<Vec<IpAddr>>> + Send + '_>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((host, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// The client. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Outbound {
    policy: OutboundPolicy,
    names: Arc<dyn Resolve>,
}

impl Outbound {
    /// A client that keeps to `policy`.
    #[must_use]
    pub fn new(policy: OutboundPolicy) -> Self {
        Self::with(policy, Arc::new(System))
    }

    pub(super) fn with(policy: OutboundPolicy, names: Arc<dyn Resolve>) -> Self {
        Self { policy, names }
    }

    /// Whether an address could be called at all, as far as that shows without looking it up.
    ///
    /// # Errors
    /// [`OutboundError::NotAllowed`] and [`OutboundError::NotPublic`] say why not.
    pub fn check(&self, url: &str) -> Result<(), OutboundError> {
        self.parse(url).map(|_| ())
    }

    /// Makes the call.
    ///
    /// # Errors
    /// [`OutboundError`]; an answer of any status is none.
    pub async fn call(&self, url: &str, request: Request) -> Result<Answer, OutboundError> {
        let call = self.follow(url, &request);
        let called = tokio::time::timeout(self.policy.time, call).await;
        called.map_err(|_| OutboundError::TooSlow)?
    }

    /// Follows an answer within the same origin, where asking twice does no harm.
    async fn follow(&self, url: &str, request: &Request) -> Result<Answer, OutboundError> {
        let mut url = self.parse(url)?;
        for _ in 0..=MAX_REDIRECTS {
            let (answer, next) = self.once(&url, request).await?;
            let Some(next) = next.filter(|_| (300..400).contains(&answer.status)) else {
                return Ok(answer);
            };
            match request {
                Request::Post { .. } => return Ok(answer),
                Request::Get => {}
            }
            let next = url.join(&next).map_err(|_| OutboundError::Redirected)?;
            if next.origin() != url.origin() {
                return Err(OutboundError::Redirected);
            }
            url = next;
        }
        Err(OutboundError::Redirected)
    }

    fn parse(&self, url: &str) -> Result<Url, OutboundError> {
        let refused = |why| Err(OutboundError::NotAllowed(why));
        if url.len() > MAX_URL_BYTES {
            return refused("it is too long");
        }
        let Ok(url) = Url::parse(url) else {
            return refused("it is no URL");
        };
        if !url.username().is_empty() || url.password().is_some() {
            return refused("it has a user name or a password in it");
        }
        let Some(host) = url.host_str() else {
            return refused("it has no host");
        };
        let literal = literal(host);
        if let Some(ip) = literal {
            self.permit(&[ip])?;
        }
        let is_local = literal.map_or(host == "localhost", is_loopback);
        match url.scheme() {
            "https" => {}
            "http" if self.policy.allow_loopback && (is_local || literal.is_none()) => {}
            _ => return refused("it is not https"),
        }
        if is_local && !self.policy.allow_loopback {
            return Err(OutboundError::NotPublic);
        }
        Ok(url)
    }

    /// One address that is not to be called spoils them all: whoever names it has no good reason to.
    fn permit(&self, ips: &[IpAddr]) -> Result<(), OutboundError> {
        let is_allowed =
            |ip: &IpAddr| is_public(*ip) || (self.policy.allow_loopback && is_loopback(*ip));
        if ips.is_empty() {
            return Err(OutboundError::Unresolved);
        }
        match ips.iter().all(is_allowed) {
            true => Ok(()),
            false => Err(OutboundError::NotPublic),
        }
    }

    /// The addresses of a name, all of them checked.
    async fn resolve(&self, url: &Url, host: &str) -> Result<Vec<SocketAddr>, OutboundError> {
        let ips = match literal(host) {
            Some(ip) => vec![ip],
            None => {
                let found = self.names.addresses(host.to_owned()).await;
                found.map_err(|_| OutboundError::Unresolved)?
            }
        };
        self.permit(&ips)?;
        if url.scheme() == "http" && !ips.iter().copied().all(is_loopback) {
            return Err(OutboundError::NotAllowed("it is not https"));
        }
        let port = url.port_or_known_default().unwrap_or(443);
        let ips = ips.into_iter().take(MAX_ADDRESSES);
        Ok(ips.map(|ip| SocketAddr::new(ip, port)).collect())
    }

    /// One call, on a connection of its own to a checked address. Answers with where it is sent on to.
    async fn once(
        &self,
        url: &Url,
        request: &Request,
    ) -> Result<(Answer, Option<String>), OutboundError> {
        let host = url.host_str().unwrap_or_default().to_owned();
        let addresses = self.resolve(url, &host).await?;
        let client = reqwest::Client::builder()
            .use_rustls_tls()
            .resolve_to_addrs(&host, &addresses)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .user_agent(USER_AGENT)
            .pool_max_idle_per_host(0)
            .build();
        let client = client.map_err(|_| OutboundError::Unreachable)?;
        let call = match request {
            Request::Get => client.get(url.clone()),
            Request::Post { body, headers } => {
                let call = client.request(Method::POST, url.clone()).body(body.clone());
                let call = call.header(header::CONTENT_TYPE, "application/json");
                headers
                    .iter()
                    .fold(call, |call, (name, value)| call.header(*name, value))
            }
        };
        let unreachable = |error: reqwest::Error| {
            tracing::debug!(error = %error.without_url(), "a call went wrong");
            OutboundError::Unreachable
        };
        let mut answer = call.send().await.map_err(unreachable)?;
        let next = answer.headers().get(header::LOCATION);
        let next = next.and_then(|next| next.to_str().ok()).map(str::to_owned);
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
            if body.len() + chunk.len() > self.policy.max_answer_bytes {
                return Err(OutboundError::TooLong);
            }
            body.extend(&chunk);
        }
        let status = answer.status().as_u16();
        Ok((Answer { status, body }, next))
    }
}

/// The address that a host is, if it is no name. The parser has read every spelling of it by now.
fn literal(host: &str) -> Option<IpAddr> {
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    bare.unwrap_or(host).parse().ok()
}
