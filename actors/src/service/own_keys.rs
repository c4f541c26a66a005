//! Keys that are given out once and shown never again, and what gives a lost account back. Owns their
//! texts; the ledger has only digests.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bip39::Mnemonic;
use till::holder::{HOLDER_KEYS, Holder, Key, KeyScope, Recovery, Wallet};
use till::id::{HolderId, SecretHash, WalletId};
use till::ledger::{HolderCommand, KeyChange, Origin, Refusal};
use till::time::Timestamp;
use zeroize::Zeroizing;

use super::Service;
use super::holders::{new_holder, random};
use super::types::ServiceError;

/// Bytes of randomness in a key.
const KEY_BYTES: usize = 32;
/// Bytes of randomness in what gives an account back: twelve words of BIP 39.
const RECOVERY_BYTES: usize = 16;
/// What the keys of a holder's own begin with.
const HOLDER_PREFIX: &str = "uk_";
/// What the key that is given out for a wallet begins with.
const WALLET_PREFIX: &str = "wk_";
/// How much of a key's end its owner knows it by.
const HINT_CHARS: usize = 4;

/// A key's text, to be shown once.
#[derive(Clone)]
pub struct KeyText {
    /// The text.
    pub text: Zeroizing<String>,
    /// What its owner knows it by from then on.
    pub hint: String,
}

impl std::fmt::Debug for KeyText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyText({})", self.hint)
    }
}

/// Somebody who has just come, or come back.
#[derive(Clone, Debug)]
pub struct Registered {
    /// Who.
    pub holder: HolderId,
    /// Their keys, by slot.
    pub keys: Vec<KeyText>,
}

/// Whom a key that was given out speaks for.
#[derive(Clone, Debug)]
pub enum Bearer {
    /// A holder, by one of their own keys.
    Holder {
        /// Who.
        holder: Box<Holder>,
        /// Which of their keys.
        slot: usize,
    },
    /// One wallet.
    Wallet(Box<Wallet>),
}

impl Service {
    /// Adds a holder with keys of their own and twelve words that give the account back. None of it
    /// can be asked for again.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if there is no randomness or the ledger has stopped.
    pub async fn register_holder(
        &self,
        origin: Origin,
    ) -> Result<(Registered, Zeroizing<String>), ServiceError> {
        let (words, digest) = recovery_words()?;
        let mut holder = new_holder(None, None, false)?;
        holder.recovery = Some(digest);
        let id = holder.id;
        let (keys, texts) = new_holder_keys(origin, id)?;
        let add = HolderCommand::Add {
            holder: Box::new(holder),
            keys,
            wallet: None,
        };
        self.parts.ledger.execute(add).await?;
        let registered = Registered {
            holder: id,
            keys: texts,
        };
        Ok((registered, words))
    }

    /// Whom the text of a key speaks for, if it is good on that surface.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read.
    pub async fn bearer_of(
        &self,
        origin: Origin,
        text: &str,
    ) -> Result<Option<Bearer>, ServiceError> {
        let hash = SecretHash::of(text.as_bytes());
        let key = self.row::<Key>(&hash)?;
        let Some(key) = key.filter(|key| key.is_live() && key.origin == origin) else {
            return Ok(None);
        };
        let bearer = match key.wallet {
            Some(wallet) => {
                let wallet = self.row::<Wallet>(&wallet)?.filter(Wallet::is_open);
                wallet.map(|wallet| Bearer::Wallet(Box::new(wallet)))
            }
            None => self.holder(key.holder).await?.and_then(|holder| {
                let slot = holder.keys.iter().position(|known| *known == hash)?;
                let holder = Box::new(holder);
                Some(Bearer::Holder { holder, slot })
            }),
        };
        if bearer.is_some() && !key.is_use_noted(self.now()) {
            // Whether this can be noted is no matter of the caller's.
            let note = HolderCommand::NoteUse { key: hash };
            if let Err(error) = self.parts.ledger.execute(note).await {
                tracing::warn!(%error, "the use of a key was not noted");
            }
        }
        Ok(bearer)
    }

    /// Replaces one of a holder's own keys; the old one stops being good.
    ///
    /// # Errors
    /// [`Refusal::UnknownKey`] if there is no such slot.
    pub async fn replace_own_key(
        &self,
        origin: Origin,
        holder: HolderId,
        slot: usize,
    ) -> Result<KeyText, ServiceError> {
        let (key, text) = new_key(origin, HOLDER_PREFIX, KeyScope::Holder, holder, None)?;
        let replace = HolderCommand::ReplaceOwnKey {
            holder,
            slot,
            key: Box::new(key),
        };
        self.parts.ledger.execute(replace).await?;
        Ok(text)
    }

    /// New words that give a holder's account back; the old ones do so no longer.
    ///
    /// # Errors
    /// [`Refusal::UnknownHolder`].
    pub async fn replace_recovery(
        &self,
        holder: HolderId,
    ) -> Result<Zeroizing<String>, ServiceError> {
        let (words, digest) = recovery_words()?;
        let set = HolderCommand::SetRecovery { holder, digest };
        self.parts.ledger.execute(set).await?;
        Ok(words)
    }

