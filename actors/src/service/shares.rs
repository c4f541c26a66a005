//! Wallets that their holders share with others. Owns the keys that an accepted share brings; what
//! may be done by them is the surface's to enforce.

use till::holder::{Holder, Key, KeyScope, Permissions, Share, Wallet};
use till::id::{HolderId, SecretHash, ShareId, WalletId};
use till::ledger::{HolderCommand, Origin, Refusal, ShareCommand};
use till::time::Timestamp;

use super::Service;
use super::types::ServiceError;

/// A wallet that somebody else shares.
#[derive(Clone, Debug)]
pub struct SharedWallet {
    /// The wallet.
    pub wallet: Wallet,
    /// What of it is shared.
    pub share: Share,
}

impl Service {
    /// Invites a holder to a wallet.
    ///
    /// # Errors
    /// [`Refusal::UnknownHolder`], or [`Refusal::AlreadyInvited`] for who is invited, or owns it.
    pub async fn invite(
        &self,
        wallet: WalletId,
        to: HolderId,
        permissions: Permissions,
    ) -> Result<Share, ServiceError> {
        let invite = ShareCommand::Invite {
            wallet,
            to,
            permissions,
        };
        self.share_command(invite).await?;
        self.row::<Share>(&Share::id_of(wallet, to))?
            .ok_or(ServiceError::Unknown)
    }

    /// Takes a share that this holder was invited to: it comes with keys of their own.
    ///
    /// # Errors
    /// [`Refusal::UnknownShare`] if there is no such invitation to them.
    pub async fn accept_share(
        &self,
        origin: Origin,
        by: HolderId,
        id: ShareId,
    ) -> Result<SharedWallet, ServiceError> {
        let share = self.invitation(by, id)?;
        let keys = [KeyScope::Admin, KeyScope::Invoice];
        let keys = keys.map(|scope| self.share_key(origin, scope, &share));
        let accept = ShareCommand::Accept {
            share: id,
            epoch: share.epoch,
            keys: keys.into(),
        };
        self.share_command(accept).await?;
        let share = self.row::<Share>(&id)?.ok_or(ServiceError::Unknown)?;
        let wallet = self.row::<Wallet>(&share.wallet)?;
        let wallet = wallet.ok_or(ServiceError::Unknown)?;
        Ok(SharedWallet { wallet, share })
    }

    /// Turns an invitation down.
    ///
    /// # Errors
    /// [`Refusal::UnknownShare`] if there is no such invitation to them.
    pub async fn reject_share(&self, by: HolderId, id: ShareId) -> Result<(), ServiceError> {
        self.invitation(by, id)?;
        self.share_command(ShareCommand::Reject { share: id }).await
    }

    /// Gives an accepted share back.
    ///
    /// # Errors
    /// [`Refusal::UnknownShare`] if they have no such share.
    pub async fn leave_share(&self, by: HolderId, id: ShareId) -> Result<(), ServiceError> {
        let share = self.row::<Share>(&id)?;
        let share = share.filter(|share| share.to == by && share.is_accepted());
        share.ok_or(ServiceError::Refused(Refusal::UnknownShare))?;
        self.share_command(ShareCommand::Reject { share: id }).await
    }

    /// Takes a share or an invitation back: its keys are good no more.
    ///
    /// # Errors
    /// [`Refusal::UnknownShare`] if the wallet has no such share.
    pub async fn revoke_share(&self, of: WalletId, id: ShareId) -> Result<(), ServiceError> {
        let share = self.row::<Share>(&id)?;
        let share = share.filter(|share| share.wallet == of);
        share.ok_or(ServiceError::Refused(Refusal::UnknownShare))?;
        self.share_command(ShareCommand::Revoke { share: id }).await
    }

    /// The share with this id.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read.
    pub async fn share(&self, id: ShareId) -> Result<Option<Share>, ServiceError> {
        self.row::<Share>(&id)
    }

    /// What is shared with a holder, invitations included. Wallets that were deleted are left out.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read.
    pub async fn shared_with(&self, holder: HolderId) -> Result<Vec<SharedWallet>, ServiceError> {
        self.read(move |views| {
            let mut shared = Vec::new();
            for share in views.shares_to(holder)? {
                let wallet = views.get::<Wallet>(&share.wallet)?;
                let wallet = wallet.filter(Wallet::is_open);
                shared.extend(wallet.map(|wallet| SharedWallet { wallet, share }));
            }
            Ok(shared)
        })
        .await
    }

    /// With whom a wallet is shared, invitations included.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read.
    pub async fn shares_of(
        &self,
        wallet: WalletId,
    ) -> Result<Vec<(Share, Option<Holder>)>, ServiceError> {
        self.read(move |views| {
            let shares = views.shares_of(wallet)?.into_iter();
            let named = shares.map(|share| {
                let holder = views.get::<Holder>(&share.to)?;
                Ok((share, holder))
            });
            named.collect()
        })
        .await
    }

    fn invitation(&self, by: HolderId, id: ShareId) -> Result<Share, ServiceError> {
        let share = self.row::<Share>(&id)?;
        let share = share.filter(|share| share.to == by && share.is_invited());
        share.ok_or(ServiceError::Refused(Refusal::UnknownShare))
    }

    fn share_key(&self, origin: Origin, scope: KeyScope, share: &Share) -> Key {
        let text = self.share_key_text(origin, scope, share);
        Key {
            hash: SecretHash::of(text.as_bytes()),
            origin,
            scope,
            holder: share.to,
            wallet: Some(share.wallet),
            share: Some(share.id),
            created_at: Timestamp::default(),
            revoked_at: None,
            hint: None,
            last_used_at: None,
        }
    }

    async fn share_command(&self, command: ShareCommand) -> Result<(), ServiceError> {
        self.parts
            .ledger
            .execute(HolderCommand::Share(command))
            .await?;
        Ok(())
    }
}
