//! Lists, history and counts. Where documentation and reference name the same thing differently, both
//! names are sent.

use serde::Serialize;

use super::Payment;

/// `GET /payments/paginated`, `GET /payments/all/paginated`
#[derive(Serialize)]
pub(crate) struct Paginated {
    pub(crate) data: Vec<Payment>,
    pub(crate) total: u64,
}

/// `GET /payments/history`
#[derive(Serialize)]
pub(crate) struct HistoryPoint {
    pub(crate) date: String,
    pub(crate) income: i64,
    pub(crate) spending: i64,
    pub(crate) balance: i64,
}

/// `GET /payments/stats/daily`
#[derive(Serialize)]
pub(crate) struct Day {
    pub(crate) date: String,
    pub(crate) count: u64,
    pub(crate) total: i64,
    pub(crate) balance: i64,
    pub(crate) balance_in: i64,
    pub(crate) balance_out: i64,
    pub(crate) payments_count: u64,
    pub(crate) count_in: u64,
    pub(crate) count_out: u64,
    pub(crate) fee: i64,
}

/// `GET /payments/stats/count`: `tag` and `count` by the documentation, where tags are counted.
#[derive(Serialize)]
pub(crate) struct Count {
    pub(crate) field: String,
    pub(crate) total: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tag: Option<String>,
    pub(crate) count: u64,
}

/// `GET /payments/stats/wallets`
#[derive(Serialize)]
pub(crate) struct WalletStats {
    pub(crate) wallet_id: String,
    pub(crate) wallet_name: String,
    pub(crate) user_id: String,
    pub(crate) total_income: i64,
    pub(crate) total_spending: i64,
    pub(crate) payment_count: u64,
    pub(crate) payments_count: u64,
    pub(crate) balance: i64,
}

/// `GET /payments/stats/breakdown`
#[derive(Serialize)]
pub(crate) struct Breakdown {
    pub(crate) tag: Option<String>,
    pub(crate) is_fiat: bool,
    pub(crate) payments_count: u64,
    pub(crate) total: i64,
}
