//! L402: what is asked for by a macaroon, judged and paid.

use serde::{Deserialize, Serialize};

/// What shall be paid for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewChallenge {
    /// In sat.
    pub(crate) amount: u64,
    pub(crate) description: Option<String>,
    /// How long the token is good.
    pub(crate) expiry_seconds: Option<u64>,
    pub(crate) caveats: Option<Vec<String>>,
}

/// What a seller sends on.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Challenge {
    pub(crate) macaroon: String,
    pub(crate) invoice: String,
    pub(crate) payment_hash: String,
    /// When the token ends.
    pub(crate) expires_at: String,
    pub(crate) www_authenticate: String,
}

/// What a buyer sent.
#[derive(Deserialize)]
pub(crate) struct Token {
    pub(crate) authorization: crate::guard::Secret,
}

/// Whether it is good.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Verdict {
    pub(crate) valid: bool,
    pub(crate) payment_hash: Option<String>,
    pub(crate) caveats: Option<Vec<String>>,
    pub(crate) error: Option<&'static str>,
}

/// What a seller asks for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PayChallenge {
    pub(crate) www_authenticate: String,
    /// In sat.
    pub(crate) max_fee: Option<u64>,
    pub(crate) reference: Option<String>,
    /// Whether the answer waits for the outcome.
    pub(crate) wait: Option<bool>,
    /// For how long, in seconds.
    pub(crate) timeout: Option<u64>,
}

/// What to send to the seller, once it is paid.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PaidChallenge {
    pub(crate) authorization: Option<String>,
    pub(crate) payment_hash: String,
    pub(crate) preimage: Option<String>,
    /// In sat.
    pub(crate) amount: u64,
    /// In sat, once it is paid.
    pub(crate) fee: Option<u64>,
    pub(crate) payment_number: u32,
    pub(crate) status: &'static str,
}
