//! Shares of wallets: the documentation's fields and those of real servers.

use serde::{Deserialize, Serialize};

/// `PUT /wallet/share/invite`
#[derive(Debug, Deserialize)]
pub(crate) struct Invite {
    pub(crate) user_id: Option<String>,
    /// What real servers take instead.
    pub(crate) username: Option<String>,
    #[serde(default)]
    pub(crate) permissions: Vec<String>,
}

/// `PUT /wallet/share`
#[derive(Debug, Deserialize)]
pub(crate) struct AcceptShare {
    pub(crate) share_request_id: String,
}

/// A share, as the wallet's holder sees it.
#[derive(Serialize)]
pub(crate) struct Share {
    pub(crate) id: String,
    pub(crate) wallet_id: String,
    pub(crate) user_id: String,
    pub(crate) permissions: Vec<&'static str>,
    pub(crate) request_id: String,
    pub(crate) username: Option<String>,
    pub(crate) shared_with_wallet_id: Option<String>,
    pub(crate) status: &'static str,
    pub(crate) comment: Option<String>,
}

/// An answer that says that it is done in the words of the documentation and of real servers.
#[derive(Serialize)]
pub(crate) struct ShareDone {
    pub(crate) detail: &'static str,
    pub(crate) success: bool,
    pub(crate) message: &'static str,
}
