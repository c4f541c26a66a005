//! Invoices, as answers have them.

use serde::Serialize;

/// An invoice.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Invoice {
    /// Counts the wallet's invoices from 1.
    pub(crate) number: u32,
    /// `pending`, `settled` or `expired`.
    pub(crate) status: &'static str,
    /// In sat.
    pub(crate) amount: u64,
    pub(crate) bolt11: String,
    pub(crate) reference: Option<String>,
    pub(crate) memo: Option<String>,
    /// Proof of payment, once it is paid.
    pub(crate) preimage: Option<String>,
    /// The transaction that it became.
    pub(crate) tx_number: Option<u32>,
    pub(crate) created_at: Option<String>,
    pub(crate) settled_at: Option<String>,
    pub(crate) expires_at: Option<String>,
}
