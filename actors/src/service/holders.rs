//! Holders of wallets, their wallets and keys. Owns the texts of keys: they are derived from the seed,
//! so that a surface can show them again though only their digests are stored.

use till::access::PasswordHash;
use till::address::GENERATED_CHARS;
use till::holder::{Holder, HolderName, Key, KeyScope, Share, Wallet};
use till::id::{HolderId, SecretHash, WalletId};
use till::ledger::{Account, Balance, HolderCommand, Origin, Refusal, WalletKeys, WalletRef};
use till::money::Msat;
use till::time::Timestamp;

use super::invoices::no_randomness;
use super::types::ServiceError;
use super::{Service, hmac_sha256};

/// Bytes of a key: 32 hexadecimal digits, as LNbits has them.
const KEY_BYTES: usize = 16;

/// How often a name that nobody chose is looked for.
pub(super) const ADDRESS_TRIES: u32 = 8;

/// Somebody who comes.
#[derive(Clone, Debug)]
pub struct NewHolder {
    /// What they log in with.
    pub name: Option<String>,
    /// Their password.
    pub password: Option<PasswordHash>,
    /// Whether they see and do what other holders may not.
    pub is_admin: bool,
    /// What their first wallet is called.
    pub wallet_name: Option<String>,
}

/// A wallet that is opened by a key.
#[derive(Clone, Debug)]
pub struct OpenedWallet {
    /// The wallet.
    pub wallet: Wallet,
    /// The key.
    pub key: Key,
    /// The share that it was made for, where the wallet is somebody else's.
    pub share: Option<Share>,
}

impl Service {
    /// Adds a holder, with a first wallet if it has a name.
    ///
    /// # Errors
    /// [`Refusal::NameTaken`](till::ledger::Refusal::NameTaken) if somebody has that name.
    pub async fn add_holder(
        &self,
        origin: Origin,
        wanted: NewHolder,
    ) -> Result<(Holder, Option<Wallet>), ServiceError> {
        let holder = new_holder(wanted.name, wanted.password, wanted.is_admin)?;
        let id = holder.id;
        let wallet = match wanted.wallet_name {
            Some(name) => Some(self.new_wallet(origin, id, name)?),
            None => None,
        };
        let wallet_id = wallet.as_ref().map(|made| made.wallet.id);
        let add = HolderCommand::Add {
            holder: Box::new(holder),
            keys: Vec::new(),
            wallet,
        };
        self.parts.ledger.execute(add).await?;
        let holder = self.row::<Holder>(&id)?.ok_or(ServiceError::Unknown)?;
        let wallet = match wallet_id {
            Some(id) => self.row::<Wallet>(&id)?,
            None => None,
        };
        Ok((holder, wallet))
    }

    /// Adds a wallet.
    ///
    /// # Errors
    /// [`Refusal::UnknownHolder`](till::ledger::Refusal::UnknownHolder).
    pub async fn add_wallet(
        &self,
        origin: Origin,
        holder: HolderId,
        name: String,
    ) -> Result<Wallet, ServiceError> {
        let made = self.new_wallet(origin, holder, name)?;
        let id = made.wallet.id;
        self.parts
            .ledger
            .execute(HolderCommand::AddWallet(made))
            .await?;
        self.row::<Wallet>(&id)?.ok_or(ServiceError::Unknown)
    }

    /// Adds a wallet whose name nobody chose; it can be paid at once under the Lightning address of
    /// the same name, which is returned beside it. Its keys are given out, not derived.
    ///
    /// # Errors
    /// [`Refusal::UnknownHolder`].
    pub async fn add_named_wallet(
        &self,
        origin: Origin,
        holder: HolderId,
    ) -> Result<(Wallet, String), ServiceError> {
        let mut tries = 0;
        loop {
            let name = address_name()?;
            let mut made = self.new_wallet(origin, holder, name.clone())?;
            made.keys.clear();
            made.address = Some(name.clone());
            let id = made.wallet.id;
            let added = HolderCommand::AddWallet(made);
            match self.parts.ledger.execute(added).await {
                Ok(_) => {
                    let wallet = self.row::<Wallet>(&id)?.ok_or(ServiceError::Unknown)?;
                    return Ok((wallet, name));
                }
                Err(error) => {
                    tries += 1;
                    let error = ServiceError::from(error);
                    let is_taken = matches!(error, ServiceError::Refused(Refusal::AddressTaken));
                    if !is_taken || tries == ADDRESS_TRIES {
                        return Err(error);
                    }
                }
            }
        }
    }

