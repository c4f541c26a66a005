//! Wallets, shares and accounts between rows and wire types. Owns the spelling of permissions, and
//! the rules for names.

use till::holder::{Holder, KeyScope, Permissions, Share, ShareState, Wallet};
use till::id::{HolderId, WalletId};
use till::ledger::Origin;
use till::money::Msat;
use till_actors::service::ServiceError;

use super::dialect::iso;
use super::error::Error;
use super::{Dialect, Lnbits, currency, wire};

/// What a wallet is called if nobody says.
pub(super) const DEFAULT_NAME: &str = "LNbits wallet";
/// What LNbits calls a wallet that somebody else shares.
pub(super) const SHARED: &str = "lightning-shared";
/// The longest name of a wallet, in bytes.
const MAX_WALLET_NAME_BYTES: usize = 128;
/// The shortest and longest name to log in with, in bytes.
const USERNAME_BYTES: std::ops::RangeInclusive<usize> = 2..=64;
/// The shortest and longest password, in bytes.
const PASSWORD_BYTES: std::ops::RangeInclusive<usize> = 8..=128;

/// Each permission: its name in the documentation, and on real servers.
const PERMISSIONS: [(&str, &str, Permissions); 4] = {
    const NONE: Permissions = Permissions {
        view: false,
        receive: false,
        send: false,
        manage: false,
    };
    [
        (
            "VIEW_PAYMENTS",
            "view-payments",
            Permissions { view: true, ..NONE },
        ),
        (
            "RECEIVE_PAYMENTS",
            "receive-payments",
            Permissions {
                receive: true,
                ..NONE
            },
        ),
        (
            "SEND_PAYMENTS",
            "send-payments",
            Permissions { send: true, ..NONE },
        ),
        (
            "MANAGE",
            "manage",
            Permissions {
                manage: true,
                ..NONE
            },
        ),
    ]
};

/// The permissions that a request names.
pub(super) fn permissions(dialect: Dialect, names: &[String]) -> Result<Permissions, Error> {
    let mut all = Permissions::default();
    for name in names {
        let found = PERMISSIONS.iter().find(|(a, b, _)| name == a || name == b);
        let Some((_, _, one)) = found else {
            let known = permission_names(dialect, Permissions::ALL).join(", ");
            let why = format!("each is one of {known}");
            return Err(Error::field(dialect, "permissions", why));
        };
        all = Permissions {
            view: all.view || one.view,
            receive: all.receive || one.receive,
            send: all.send || one.send,
            manage: all.manage || one.manage,
        };
    }
    if all.any() {
        return Ok(all);
    }
    Err(Error::field(
        dialect,
        "permissions",
        "at least one is needed",
    ))
}

/// The names of permissions: the documentation's, or those of real servers.
pub(super) fn permission_names(dialect: Dialect, of: Permissions) -> Vec<&'static str> {
    let known = PERMISSIONS.iter().filter(|(_, _, one)| of.include(*one));
    let names = known.map(|(documented, v1, _)| match dialect {
        Dialect::Documented => *documented,
        Dialect::V1 => *v1,
    });
    names.collect()
}

/// A wallet's name.
pub(super) fn wallet_name(dialect: Dialect, text: &str) -> Result<String, Error> {
    let text = text.trim();
    if (1..=MAX_WALLET_NAME_BYTES).contains(&text.len()) && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    let why = format!("must be 1 to {MAX_WALLET_NAME_BYTES} bytes, without control characters");
    Err(Error::field(dialect, "name", why))
}

/// A wallet's currency; an empty text is none.
pub(super) fn wallet_currency(dialect: Dialect, text: &str) -> Result<String, Error> {
    if text.trim().is_empty() {
        return Ok(String::new());
    }
    let known = currency::code(text).map(str::to_owned);
    known.ok_or_else(|| Error::field(dialect, "currency", "is no currency code of ISO 4217"))
}

/// A name to log in with.
pub(super) fn username(dialect: Dialect, text: &str) -> Result<String, Error> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if USERNAME_BYTES.contains(&text.len()) && text.chars().all(plain) {
        return Ok(text.to_owned());
    }
    let why = "must be 2 to 64 letters, digits, dots, dashes or underscores";
    Err(Error::field(dialect, "username", why))
}

/// A new password.
pub(super) fn password(dialect: Dialect, text: &str) -> Result<(), Error> {
    if PASSWORD_BYTES.contains(&text.len()) {
        return Ok(());
    }
    Err(Error::field(dialect, "password", "must be 8 to 128 bytes"))
}

