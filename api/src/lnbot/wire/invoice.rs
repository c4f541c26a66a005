//! Invoices: what is asked for, and what is answered.

use serde::{Deserialize, Serialize};

/// An invoice that its wallet wants.
#[derive(Deserialize)]
pub(crate) struct NewInvoice {
    /// In sat.
    pub(crate) amount: u64,
    pub(crate) memo: Option<String>,
    pub(crate) reference: Option<String>,
}

/// An invoice that somebody wants to pay to a wallet.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InvoiceForWallet {
    pub(crate) wallet_id: String,
    /// In sat.
    pub(crate) amount: u64,
    pub(crate) reference: Option<String>,
    pub(crate) comment: Option<String>,
}

/// An invoice that somebody wants to pay to a Lightning address.
#[derive(Deserialize)]
pub(crate) struct InvoiceForAddress {
    pub(crate) address: String,
    /// In sat.
    pub(crate) amount: u64,
    pub(crate) tag: Option<String>,
    pub(crate) comment: Option<String>,
}

/// What whoever asked for it gets.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StrangersInvoice {
    pub(crate) bolt11: String,
    /// In sat.
    pub(crate) amount: u64,
    pub(crate) expires_at: String,
}

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
