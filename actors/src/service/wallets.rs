//! A wallet's life after it was made: another name, other keys, its end. Owns how the invoices of a
//! wallet that goes are found; whether it may go is the ledger's to say.

use till::holder::{KeyScope, Wallet};
use till::id::{HolderId, PaymentHash, SecretHash, WalletId};
use till::invoice::Invoice;
use till::ledger::{HolderCommand, Origin, Refusal, WalletRef};
use till::time::Timestamp;

use super::Service;
use super::types::ServiceError;

/// How often a wallet's invoices are looked for before its deletion is given up: others may be made
/// while it is looked.
const DELETE_TRIES: u32 = 5;

impl Service {
    /// Gives a wallet another name or currency; an empty currency is none.
    ///
    /// # Errors
    /// [`Refusal::UnknownWallet`] if it was deleted.
    pub async fn change_wallet(
        &self,
        wallet: WalletId,
        name: Option<String>,
        currency: Option<String>,
    ) -> Result<Wallet, ServiceError> {
        let change = HolderCommand::ChangeWallet {
            wallet,
            name,
            currency,
        };
        self.parts.ledger.execute(change).await?;
        self.row::<Wallet>(&wallet)?.ok_or(ServiceError::Unknown)
    }

    /// Gives a wallet other keys on a surface; those of before stop being good.
    ///
    /// # Errors
    /// [`Refusal::UnknownWallet`] if it was deleted, [`Refusal::WrongState`] if somebody else does
    /// the same just now.
    pub async fn replace_keys(&self, origin: Origin, id: WalletId) -> Result<Wallet, ServiceError> {
        let wallet = self.row::<Wallet>(&id)?;
        let wallet = wallet.ok_or(ServiceError::Refused(Refusal::UnknownWallet))?;
        let epoch = wallet.epoch;
        let next = Wallet {
            epoch: epoch.saturating_add(1),
            ..wallet.clone()
        };
        let scopes = [KeyScope::Admin, KeyScope::Invoice];
        let old = |scope| SecretHash::of(self.key_text(origin, scope, &wallet).as_bytes());
        let replace = HolderCommand::ReplaceKeys {
            wallet: id,
            epoch,
            old: scopes.map(old).into(),
            new: scopes
                .map(|scope| self.new_key(origin, scope, &next))
                .into(),
        };
        self.parts.ledger.execute(replace).await?;
        self.row::<Wallet>(&id)?.ok_or(ServiceError::Unknown)
    }

    /// Deletes a wallet: its open invoices are cancelled, and what is left in it is the house's.
    ///
    /// # Errors
    /// [`Refusal::WalletBusy`] while anything is pending or held in it, [`Refusal::UnknownWallet`]
    /// if it was deleted before.
    pub async fn delete_wallet(&self, wallet: WalletId) -> Result<(), ServiceError> {
        let mut tries = 1;
        loop {
            let live = self.live_invoices(wallet).await?;
            let delete = HolderCommand::DeleteWallet { wallet, live };
            let done = self.parts.ledger.execute(delete).await;
            match done.map_err(ServiceError::from) {
                Ok(_) => return Ok(()),
                Err(ServiceError::Refused(Refusal::WrongState)) if tries < DELETE_TRIES => {
                    tries += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Ends all logins of a holder.
    ///
    /// # Errors
    /// [`Refusal::UnknownHolder`] if they are gone.
    pub async fn end_logins(&self, holder: HolderId) -> Result<(), ServiceError> {
        let end = HolderCommand::EndLogins { holder };
        self.parts.ledger.execute(end).await?;
        Ok(())
    }

    /// A wallet's invoices that are open, being claimed or held. There are few such at any time over
    /// all wallets, so they are looked through.
    async fn live_invoices(&self, wallet: WalletId) -> Result<Vec<PaymentHash>, ServiceError> {
        let whose = WalletRef::Wallet(wallet);
        self.read(move |views| {
            let end_of_time = Timestamp::from_millis(u64::MAX);
            let (mut hashes, _) = views.overdue(end_of_time, usize::MAX)?;
            hashes.extend(views.to_be_tended()?);
            let mut live = Vec::new();
            for hash in hashes {
                let invoice = views.get::<Invoice>(&hash)?;
                let is_its = |row: &Invoice| row.wallet == whose && row.is_live();
                live.extend(invoice.filter(is_its).map(|row| row.hash));
            }
            Ok(live)
        })
        .await
    }
}
