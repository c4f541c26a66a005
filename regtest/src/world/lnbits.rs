//! The LNbits side of a world: the administrator's two wallets there, with their keys. Asked for when
//! somebody wants to know, so that a world which needs none is not kept waiting.

use serde::{Deserialize, Serialize};

use super::{ClientError, TillClient, World};

/// How many wallets there are to play with: one to pay, one to be paid.
const WALLETS: usize = 2;
/// What the wallets that are made beside the first are called.
const NAME: &str = "Second wallet";

/// A wallet and its keys.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct LnbitsWallet {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The key that allows everything.
    pub adminkey: String,
    /// The key that sees, and makes invoices.
    pub inkey: String,
}

impl World {
    /// The administrator's wallets on the LNbits surface, made where there are too few. Found once:
    /// keys that are replaced later are not seen here.
    ///
    /// # Errors
    /// If the till does not answer, or was set up when it had no such surface.
    pub async fn lnbits_wallets(&self) -> Result<&[LnbitsWallet], ClientError> {
        let found = self.inner.lnbits.get_or_try_init(|| self.find_wallets());
        found.await.map(Vec::as_slice)
    }

    async fn find_wallets(&self) -> Result<Vec<LnbitsWallet>, ClientError> {
        let (client, who) = (self.client(), self.credentials());
        let login = serde_json::json!({"username": who.name, "password": who.password});
        client.lnbits_login(&login).await?;
        let mut wallets: Vec<LnbitsWallet> = client.lnbits_get("/wallets").await?;
        while wallets.len() < WALLETS {
            let wanted = serde_json::json!({"name": NAME});
            wallets.push(client.lnbits_post("/wallet", &wanted).await?);
        }
        wallets.truncate(WALLETS);
        Ok(wallets)
    }
}

impl TillClient {
    /// The login is a cookie, which the client keeps.
    async fn lnbits_login(&self, login: &serde_json::Value) -> Result<(), ClientError> {
        let _token: serde_json::Value = self.lnbits_post("/auth", login).await?;
        Ok(())
    }
}
