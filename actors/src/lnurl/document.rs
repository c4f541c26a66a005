//! What an LNURL answers with: a request to pay (LUD-06) or to withdraw (LUD-03). Owns which fields are
//! believed, and how long they may be.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use till::money::{Msat, Sat};

use super::LnurlError;

/// The longest reason that is passed on, in characters.
const MAX_REASON_CHARS: usize = 200;

/// The longest comment that is sent where nobody knows what is allowed, in characters.
const MAX_COMMENT_CHARS: usize = 639;

/// What an LNURL answers with.
#[derive(Clone, Debug, PartialEq)]
pub enum Document {
    /// Somebody wants to be paid.
    Pay(PayRequest),
    /// Somebody gives money.
    Withdraw(WithdrawRequest),
}

/// Somebody wants to be paid (LUD-06).
#[derive(Clone, Debug, PartialEq)]
pub struct PayRequest {
    /// Where the invoice comes from.
    pub callback: String,
    /// The least that may be sent.
    pub min: Msat,
    /// The most that may be sent.
    pub max: Msat,
    /// What it is for.
    pub metadata: Metadata,
    /// How long a comment may be, in characters (LUD-12); 0 for none.
    pub comment_allowed: usize,
    /// As it came.
    pub raw: Map<String, Value>,
}

/// What a payment is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Metadata {
    /// A JSON array, as text.
    Text(String),
    /// What that hashes to, for one who has not told more.
    Hash([u8; 32]),
}

/// Somebody gives money (LUD-03).
#[derive(Clone, Debug, PartialEq)]
pub struct WithdrawRequest {
    /// Where the invoice goes.
    pub callback: String,
    /// What names this request there.
    pub k1: String,
    /// The least that can be had.
    pub min: Msat,
    /// The most that can be had.
    pub max: Msat,
    /// As it came.
    pub raw: Map<String, Value>,
}

impl Document {
    /// Reads an answer.
    ///
    /// # Errors
    /// [`LnurlError::Refused`] where it says that something is wrong, [`LnurlError::Wrong`] where it does
    /// not say what it must.
    pub fn read(body: &[u8]) -> Result<Self, LnurlError> {
        let raw = object(body)?;
        match text(&raw, "tag") {
            Some("payRequest") => PayRequest::read(raw).map(Self::Pay),
            Some("withdrawRequest") => WithdrawRequest::read(raw).map(Self::Withdraw),
            Some(_) | None => Err(LnurlError::Wrong("it is neither to pay nor to withdraw")),
        }
    }
}

impl PayRequest {
    /// Reads the fields of such a request.
    ///
    /// # Errors
    /// [`LnurlError::Wrong`] names the field.
    pub fn read(raw: Map<String, Value>) -> Result<Self, LnurlError> {
        let field = |name| text(&raw, name).map(str::to_owned);
        let (min, max) = (amount(&raw, "minSendable"), amount(&raw, "maxSendable"));
        let comment_allowed = raw
            .get("commentAllowed")
            .and_then(Value::as_u64)
            .unwrap_or(0);
        let request = Self {
            callback: field("callback").ok_or(LnurlError::Wrong("callback"))?,
            min: min.ok_or(LnurlError::Wrong("minSendable"))?,
            max: max.ok_or(LnurlError::Wrong("maxSendable"))?,
            metadata: Metadata::Text(field("metadata").ok_or(LnurlError::Wrong("metadata"))?),
            comment_allowed: usize::try_from(comment_allowed).unwrap_or(usize::MAX),
            raw,
        };
        match request.min <= request.max && !request.max.is_zero() {
            true => Ok(request),
            false => Err(LnurlError::Wrong("minSendable is above maxSendable")),
        }
    }

    /// A request of which only this is known: whoever read it has kept to its bounds.
    #[must_use]
    pub fn hashed(callback: String, description_hash: [u8; 32]) -> Self {
        Self {
            callback,
            min: Msat::ZERO,
            max: Sat::MAX.to_msat(),
            metadata: Metadata::Hash(description_hash),
            comment_allowed: MAX_COMMENT_CHARS,
            raw: Map::new(),
        }
    }

    /// What the invoice's description must hash to.
    #[must_use]
    pub fn description_hash(&self) -> [u8; 32] {
        match &self.metadata {
            Metadata::Text(text) => Sha256::digest(text.as_bytes()).into(),
            Metadata::Hash(hash) => *hash,
        }
    }

    /// What it is for, in a line.
    #[must_use]
    pub fn description(&self) -> Option<String> {
        let found = self.metadata_entry(|kind| kind == "text/plain");
        found.map(|(_, text)| text)
    }

    /// A picture of it, as a data URL.
    #[must_use]
    pub fn image(&self) -> Option<String> {
        let (kind, value) = self.metadata_entry(|kind| kind.starts_with("image/"))?;
        Some(format!("data:{kind},{value}"))
    }

    fn metadata_entry(&self, is_wanted: impl Fn(&str) -> bool) -> Option<(String, String)> {
        let Metadata::Text(text) = &self.metadata else {
            return None;
        };
        let entries: Vec<Vec<Value>> = serde_json::from_str(text).ok()?;
        let mut entries = entries.iter().filter_map(|entry| match entry.as_slice() {
            [Value::String(kind), Value::String(value), ..] => Some((kind, value)),
            _ => None,
        });
        let found = entries.find(|(kind, _)| is_wanted(kind));
        found.map(|(kind, value)| (kind.clone(), value.clone()))
    }
}

impl WithdrawRequest {
    fn read(raw: Map<String, Value>) -> Result<Self, LnurlError> {
        let field = |name| text(&raw, name).map(str::to_owned);
        let min = amount(&raw, "minWithdrawable").unwrap_or(Msat::ZERO);
        let max = amount(&raw, "maxWithdrawable");
        Ok(Self {
            callback: field("callback").ok_or(LnurlError::Wrong("callback"))?,
            k1: field("k1").ok_or(LnurlError::Wrong("k1"))?,
            min,
            max: max.ok_or(LnurlError::Wrong("maxWithdrawable"))?,
            raw,
        })
    }
}

/// The JSON object of an answer, unless it says that something is wrong.
pub(super) fn object(body: &[u8]) -> Result<Map<String, Value>, LnurlError> {
    let raw: Map<String, Value> =
        serde_json::from_slice(body).map_err(|_| LnurlError::Wrong("it is no JSON object"))?;
    match text(&raw, "status") {
        Some(status) if status.eq_ignore_ascii_case("error") => {
            let reason = text(&raw, "reason").unwrap_or("no reason given");
            let reason = reason.chars().filter(|c| !c.is_control());
            Err(LnurlError::Refused(reason.take(MAX_REASON_CHARS).collect()))
        }
        Some(_) | None => Ok(raw),
    }
}

pub(super) fn text<'a>(raw: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    raw.get(name).and_then(Value::as_str)
}

fn amount(raw: &Map<String, Value>, name: &str) -> Option<Msat> {
    raw.get(name).and_then(Value::as_u64).and_then(Msat::new)
}
