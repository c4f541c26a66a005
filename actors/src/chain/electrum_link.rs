//! The connection to an Electrum server. Owns when it is made, and made anew: a server hangs up on who is
//! silent for minutes. What is asked is not known here.

use std::io::ErrorKind;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use electrum_client::{Client, ConfigBuilder, Error};
use serde_json::Value;

use super::ChainError;

/// A read or a write that takes longer has failed, in seconds.
const TIMEOUT_SECS: u8 = 15;
/// How long a question may take that is many to the server.
const QUESTION_TIMEOUT: Duration = Duration::from_secs(60);
const NOT_IN_TIME: &str = "the Electrum server does not answer in time";
/// The client's own attempts pause for seconds between two.
const CLIENTS_RETRIES: u8 = 0;

/// The way to one server. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Link {
    url: Arc<str>,
    open: Arc<Mutex<Option<Arc<Client>>>>,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum LinkError {
    /// The server says no, in these words.
    Refused(String),
    /// There is no answer that can be used, and why.
    Silent(String),
}

impl From<LinkError> for ChainError {
    fn from(error: LinkError) -> Self {
        Self(match error {
            LinkError::Refused(why) => format!("the Electrum server says: {why}"),
            LinkError::Silent(why) => why,
        })
    }
}

impl Link {
    pub(super) fn new(url: &str) -> Self {
        Self {
            url: url.into(),
            open: Arc::default(),
        }
    }

    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        question: impl Fn(&Arc<Client>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, LinkError> {
        self.ask_for(QUESTION_TIMEOUT, question).await
    }

    /// Asks on a thread that may block. `question` may be asked twice, where the connection had broken.
    pub(crate) async fn ask_for<T: Send + 'static>(
        &self,
        limit: Duration,
        question: impl Fn(&Arc<Client>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, LinkError> {
        let link = self.clone();
        let asked = tokio::task::spawn_blocking(move || link.ask_blocking(&question));
        match tokio::time::timeout(limit, asked).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => Err(LinkError::Silent(error.to_string())),
            Err(_elapsed) => Err(LinkError::Silent(NOT_IN_TIME.to_owned())),
        }
    }

    fn ask_blocking<T>(
        &self,
        question: &impl Fn(&Arc<Client>) -> Result<T, Error>,
    ) -> Result<T, LinkError> {
        let (client, is_new) = self.client()?;
        match question(&client) {
            Ok(answer) => return Ok(answer),
            Err(error) => match self.failed(&client, &error) {
                error @ LinkError::Refused(_) => return Err(error),
                error @ LinkError::Silent(_) if is_new => return Err(error),
                LinkError::Silent(_) => {}
            },
        }
        let (client, _) = self.client()?;
        question(&client).map_err(|error| self.failed(&client, &error))
    }

    /// The connection, and whether it was just made.
    fn client(&self) -> Result<(Arc<Client>, bool), LinkError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = open.as_ref() {
            return Ok((Arc::clone(client), false));
        }
        let config = ConfigBuilder::new()
            .timeout(Some(TIMEOUT_SECS))
            .retry(CLIENTS_RETRIES)
            .build();
        let client = Client::from_config(&self.url, config);
        let client = client.map_err(|error| LinkError::Silent(silence(&error)))?;
        let client = Arc::new(client);
        *open = Some(Arc::clone(&client));
        Ok((client, true))
    }

    /// A connection on which something else than a refusal came is not used again.
    fn failed(&self, client: &Arc<Client>, error: &Error) -> LinkError {
        if let Error::Protocol(refusal) = error {
            return LinkError::Refused(said(refusal));
        }
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.as_ref().is_some_and(|open| Arc::ptr_eq(open, client)) {
            *open = None;
        }
        LinkError::Silent(silence(error))
    }
}

/// A server's words for why it does not.
pub(super) fn said(refusal: &Value) -> String {
    match refusal["message"].as_str() {
        Some(message) => message.to_owned(),
        None => refusal.to_string(),
    }
}

/// Without the address: the reason is shown to whoever asks whether the till is ready.
fn silence(error: &Error) -> String {
    let broke = || "the connection to the Electrum server broke".to_owned();
    let by_kind = |error: &std::io::Error| {
        let kind = error.kind();
        if kind == ErrorKind::ConnectionRefused {
            "nobody listens where the Electrum server should be".to_owned()
        } else if matches!(kind, ErrorKind::TimedOut | ErrorKind::WouldBlock) {
            NOT_IN_TIME.to_owned()
        } else if kind == ErrorKind::InvalidData {
            // A certificate that is not trusted, for one.
            format!("no secure connection to the Electrum server: {error}")
        } else {
            broke()
        }
    };
    match error {
        Error::IOError(error) => by_kind(error),
        Error::SharedIOError(error) => by_kind(error),
        Error::AllAttemptsErrored(errors) => errors.first().map_or_else(broke, silence),
        Error::CouldNotCreateConnection(error) => {
            format!("no secure connection to the Electrum server: {error}")
        }
        Error::InvalidDNSNameError(_) | Error::MissingDomain => {
            "the Electrum server's certificate cannot be checked without its name".to_owned()
        }
        Error::Message(why) => format!("the Electrum server's answer cannot be used: {why}"),
        Error::JSON(_) | Error::Hex(_) | Error::Bitcoin(_) | Error::InvalidResponse(_) => {
            "what came from the Electrum server is no answer".to_owned()
        }
        Error::Protocol(_)
        | Error::AlreadySubscribed(_)
        | Error::NotSubscribed(_)
        | Error::CouldntLockReader
        | Error::Mpsc => broke(),
    }
}
