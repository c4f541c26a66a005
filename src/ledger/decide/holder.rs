//! Rules for holders of wallets: names are theirs alone, wallets are numbered, keys come with them.

use super::draft::Draft;
use super::{share, wallet};
use crate::holder::{Holder, HolderName, Key, Wallet};
use crate::id::HolderId;
use crate::ledger::command::{HolderCommand, Refusal, WalletKeys};
use crate::ledger::entity::Archive;
use crate::ledger::record::{Fact, Record};
use crate::ledger::state::State;

pub(super) fn decide<A: Archive>(
    state: &State<A>,
    draft: Draft,
    command: HolderCommand,
) -> Result<Record, Refusal> {
    match command {
        HolderCommand::Add {
            holder,
            key,
            wallet,
        } => add(state, draft, *holder, key, wallet),
        HolderCommand::AddWallet(wanted) => {
            let holder = state.get::<Holder>(&wanted.wallet.holder)?;
            let holder = holder.filter(Holder::is_present);
            let holder = holder.ok_or(Refusal::UnknownHolder)?;
            Ok(add_wallet(draft, holder, wanted).finish())
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
        HolderCommand::Share(command) => share::decide(state, draft, command),
    }
}

pub(super) fn add<A: Archive>(
    state: &State<A>,
    draft: Draft,
    holder: Holder,
    key: Option<Box<Key>>,
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
        ..holder
    };
    let draft = match key {
        Some(key) => draft.fact(Fact::KeySet(Box::new(Key {
            created_at: at,
            ..*key
        }))),
        None => draft,
    };
    let draft = match wallet {
        Some(wallet) => add_wallet(draft, holder, wallet),
        None => draft.fact(Fact::HolderSet(Box::new(holder))),
    };
    Ok(draft.finish())
}

fn add_wallet(draft: Draft, holder: Holder, wanted: WalletKeys) -> Draft {
    let at = draft.at();
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
    wanted.keys.into_iter().fold(draft, |draft, key| {
        draft.fact(Fact::KeySet(Box::new(Key {
            created_at: at,
            ..key
        })))
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