    pub(super) fn new_wallet(
        &self,
        origin: Origin,
        holder: HolderId,
        name: String,
    ) -> Result<WalletKeys, ServiceError> {
        new_wallet(&self.parts.root, origin, holder, name)
    }

    pub(super) fn new_key(&self, origin: Origin, scope: KeyScope, wallet: &Wallet) -> Key {
        new_key(&self.parts.root, origin, scope, wallet)
    }

    /// The text of a wallet's present key, 32 hexadecimal digits.
    #[must_use]
    pub fn key_text(&self, origin: Origin, scope: KeyScope, wallet: &Wallet) -> String {
        key_text(&self.parts.root, origin, scope, wallet)
    }

    /// The text of the key that an invited holder has for an accepted share.
    #[must_use]
    pub fn share_key_text(&self, origin: Origin, scope: KeyScope, share: &Share) -> String {
        let (surface, scope) = (surface_word(origin), scope_word(scope));
        let purpose = format!("key/{surface}/{scope}/share/{}/{}", share.id, share.epoch);
        key_for(&self.parts.root, &purpose)
    }

    /// The wallet that a key opens on a surface, if it is good.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read.
    pub async fn opened_by(
        &self,
        origin: Origin,
        text: &str,
    ) -> Result<Option<OpenedWallet>, ServiceError> {
        let key = self.row::<Key>(&SecretHash::of(text.as_bytes()))?;
        let Some(key) = key.filter(|key| key.is_live() && key.origin == origin) else {
            return Ok(None);
        };
        let Some(id) = key.wallet else {
            return Ok(None);
        };
        let share = match key.share {
            None => None,
            Some(share) => match self.row::<Share>(&share)?.filter(Share::is_accepted) {
                Some(share) => Some(share),
                None => return Ok(None),
            },
        };
        let wallet = self.row::<Wallet>(&id)?.filter(Wallet::is_open);
        Ok(wallet.map(|wallet| OpenedWallet { wallet, key, share }))
    }

    /// The holder with this id.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read.
    pub async fn holder(&self, id: HolderId) -> Result<Option<Holder>, ServiceError> {
        Ok(self.row::<Holder>(&id)?.filter(Holder::is_present))
    }

    /// The holder with this name.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read.
    pub async fn holder_by_name(&self, name: &str) -> Result<Option<Holder>, ServiceError> {
        let Some(found) = self.row::<HolderName>(&name.to_owned())? else {
            return Ok(None);
        };
        let holder = self.holder(found.holder).await?;
        Ok(holder.filter(|holder| holder.name.as_deref() == Some(name)))
    }

    /// The wallet with this id, deleted ones too.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read.
    pub async fn wallet(&self, id: WalletId) -> Result<Option<Wallet>, ServiceError> {
        self.row::<Wallet>(&id)
    }

    /// A holder's wallets, the oldest first.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read.
    pub async fn wallets_of(&self, holder: HolderId) -> Result<Vec<Wallet>, ServiceError> {
        self.read(move |views| views.wallets_of(holder)).await
    }

    /// What a wallet is owed, and what of it is not set aside.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read.
    pub async fn wallet_balance(&self, id: WalletId) -> Result<WalletBalance, ServiceError> {
        let account = Account::Wallet(WalletRef::Wallet(id));
        let balance = self.row::<Balance>(&account)?;
        let balance = balance.unwrap_or(Balance::empty(account));
        let posted = u64::try_from(balance.credit_msat())
            .ok()
            .and_then(Msat::new);
        Ok(WalletBalance {
            balance: posted.unwrap_or(Msat::ZERO),
            available: balance.available(),
        })
    }
}

