//! Wallets, as LNbits shows them.

use serde::Serialize;

/// `GET /wallet`: balances are in msat.
#[derive(Serialize)]
pub(crate) struct Wallet {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) balance: u64,
    pub(crate) inkey: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) adminkey: Option<String>,
    pub(crate) currency: Option<String>,
}