    /// New keys for whoever knows the words of an account; the old ones stop being good.
    ///
    /// # Errors
    /// [`Refusal::UnknownRecovery`] if the words give nothing back.
    pub async fn restore(&self, origin: Origin, words: &str) -> Result<Registered, ServiceError> {
        let unknown = || ServiceError::from(Refusal::UnknownRecovery);
        let typed = Zeroizing::new(words.to_lowercase());
        let words = Mnemonic::parse(typed.as_str()).map_err(|_| unknown())?;
        let digest = digest_of(&words);
        let found = self.row::<Recovery>(&digest)?.ok_or_else(unknown)?;
        let (keys, texts) = new_holder_keys(origin, found.holder)?;
        let restore = HolderCommand::Restore { digest, keys };
        self.parts.ledger.execute(restore).await?;
        Ok(Registered {
            holder: found.holder,
            keys: texts,
        })
    }

    /// The first key that is given out for a wallet.
    ///
    /// # Errors
    /// [`Refusal::KeyExists`] if there is one.
    pub async fn give_wallet_key(
        &self,
        origin: Origin,
        wallet: &Wallet,
    ) -> Result<KeyText, ServiceError> {
        self.change_wallet_key(origin, wallet, KeyChange::Give)
            .await
    }

    /// Another key for a wallet; the old one stops being good.
    ///
    /// # Errors
    /// [`Refusal::UnknownKey`] if there was none.
    pub async fn rotate_wallet_key(
        &self,
        origin: Origin,
        wallet: &Wallet,
    ) -> Result<KeyText, ServiceError> {
        self.change_wallet_key(origin, wallet, KeyChange::Rotate)
            .await
    }

    /// Ends the key that was given out for a wallet.
    ///
    /// # Errors
    /// [`Refusal::UnknownKey`] if there was none.
    pub async fn revoke_wallet_key(&self, wallet: WalletId) -> Result<(), ServiceError> {
        let change = KeyChange::Revoke;
        let revoke = HolderCommand::WalletKey { wallet, change };
        self.parts.ledger.execute(revoke).await?;
        Ok(())
    }

    /// The key that was given out for a wallet, if there is one.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read.
    pub async fn wallet_key(&self, wallet: &Wallet) -> Result<Option<Key>, ServiceError> {
        match wallet.key {
            Some(hash) => Ok(self.row::<Key>(&hash)?.filter(Key::is_live)),
            None => Ok(None),
        }
    }

    async fn change_wallet_key(
        &self,
        origin: Origin,
        wallet: &Wallet,
        change: impl FnOnce(Box<Key>) -> KeyChange,
    ) -> Result<KeyText, ServiceError> {
        let (holder, wallet) = (wallet.holder, wallet.id);
        let scope = KeyScope::Admin;
        let (key, text) = new_key(origin, WALLET_PREFIX, scope, holder, Some(wallet))?;
        let change = change(Box::new(key));
        let give = HolderCommand::WalletKey { wallet, change };
        self.parts.ledger.execute(give).await?;
        Ok(text)
    }
}

fn new_holder_keys(
    origin: Origin,
    holder: HolderId,
) -> Result<(Vec<Key>, Vec<KeyText>), ServiceError> {
    let made = (0..HOLDER_KEYS)
        .map(|_| new_key(origin, HOLDER_PREFIX, KeyScope::Holder, holder, None))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(made.into_iter().unzip())
}

fn new_key(
    origin: Origin,
    prefix: &str,
    scope: KeyScope,
    holder: HolderId,
    wallet: Option<WalletId>,
) -> Result<(Key, KeyText), ServiceError> {
    let secret = Zeroizing::new(random::<KEY_BYTES>()?);
    let secret = Zeroizing::new(URL_SAFE_NO_PAD.encode(secret.as_slice()));
    let (_, end) = secret.split_at(secret.len().saturating_sub(HINT_CHARS));
    let hint = format!("{prefix}...{end}");
    let text = Zeroizing::new(format!("{prefix}{}", secret.as_str()));
    let key = Key {
        hash: SecretHash::of(text.as_bytes()),
        origin,
        scope,
        holder,
        wallet,
        share: None,
        created_at: Timestamp::default(),
        revoked_at: None,
        hint: Some(hint.clone()),
        last_used_at: None,
    };
    Ok((key, KeyText { text, hint }))
}

fn recovery_words() -> Result<(Zeroizing<String>, SecretHash), ServiceError> {
    let entropy = Zeroizing::new(random::<RECOVERY_BYTES>()?);
    let words = Mnemonic::from_entropy(entropy.as_slice())
        .map_err(|error| ServiceError::InvalidRequest(error.to_string()))?;
    let digest = digest_of(&words);
    Ok((Zeroizing::new(words.to_string()), digest))
}

/// Of the words' entropy, so that how they are typed does not matter.
fn digest_of(words: &Mnemonic) -> SecretHash {
    SecretHash::of(&Zeroizing::new(words.to_entropy()))
}
