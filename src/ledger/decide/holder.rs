//! Rules for holders of wallets: names are theirs alone, wallets are numbered, keys come with them.

use super::draft::Draft;
use super::{address, own_keys, share, wallet};
use crate::holder::{Holder, HolderName, Key, MAX_WALLETS, Wallet};
use crate::id::HolderId;
use crate::ledger::command::{HolderCommand, Refusal, WalletKeys};
use crate::ledger::entity::Archive;
use crate::ledger::record::{Fact, Record};
use crate::ledger::state::State;
use crate::money::Sat;

pub(super) fn decide<A: Archive>(
    state: &State<A>,
    draft: Draft,
    command: HolderCommand,
) -> Result<Record, Refusal> {
    match command {
        HolderCommand::Add {
            holder,
            keys,
            wallet,
        } => add(state, draft, *holder, keys, wallet),
        HolderCommand::AddWallet(wanted) => {
            let holder = state.get::<Holder>(&wanted.wallet.holder)?;
            let holder = holder.filter(Holder::is_present);
            let holder = holder.ok_or(Refusal::UnknownHolder)?;
            Ok(add_wallet(state, draft, holder, wanted)?.finish())
        }
        HolderCommand::EndLogins { holder } => end_logins(state, draft, holder),
        HolderCommand::ChangeWallet {
            wallet,
            name,
            currency,
        } => wallet::change(state, draft, wallet, name, currency),
        HolderCommand::ReplaceKeys {
            wallet,
            epoch,
            old,
            new,
        } => wallet::replace_keys(state, draft, (wallet, epoch), &old, new),
        HolderCommand::DeleteWallet { wallet, live } => wallet::delete(state, draft, wallet, live),
        HolderCommand::ReplaceOwnKey { holder, slot, key } => {
            own_keys::replace(state, draft, holder, slot, *key)
        }
        HolderCommand::SetRecovery { holder, digest } => {
            own_keys::set_recovery(state, draft, holder, digest)
        }
        HolderCommand::Restore { digest, keys } => own_keys::restore(state, draft, digest, keys),
        HolderCommand::WalletKey { wallet, change } => {
            wallet::change_key(state, draft, wallet, change)
        }
        HolderCommand::NoteUse { key } => own_keys::note_use(state, draft, key),
        HolderCommand::Share(command) => share::decide(state, draft, command),
    }
}

pub(super) fn add<A: Archive>(
    state: &State<A>,
    draft: Draft,
    holder: Holder,
    keys: Vec<Key>,
    wallet: Option<WalletKeys>,
) -> Result<Record, Refusal> {
    if let Some(name) = &holder.name
        && let Some(taken) = state.get::<HolderName>(name)?
        && let Some(other) = state.get::<Holder>(&taken.holder)?
        && other.is_present()
        && other.name.as_ref() == Some(name)
    {
        return Err(Refusal::NameTaken);
    }
    let at = draft.at();
    let holder = Holder {
        created_at: at,
        wallets: 0,
        keys: keys.iter().map(|key| key.hash).collect(),
        ..holder
    };
    let draft = give(draft, keys);
    let draft = match wallet {
        Some(wallet) => add_wallet(state, draft, holder, wallet)?,
        None => draft.fact(Fact::HolderSet(Box::new(holder))),
    };
    Ok(draft.finish())
}

fn add_wallet<A: Archive>(
    state: &State<A>,
    draft: Draft,
    holder: Holder,
    wanted: WalletKeys,
) -> Result<Draft, Refusal> {
    let at = draft.at();
    let id = wanted.wallet.id;
    if holder.wallets >= MAX_WALLETS {
        return Err(Refusal::TooManyWallets(MAX_WALLETS));
    }
    let wallets = holder.wallets.saturating_add(1);
    let wallet = Wallet {
        number: wallets,
        created_at: at,
        updated_at: at,
        deleted_at: None,
        ..*wanted.wallet
    };
    let draft = draft
        .fact(Fact::HolderSet(Box::new(Holder { wallets, ..holder })))
        .fact(Fact::WalletSet(Box::new(wallet)));
    let draft = give(draft, wanted.keys);
    match wanted.address {
        Some(name) => address::claim(state, draft, id, (name, true, Sat::ZERO)),
        None => Ok(draft),
    }
}

/// Keys that are good from now on.
pub(super) fn give(draft: Draft, keys: Vec<Key>) -> Draft {
    let created_at = draft.at();
    keys.into_iter().fold(draft, |draft, key| {
        draft.fact(Fact::KeySet(Box::new(Key { created_at, ..key })))
    })
}

fn end_logins<A: Archive>(
    state: &State<A>,
    draft: Draft,
    holder: HolderId,
) -> Result<Record, Refusal> {
    let holder = state.get::<Holder>(&holder)?.filter(Holder::is_present);
    let holder = holder.ok_or(Refusal::UnknownHolder)?;
    let epoch = holder.epoch.saturating_add(1);
    let holder = Holder { epoch, ..holder };
    Ok(draft.fact(Fact::HolderSet(Box::new(holder))).finish())
}
