//! Lightning addresses.

use serde::{Deserialize, Serialize};

/// An address that is wanted; `null` for any.
#[derive(Deserialize)]
pub(crate) struct NewAddress {
    pub(crate) address: Option<String>,
}

/// An address.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Address {
    /// `name@domain`
    pub(crate) address: String,
    /// Whether nobody chose it.
    pub(crate) generated: bool,
    /// What was paid for it, in sat.
    pub(crate) cost: u64,
    pub(crate) created_at: Option<String>,
}

/// Whose an address shall be.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TransferAddress {
    pub(crate) target_wallet_key: crate::guard::Secret,
}

/// Whose it is now.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TransferredAddress {
    pub(crate) address: String,
    pub(crate) transferred_to: String,
}

/// What the domain's owner puts into its DNS, so that the address can be paid by BIP 353, too.
#[derive(Serialize)]
pub(crate) struct Bip353 {
    /// The record's name.
    pub(crate) record: String,
    pub(crate) r#type: &'static str,
    /// Its text.
    pub(crate) value: String,
}
