//! Invoices and payments.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::lenient;

/// `POST /payments`: makes an invoice, or pays one. Fields that nobody knows are passed over.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct CreatePayment {
    /// Real servers pay where it is absent.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub(crate) out: Option<bool>,
    /// A number, or a text that is one.
    pub(crate) amount: Option<Value>,
    pub(crate) unit: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) memo: Option<String>,
    /// SHA-256 of a description, hexadecimal.
    pub(crate) description_hash: Option<String>,
    /// A description of which the invoice carries the hash, its bytes in hexadecimal.
    pub(crate) unhashed_description: Option<String>,
    #[serde(default, deserialize_with = "lenient::whole")]
    pub(crate) expiry: Option<i64>,
    pub(crate) extra: Option<Value>,
    pub(crate) labels: Option<Vec<String>>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) external_id: Option<String>,
    pub(crate) webhook: Option<String>,
    pub(crate) bolt11: Option<String>,
    /// Where the invoice is sent, to be paid there: a callback of LUD-03 with what names it in it.
    pub(crate) lnurl_callback: Option<String>,
    /// The same as real servers have it: the whole answer of such an LNURL.
    pub(crate) lnurl_withdraw: Option<Map<String, Value>>,
    /// Whether what comes is held until its maker settles or cancels it.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub(crate) hold: Option<bool>,
    /// The hash of a hold invoice whose maker alone knows what opens it.
    pub(crate) payment_hash: Option<String>,
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
    pub(crate) fiat_provider: Option<String>,
    pub(crate) status: &'static str,
    pub(crate) memo: Option<String>,
    pub(crate) expiry: Option<String>,
    pub(crate) webhook: Option<String>,
    pub(crate) webhook_status: Option<String>,
    pub(crate) preimage: Option<String>,
    pub(crate) tag: Option<String>,
    pub(crate) extension: Option<String>,
    pub(crate) time: Value,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
    pub(crate) labels: Vec<String>,
    pub(crate) extra: Map<String, Value>,
    pub(crate) external_id: Option<String>,
    /// Whether the payer's money waits for the invoice's maker.
    pub(crate) held: bool,
    /// From this block on what is held goes back; none where no HTLC is held.
    pub(crate) held_until_height: Option<u32>,
}

/// `GET /payments/{checking_id}`
#[derive(Serialize)]
pub(crate) struct Status {
    pub(crate) paid: bool,
    pub(crate) status: &'static str,
    pub(crate) preimage: Option<String>,
    pub(crate) details: Payment,
}

/// `GET /payments/{checking_id}` without a key.
#[derive(Serialize)]
pub(crate) struct IsPaid {
    pub(crate) paid: bool,
}

/// `PATCH /payments/extra`
#[derive(Debug, Deserialize)]
pub(crate) struct AddExtra {
    pub(crate) payment_hash: String,
    pub(crate) extra: Value,
}

/// `PUT /payments/{checking_id}/labels`
#[derive(Debug, Deserialize)]
pub(crate) struct SetLabels {
    pub(crate) labels: Vec<String>,
}

/// What was done, for people.
#[derive(Serialize)]
pub(crate) struct Success {
    pub(crate) success: bool,
    pub(crate) message: &'static str,
}

/// `POST /payments/settle`; `PUT /payments/{checking_id}`, where it may be absent.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Settle {
    pub(crate) preimage: Option<String>,
}

/// `POST /payments/cancel`
#[derive(Debug, Deserialize)]
pub(crate) struct Cancel {
    pub(crate) payment_hash: String,
}

/// `POST /payments/decode`
#[derive(Debug, Deserialize)]
pub(crate) struct Decode {
    pub(crate) data: String,
    /// None, or an empty list, is all of them.
    pub(crate) filter_fields: Option<Vec<String>>,
}

/// `GET /payments/fee-reserve`
#[derive(Debug, Deserialize)]
pub(crate) struct FeeReserveQuery {
    pub(crate) invoice: Option<String>,
}

/// What is set aside for routing, in msat.
#[derive(Serialize)]
pub(crate) struct FeeReserve {
    pub(crate) fee_reserve: u64,
}
