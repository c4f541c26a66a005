//! Set-up, login, staff and health.

use serde::{Deserialize, Serialize};

use crate::guard::Secret;

/// `GET /initial-setup`
#[derive(Serialize)]
pub(crate) struct SetupState {
    pub(crate) initialized: bool,
}

/// `POST /initial-setup`
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SetupRequest {
    pub(crate) user_name: String,
    pub(crate) user_password: Secret,
    pub(crate) user_pin: Secret,
    pub(crate) wallet_password: Option<Secret>,
    pub(crate) business_name: Option<String>,
    pub(crate) business_currency: Option<String>,
}

/// `POST /initial-setup`, once done.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SetupDone {
    pub(crate) message: &'static str,
    pub(crate) user_id: String,
    pub(crate) role_id: u8,
}

/// `POST /auth/login`
#[derive(Deserialize)]
pub(crate) struct LoginRequest {
    pub(crate) name: String,
    pub(crate) pin: Option<Secret>,
    pub(crate) password: Option<Secret>,
}

/// `POST /auth/login`, once in.
#[derive(Serialize)]
pub(crate) struct LoggedIn {
    pub(crate) message: &'static str,
    pub(crate) user: User,
}

/// A member of staff.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct User {
    pub(crate) user_id: String,
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) role_id: u8,
    pub(crate) is_admin: bool,
}

/// What a member of staff may do.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    Cashier,
    Admin,
}

/// `POST /users`
#[derive(Deserialize)]
pub(crate) struct NewUser {
    #[serde(alias = "userName")]
    pub(crate) name: String,
    #[serde(alias = "userPassword")]
    pub(crate) password: Secret,
    #[serde(alias = "userPin")]
    pub(crate) pin: Secret,
    pub(crate) role: Role,
}

/// `PATCH /users/{id}`: what is absent stays as it is.
#[derive(Deserialize)]
pub(crate) struct ChangedUser {
    #[serde(alias = "userName")]
    pub(crate) name: Option<String>,
    #[serde(alias = "userPassword")]
    pub(crate) password: Option<Secret>,
    #[serde(alias = "userPin")]
    pub(crate) pin: Option<Secret>,
    pub(crate) role: Option<Role>,
}

/// `POST /auth/refresh`
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Refreshed {
    pub(crate) message: &'static str,
    pub(crate) access_token: String,
}

/// An answer of one sentence.
#[derive(Serialize)]
pub(crate) struct Message {
    pub(crate) message: &'static str,
}

/// An answer of one word.
#[derive(Serialize)]
pub(crate) struct Status {
    pub(crate) status: &'static str,
}

/// `GET /readyz`
#[derive(Serialize)]
pub(crate) struct Ready {
    pub(crate) status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) notice: Option<&'static str>,
}

/// `POST /wallet/auth`
#[derive(Deserialize)]
pub(crate) struct WalletAuthRequest {
    pub(crate) password: Secret,
}

/// `POST /wallet/auth`, once in.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WalletOpened {
    pub(crate) message: &'static str,
    pub(crate) wallet_token_expires_at: u64,
}

/// `POST /wallet/password`
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewWalletPassword {
    pub(crate) current_password: Secret,
    pub(crate) new_password: Secret,
}

/// `GET /wallet/webhooksecret`
#[derive(Debug, Serialize)]
pub(crate) struct WebhookSecret {
    /// `whsec_` and base64, as Standard Webhooks has it.
    pub(crate) secret: String,
}

/// `GET /wallet/seed`
#[derive(Serialize)]
pub(crate) struct Seed<'a> {
    pub(crate) seed: &'a str,
}

/// `GET /wallet/auditlog`
#[derive(Deserialize)]
pub(crate) struct LogQuery {
    pub(crate) limit: Option<usize>,
    pub(crate) offset: Option<u64>,
}

/// One line of the access log.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LogLine {
    pub(crate) at: u64,
    pub(crate) user_id: String,
    pub(crate) user_name: String,
    pub(crate) action: &'static str,
    pub(crate) detail: String,
}

/// `GET /api/health`
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Health {
    pub(crate) status: &'static str,
    pub(crate) timestamp: u64,
    pub(crate) ready: bool,
    pub(crate) reason: Option<String>,
    pub(crate) chain: String,
    pub(crate) block_height: u32,
    pub(crate) version: String,
}
