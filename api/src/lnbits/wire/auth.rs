//! Accounts and logins.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::WalletEntry;
use crate::guard::Secret;

/// `POST /auth`
#[derive(Debug, Deserialize)]
pub(crate) struct Login {
    pub(crate) username: String,
    pub(crate) password: Secret,
}

/// `POST /auth/register`
#[derive(Debug, Deserialize)]
pub(crate) struct Register {
    pub(crate) username: String,
    pub(crate) password: Secret,
    pub(crate) password_repeat: Option<Secret>,
}

/// A login.
#[derive(Serialize)]
pub(crate) struct LoggedIn {
    pub(crate) access_token: String,
    pub(crate) token_type: &'static str,
}

/// `POST /auth/logout`
#[derive(Serialize)]
pub(crate) struct LoggedOut {
    pub(crate) status: &'static str,
}

/// `GET /auth`
#[derive(Serialize)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) username: Option<String>,
    pub(crate) activated: bool,
    pub(crate) admin: bool,
    pub(crate) super_user: bool,
    pub(crate) has_password: bool,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
    pub(crate) email: Option<String>,
    pub(crate) pubkey: Option<String>,
    pub(crate) external_id: Option<String>,
    pub(crate) extensions: Vec<String>,
    pub(crate) wallets: Vec<WalletEntry>,
    pub(crate) fiat_providers: Vec<String>,
    pub(crate) ui_customization: Map<String, Value>,
    pub(crate) extra: AccountExtra,
}

/// What LNbits keeps beside an account.
#[derive(Serialize)]
pub(crate) struct AccountExtra {
    pub(crate) provider: &'static str,
    pub(crate) email_verified: bool,
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
    pub(crate) display_name: Option<String>,
    pub(crate) picture: Option<String>,
    pub(crate) visible_wallet_count: u32,
    pub(crate) labels: Vec<String>,
    pub(crate) notifications: Map<String, Value>,
    pub(crate) wallet_invite_requests: Vec<Invitation>,
}

/// An invitation, as the invited one sees it.
#[derive(Serialize)]
pub(crate) struct Invitation {
    pub(crate) request_id: String,
    pub(crate) from_user_name: Option<String>,
    pub(crate) to_wallet_id: String,
    pub(crate) to_wallet_name: String,
    pub(crate) permissions: Vec<&'static str>,
}
