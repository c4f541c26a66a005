//! What an LNURL answers with: a request to pay (LUD-06) or to withdraw (LUD-03). Owns which fields are
//! believed, and how long they may be.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use till::money::Msat;

use super::LnurlError;

/// The longest reason that is passed on, in characters.
const MAX_REASON_CHARS: usize = 200;

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
    /// What it is for: a JSON array, as text.
    pub metadata: String,
    /// How long a comment may be, in characters (LUD-12); 0 for none.
    pub comment_allowed: usize,
    /// As it came.
    pub raw: Map<String, Value>,
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
            metadata: field("metadata").ok_or(LnurlError::Wrong("metadata"))?,
            comment_allowed: usize::try_from(comment_allowed).unwrap_or(usize::MAX),
            raw,
        };
        match request.min <= request.max && !request.max.is_zero() {
            true => Ok(request),
            false => Err(LnurlError::Wrong("minSendable is above maxSendable")),
        }
    }

    /// What the invoice's description must hash to.
    #[must_use]
    pub fn description_hash(&self) -> [u8; 32] {
        Sha256::digest(self.metadata.as_bytes()).into()
    }

    /// What it is for, in a line.
    #[must_use]
    pub fn description(&self) -> Option<String> {
        self.metadata_entry(|kind| kind == "text/plain")
    }

    /// A picture of it, as a data URL.
    #[must_use]
    pub fn image(&self) -> Option<String> {
        let kind = |kind: &str| kind.starts_with("image/");
        let entries: Vec<(String, String)> = serde_json::from_str(&self.metadata).ok()?;
        let found = entries.into_iter().find(|(name, _)| kind(name));
        found.map(|(name, value)| format!("data:{name},{value}"))
    }

    fn metadata_entry(&self, is_wanted: impl Fn(&str) -> bool) -> Option<String> {
        let entries: Vec<Vec<Value>> = serde_json::from_str(&self.metadata).ok()?;
        let mut entries = entries.iter().filter_map(|entry| match entry.as_slice() {
            [Value::String(kind), Value::String(value), ..] => Some((kind, value)),
            _ => None,
        });
        let found = entries.find(|(kind, _)| is_wanted(kind));
        found.map(|(_, value)| value.clone())
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
