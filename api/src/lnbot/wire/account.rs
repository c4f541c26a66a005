//! Accounts and keys.

use serde::{Deserialize, Serialize};

/// Somebody who has just come.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Registered {
    pub(crate) user_id: String,
    pub(crate) primary_key: String,
    pub(crate) secondary_key: String,
    pub(crate) recovery_passphrase: String,
}

/// Somebody who has come back.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Restored {
    pub(crate) user_id: String,
    /// Their first wallet, and its name; empty where there is none. The SDKs want texts.
    pub(crate) wallet_id: String,
    pub(crate) name: String,
    pub(crate) primary_key: String,
    pub(crate) secondary_key: String,
}

/// Whom a key speaks for.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Me {
    pub(crate) user_id: String,
    pub(crate) wallet_id: Option<String>,
    pub(crate) key_name: Option<&'static str>,
}

/// A user's new key.
#[derive(Serialize)]
pub(crate) struct RotatedKey {
    pub(crate) key: String,
    pub(crate) name: &'static str,
}

/// What gives an account back.
#[derive(Serialize)]
pub(crate) struct Passphrase {
    pub(crate) passphrase: String,
}

/// Somebody who wants their account back.
#[derive(Deserialize)]
pub(crate) struct Restore {
    pub(crate) passphrase: crate::guard::Secret,
}