/// A wallet's money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WalletBalance {
    /// What it is owed.
    pub balance: Msat,
    /// What of it is not set aside for payments in flight.
    pub available: Msat,
}

/// A wallet with its keys, whose texts follow from `root`.
pub(super) fn new_wallet(
    root: &[u8; 32],
    origin: Origin,
    holder: HolderId,
    name: String,
) -> Result<WalletKeys, ServiceError> {
    let wallet = Wallet {
        id: WalletId::from_bytes(random()?),
        holder,
        number: 0,
        name,
        currency: None,
        created_at: Timestamp::default(),
        updated_at: Timestamp::default(),
        deleted_at: None,
        epoch: 0,
        key: None,
    };
    let keys = [KeyScope::Admin, KeyScope::Invoice];
    let keys = keys.map(|scope| new_key(root, origin, scope, &wallet));
    Ok(WalletKeys {
        wallet: Box::new(wallet),
        keys: keys.into(),
        address: None,
    })
}

fn new_key(root: &[u8; 32], origin: Origin, scope: KeyScope, wallet: &Wallet) -> Key {
    let text = key_text(root, origin, scope, wallet);
    Key {
        hash: SecretHash::of(text.as_bytes()),
        origin,
        scope,
        holder: wallet.holder,
        wallet: Some(wallet.id),
        share: None,
        created_at: Timestamp::default(),
        revoked_at: None,
        hint: None,
        last_used_at: None,
    }
}

fn key_text(root: &[u8; 32], origin: Origin, scope: KeyScope, wallet: &Wallet) -> String {
    let (surface, scope) = (surface_word(origin), scope_word(scope));
    let purpose = format!("key/{surface}/{scope}/{}/{}", wallet.id, wallet.epoch);
    key_for(root, &purpose)
}

fn key_for(root: &[u8; 32], purpose: &str) -> String {
    let derived = hmac_sha256(root, purpose);
    let (key, _) = derived.split_at(KEY_BYTES);
    hex::encode(key)
}

/// A holder who has no wallet yet.
pub(super) fn new_holder(
    name: Option<String>,
    password: Option<PasswordHash>,
    is_admin: bool,
) -> Result<Holder, ServiceError> {
    Ok(Holder {
        id: HolderId::from_bytes(random()?),
        name,
        password,
        is_admin,
        created_at: Timestamp::default(),
        deleted_at: None,
        epoch: 0,
        wallets: 0,
        recovery: None,
        keys: Vec::new(),
    })
}

/// A name that nobody chose, of `a-z` and `0-9`: of 36^7 there are enough that a second one is rare.
pub(super) fn address_name() -> Result<String, ServiceError> {
    const LETTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    /// The largest multiple of 36 that a byte can be: beyond it some letters would be likelier.
    const FAIR: u8 = 252;
    let mut name = String::new();
    while name.len() < GENERATED_CHARS {
        for byte in random::<{ 2 * GENERATED_CHARS }>()? {
            let letter = LETTERS.get(usize::from(byte % 36)).copied();
            if let Some(letter) = letter.filter(|_| byte < FAIR && name.len() < GENERATED_CHARS) {
                name.push(char::from(letter));
            }
        }
    }
    Ok(name)
}

const fn surface_word(origin: Origin) -> &'static str {
    match origin {
        Origin::Pos => "pos",
        Origin::Node => "node",
        Origin::Lnbits => "lnbits",
        Origin::Lnbot => "lnbot",
    }
}

const fn scope_word(scope: KeyScope) -> &'static str {
    match scope {
        KeyScope::Invoice => "invoice",
        KeyScope::Admin => "admin",
        KeyScope::Holder => "holder",
    }
}

pub(super) fn random<const N: usize>() -> Result<[u8; N], ServiceError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(no_randomness)?;
    Ok(bytes)
}
