//! LNURL, as the one who is paid (LUD-06, LUD-12, LUD-16, LUD-21).

use serde::Serialize;

/// What can be paid.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PayRequest {
    /// `payRequest`
    pub(crate) tag: &'static str,
    /// Where an invoice is asked for.
    pub(crate) callback: String,
    /// In msat.
    pub(crate) min_sendable: u64,
    /// In msat.
    pub(crate) max_sendable: u64,
    /// JSON, as text: the invoice has its SHA-256.
    pub(crate) metadata: String,
    /// The longest comment, in characters.
    pub(crate) comment_allowed: usize,
}

/// An invoice.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PayInvoice {
    pub(crate) pr: String,
    /// Always empty, for old clients.
    pub(crate) routes: [(); 0],
    /// Nothing happens but that it is paid.
    pub(crate) success_action: Option<()>,
    /// Whether the payer should not keep the address: it can be paid again.
    pub(crate) disposable: bool,
    /// Where it shows whether it is paid (LUD-21).
    pub(crate) verify: String,
}

/// Whether an invoice is paid.
#[derive(Serialize)]
pub(crate) struct Verified {
    /// `OK`
    pub(crate) status: &'static str,
    pub(crate) settled: bool,
    /// Proof of payment.
    pub(crate) preimage: Option<String>,
    pub(crate) pr: String,
}
