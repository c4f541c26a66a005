//! Whoever listens: opened like every call, and asked again with each sign of life. Owns when a stream
//! has outlived its key.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use till::holder::Wallet;
use till::id::{HolderId, WalletId};
use till::ledger::{Origin, WalletRef};
use till_actors::hub;
use till_actors::service::Bearer;

use crate::guard::Secret;
use crate::http::bearer;
use crate::lnbot::Lnbot;
use crate::lnbot::access::OwnWallet;
use crate::lnbot::error::Error;

/// Whoever listens to a wallet, by its own key or by its user's.
pub(in crate::lnbot) struct Listener {
    key: Secret,
    wallet: WalletId,
    holder: HolderId,
}

impl FromRequestParts<Lnbot> for Listener {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, lnbot: &Lnbot) -> Result<Self, Error> {
        let OwnWallet(wallet) = OwnWallet::from_request_parts(parts, lnbot).await?;
        let key = bearer(&parts.headers).unwrap_or_default();
        Ok(Self {
            key: Secret::new(key.to_owned()),
            wallet: wallet.id,
            holder: wallet.holder,
        })
    }
}

impl Listener {
    /// The wallet as the ledger knows it.
    pub(super) const fn account(&self) -> WalletRef {
        WalletRef::Wallet(self.wallet)
    }

    /// On whose account it listens.
    pub(super) const fn counted(&self) -> hub::Listener {
        hub::Listener::Holder(self.holder)
    }

    /// Whether the key still opens the wallet. That nobody could say is no reason to cut anybody off:
    /// the next sign of life asks again.
    pub(super) async fn is_welcome(&self, lnbot: &Lnbot) -> bool {
        let bearer = lnbot.service.bearer_of(Origin::Lnbot, self.key.reveal());
        match bearer.await {
            Ok(Some(Bearer::Wallet(own))) => own.id == self.wallet,
            Ok(Some(Bearer::Holder { holder, .. })) => {
                let wallet = lnbot.service.wallet(self.wallet).await;
                let owns = |wallet: Wallet| wallet.holder == holder.id && wallet.is_open();
                wallet.map_or(true, |wallet| wallet.is_some_and(owns))
            }
            Ok(None) => false,
            Err(_busy) => true,
        }
    }
}
