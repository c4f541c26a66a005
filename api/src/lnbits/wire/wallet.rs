//! Wallets, as keys and logins show them.

use serde::{Deserialize, Serialize};

use super::Share;

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

/// A wallet in a list: the documentation's fields and those of real servers.
#[derive(Serialize)]
pub(crate) struct WalletEntry {
    pub(crate) id: String,
    pub(crate) user: String,
    pub(crate) wallet_type: &'static str,
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) adminkey: Option<String>,
    pub(crate) inkey: String,
    /// In msat, like `balance_msat`.
    pub(crate) balance: u64,
    pub(crate) balance_msat: u64,
    pub(crate) currency: Option<String>,
    pub(crate) shared_wallet_id: Option<String>,
    pub(crate) deleted: bool,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
    pub(crate) lightning_address: Option<String>,
    pub(crate) extra: WalletExtra,
    pub(crate) stored_paylinks: PayLinks,
    pub(crate) share_permissions: Vec<&'static str>,
}

/// What LNbits keeps beside a wallet.
#[derive(Serialize)]
pub(crate) struct WalletExtra {
    pub(crate) icon: &'static str,
    pub(crate) color: &'static str,
    pub(crate) pinned: bool,
    pub(crate) shared_with: Vec<Share>,
}

/// LNbits' stored pay links, of which there are none here.
#[derive(Serialize)]
pub(crate) struct PayLinks {
    pub(crate) links: [(); 0],
}

/// `GET /wallet/paginated`
#[derive(Serialize)]
pub(crate) struct WalletPage {
    pub(crate) data: Vec<WalletEntry>,
    pub(crate) total: usize,
}

/// The query of `GET /wallet/paginated`.
#[derive(Debug, Deserialize)]
pub(crate) struct WalletQuery {
    pub(crate) limit: Option<usize>,
    pub(crate) offset: Option<usize>,
    pub(crate) search: Option<String>,
}

/// `PUT /wallet` and `PATCH /wallet`
#[derive(Debug, Deserialize)]
pub(crate) struct ChangeWallet {
    pub(crate) name: Option<String>,
    /// An empty text is none.
    pub(crate) currency: Option<String>,
}

/// `POST /wallet` and `POST /account`
#[derive(Debug, Deserialize)]
pub(crate) struct NewWallet {
    pub(crate) name: Option<String>,
    /// That of a shared wallet takes an invitation to the wallet named below.
    pub(crate) wallet_type: Option<String>,
    pub(crate) shared_wallet_id: Option<String>,
}

/// `GET /wallet/webhook-secret`
#[derive(Serialize)]
pub(crate) struct WebhookSecret {
    pub(crate) secret: String,
}
