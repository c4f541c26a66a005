//! LNURL, withdrawals by card, and prices of currencies.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

/// `POST /payments/lnurl`: LNbits' servers want `res` or `lnurl`, its reference has `callback` and
/// `description_hash`.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct PayLnurl {
    /// What a scan answered, or at least what of it is needed to pay.
    pub(crate) res: Option<Map<String, Value>>,
    pub(crate) lnurl: Option<String>,
    pub(crate) callback: Option<String>,
    pub(crate) description_hash: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) amount: Option<Number>,
    pub(crate) unit: Option<String>,
    pub(crate) comment: Option<String>,
    pub(crate) internal_memo: Option<String>,
}

/// `POST /payments/{payment_request}/pay-with-nfc`
#[derive(Debug, Deserialize)]
pub(crate) struct PayWithNfc {
    pub(crate) lnurl_w: String,
}

/// Its answer.
#[derive(Serialize)]
pub(crate) struct PaidWithNfc {
    pub(crate) status: &'static str,
    pub(crate) success: bool,
    pub(crate) detail: &'static str,
}

/// `GET /rate/{currency}`
#[derive(Serialize)]
pub(crate) struct Rate {
    /// Satoshis for one unit.
    pub(crate) rate: f64,
    /// Units for one bitcoin.
    pub(crate) price: f64,
    /// When the price was taken, in unix seconds.
    pub(crate) at: u64,
}
