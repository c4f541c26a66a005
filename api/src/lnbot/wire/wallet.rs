//! Wallets and their keys.

use serde::{Deserialize, Serialize};

/// A new wallet.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewWallet {
    pub(crate) wallet_id: String,
    pub(crate) name: String,
    pub(crate) address: String,
}

/// A wallet and its money, in sat.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Wallet {
    pub(crate) wallet_id: String,
    pub(crate) name: String,
    pub(crate) balance: u64,
    pub(crate) on_hold: u64,
    pub(crate) available: u64,
}

/// A wallet in a list.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WalletEntry {
    pub(crate) wallet_id: String,
    pub(crate) name: String,
    pub(crate) created_at: String,
}

/// A wallet's name from now on.
#[derive(Deserialize)]
pub(crate) struct Rename {
    pub(crate) name: String,
}

/// A wallet's new key: shown once.
#[derive(Serialize)]
pub(crate) struct WalletKey {
    pub(crate) key: String,
    pub(crate) hint: String,
}

/// What is known of a wallet's key.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WalletKeyInfo {
    pub(crate) hint: String,
    pub(crate) created_at: String,
    pub(crate) last_used_at: Option<String>,
}
