//! Payments, asked for and as they stand, and whom they are to.

use serde::{Deserialize, Serialize};

/// An outgoing payment.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Payment {
    /// Counts the wallet's payments from 1.
    pub(crate) number: u32,
    /// `pending`, `processing`, `settled` or `failed`.
    pub(crate) status: &'static str,
    /// What the recipient gets, in sat.
    pub(crate) amount: u64,
    /// The most that routing may cost, in sat.
    pub(crate) max_fee: u64,
    /// What the till's owner takes, in sat.
    pub(crate) service_fee: u64,
    /// What routing cost, in sat, once that is known.
    pub(crate) actual_fee: Option<u64>,
    /// What was named as the recipient.
    pub(crate) address: String,
    pub(crate) reference: Option<String>,
    /// Proof of payment.
    pub(crate) preimage: Option<String>,
    /// The transaction that it became.
    pub(crate) tx_number: Option<u32>,
    pub(crate) failure_reason: Option<String>,
    pub(crate) created_at: Option<String>,
    pub(crate) settled_at: Option<String>,
    /// Where it is, more precisely than its status.
    pub(crate) stage: &'static str,
    /// The same in words.
    pub(crate) status_detail: Option<String>,
    /// Until when it is tried again.
    pub(crate) retry_until: Option<String>,
}

/// Somebody to be paid.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewPayment {
    /// An invoice, an offer, an address, an LNURL.
    pub(crate) target: String,
    /// In sat.
    pub(crate) amount: Option<i64>,
    /// Makes a repeat the same payment.
    pub(crate) idempotency_key: Option<String>,
    /// The most that routing may cost, in sat.
    pub(crate) max_fee: Option<i64>,
    pub(crate) reference: Option<String>,
}

/// Whom a text stands for, and what paying them would cost; amounts in sat.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Resolved {
    /// `address`, `lnurl`, `bolt11` or `offer`.
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) min: Option<u64>,
    pub(crate) max: Option<u64>,
    /// Whether the recipient names the amount.
    pub(crate) fixed: bool,
    pub(crate) amount: Option<u64>,
    /// Whether it is a wallet of this till's.
    pub(crate) internal: bool,
    pub(crate) network_fee_estimate: Option<u64>,
    pub(crate) service_fee: Option<u64>,
    pub(crate) max_fee: Option<u64>,
    pub(crate) total: Option<u64>,
    pub(crate) max_sendable: Option<u64>,
    pub(crate) fee_warning: Option<String>,
}
