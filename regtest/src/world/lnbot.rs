//! The ln.bot side of a world: an account with a wallet and its key. Made when somebody wants to know,
//! and kept beside the world's other passwords: the till shows such keys once.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ClientError, World};

const FILE: &str = "lnbot.json";

/// An account's key, and its wallet.
#[derive(Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LnbotAccount {
    /// `uk_...`: all wallets of the account.
    pub user_key: String,
    /// `wal_...`
    pub wallet_id: String,
    /// `wk_...`: that wallet alone.
    pub wallet_key: String,
    /// The wallet's Lightning address.
    pub address: String,
}

impl std::fmt::Debug for LnbotAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LnbotAccount")
            .field("wallet_id", &self.wallet_id)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Registered {
    primary_key: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewWallet {
    wallet_id: String,
    address: String,
}

#[derive(Deserialize)]
struct WalletKey {
    key: String,
}

impl World {
    /// An account on the ln.bot surface: the same as long as the world's folder is.
    ///
    /// # Errors
    /// If the till does not answer, or lets nobody register.
    pub async fn lnbot_account(&self) -> Result<&LnbotAccount, ClientError> {
        self.inner
            .lnbot
            .get_or_try_init(|| self.find_account())
            .await
    }

    async fn find_account(&self) -> Result<LnbotAccount, ClientError> {
        if let Some(known) = load(self.dir()) {
            return Ok(known);
        }
        let client = self.client();
        let registered: Registered = client.lnbot(&Method::POST, "/register", None).await?;
        let user_key = registered.primary_key;
        let by_user = Some(user_key.as_str());
        let wallet: NewWallet = client.lnbot(&Method::POST, "/wallets", by_user).await?;
        let path = format!("/wallets/{}/key", wallet.wallet_id);
        let given: WalletKey = client.lnbot(&Method::POST, &path, by_user).await?;
        let account = LnbotAccount {
            user_key,
            wallet_id: wallet.wallet_id,
            wallet_key: given.key,
            address: wallet.address,
        };
        if let Err(error) = save(self.dir(), &account) {
            tracing::warn!(%error, "the account is not kept for the next start");
        }
        Ok(account)
    }
}

fn load(dir: &Path) -> Option<LnbotAccount> {
    let text = std::fs::read(dir.join(FILE)).ok()?;
    serde_json::from_slice(&text).ok()
}

fn save(dir: &Path, account: &LnbotAccount) -> std::io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(dir.join(FILE))?;
    let text = serde_json::to_value(account).unwrap_or(Value::Null);
    file.write_all(text.to_string().as_bytes())
}
