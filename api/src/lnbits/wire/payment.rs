//! Invoices and payments.

use serde::{Deserialize, Serialize};

/// `POST /payments`
#[derive(Debug, Deserialize)]
pub(crate) struct CreatePayment {
    /// Real servers pay where it is absent.
    pub(crate) out: Option<bool>,
    pub(crate) amount: Option<u64>,
    pub(crate) memo: Option<String>,
    pub(crate) expiry: Option<u32>,
    pub(crate) bolt11: Option<String>,
}

/// An invoice or a payment.
#[derive(Serialize)]
pub(crate) struct Payment {
    pub(crate) checking_id: String,
    pub(crate) payment_hash: String,
    pub(crate) wallet_id: String,
    pub(crate) amount: i64,
    pub(crate) amount_msat: i64,
    pub(crate) fee: i64,
    pub(crate) fee_msat: i64,
    pub(crate) bolt11: Option<String>,
    pub(crate) payment_request: Option<String>,
    pub(crate) memo: Option<String>,
    pub(crate) status: &'static str,
    pub(crate) time: serde_json::Value,
    pub(crate) preimage: Option<String>,
}

/// `GET /payments/{checking_id}`
#[derive(Serialize)]
pub(crate) struct Status {
    pub(crate) paid: bool,
    pub(crate) status: &'static str,
    pub(crate) preimage: Option<String>,
    pub(crate) details: Payment,
}