/// A share as the wallet's holder sees it.
pub(super) fn share(dialect: Dialect, share: &Share, to: Option<&Holder>) -> wire::Share {
    let wallet_id = share.wallet.to_string();
    wire::Share {
        id: share.id.to_string(),
        wallet_id: wallet_id.clone(),
        user_id: share.to.to_string(),
        permissions: permission_names(dialect, share.permissions),
        request_id: share.id.to_string(),
        username: to.and_then(|holder| holder.name.clone()),
        shared_with_wallet_id: share.is_accepted().then_some(wallet_id),
        status: match share.state {
            ShareState::Invited => "invite_sent",
            ShareState::Accepted => "approved",
            ShareState::Rejected => "rejected",
            ShareState::Revoked => "revoked",
        },
        comment: None,
    }
}

impl Lnbits {
    /// What the surface calls a wallet's balance. LNbits takes off what is set aside for payments that are
    /// under way: clients offer their users to spend it all.
    pub(super) async fn balance(&self, wallet: WalletId) -> Result<Msat, ServiceError> {
        Ok(self.service.wallet_balance(wallet).await?.available)
    }

    /// A wallet's key as whoever has the wallet sees it: a share comes with keys of its own.
    pub(super) fn key(&self, scope: KeyScope, wallet: &Wallet, by: Option<&Share>) -> String {
        match by {
            None => self.service.key_text(Origin::Lnbits, scope, wallet),
            Some(share) => self.service.share_key_text(Origin::Lnbits, scope, share),
        }
    }

    /// The wallets whose payments a holder may see: their own, and then those that others share with them
    /// so far.
    pub(super) async fn seen_by(&self, holder: HolderId) -> Result<Vec<Wallet>, Error> {
        let mut wallets = self.service.wallets_of(holder).await?;
        let shared = self.service.shared_with(holder).await?.into_iter();
        let shared = shared.filter(|one| one.share.is_accepted() && one.share.permissions.view);
        wallets.extend(shared.map(|one| one.wallet));
        Ok(wallets)
    }

    /// A wallet with everything that its holder, or the one it is shared with, may know.
    pub(super) async fn entry(
        &self,
        wallet: &Wallet,
        by: Option<&Share>,
    ) -> Result<wire::WalletEntry, Error> {
        let balance = self.balance(wallet.id).await?.get();
        let shared_with = match by {
            Some(_) => Vec::new(),
            None => self.service.shares_of(wallet.id).await?,
        };
        let shared_with = shared_with.iter();
        let dialect = self.settings.dialect;
        let user = by.map_or(wallet.holder, |share| share.to);
        Ok(wire::WalletEntry {
            id: wallet.id.to_string(),
            user: user.to_string(),
            wallet_type: by.map_or("lightning", |_| SHARED),
            name: wallet.name.clone(),
            adminkey: Some(self.key(KeyScope::Admin, wallet, by)),
            inkey: self.key(KeyScope::Invoice, wallet, by),
            balance,
            balance_msat: balance,
            currency: wallet.currency.clone(),
            shared_wallet_id: by.map(|share| share.wallet.to_string()),
            deleted: !wallet.is_open(),
            created_at: iso(wallet.created_at),
            updated_at: iso(wallet.updated_at),
            lightning_address: None,
            extra: wire::WalletExtra {
                icon: "flash_on",
                color: "primary",
                pinned: false,
                shared_with: shared_with
                    .map(|(row, to)| share(dialect, row, to.as_ref()))
                    .collect(),
            },
            stored_paylinks: wire::PayLinks { links: [] },
            share_permissions: by
                .map(|share| permission_names(dialect, share.permissions))
                .unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_are_read_in_both_spellings_and_shown_in_the_dialects() {
        let names = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        let read = |list: &[&str]| permissions(Dialect::Documented, &names(list));
        let both = read(&["VIEW_PAYMENTS", "send-payments"]).expect("good names");
        let shown = |dialect| permission_names(dialect, both);
        assert_eq!(
            shown(Dialect::Documented),
            ["VIEW_PAYMENTS", "SEND_PAYMENTS"]
        );
        assert_eq!(shown(Dialect::V1), ["view-payments", "send-payments"]);
        let all = read(&[
            "view-payments",
            "RECEIVE_PAYMENTS",
            "send-payments",
            "MANAGE",
        ]);
        assert_eq!(all, Ok(Permissions::ALL));
        assert!(read(&[]).is_err());
        assert!(read(&["VIEW"]).is_err());
    }
}
