//! A wallet's statement.

use serde::Serialize;

/// A line of it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Transaction {
    /// Counts the wallet's transactions from 1.
    pub(crate) number: u32,
    /// `credit` or `debit`.
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    /// By how much the balance changed, fees included, in sat.
    pub(crate) amount: u64,
    pub(crate) balance_after: u64,
    /// What routing cost of it.
    pub(crate) network_fee: u64,
    /// What the till's owner took of it.
    pub(crate) service_fee: u64,
    pub(crate) payment_hash: Option<String>,
    pub(crate) preimage: Option<String>,
    pub(crate) reference: Option<String>,
    pub(crate) note: Option<String>,
    pub(crate) created_at: Option<String>,
}
