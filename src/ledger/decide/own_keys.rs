//! Rules for the keys that a holder has of their own, and for what gives a lost account back.

use super::draft::Draft;
use super::holder::give;
use super::wallet::revoke;
use crate::holder::{HOLDER_KEYS, Holder, Key, Recovery};
use crate::id::{HolderId, SecretHash};
use crate::ledger::command::Refusal;
use crate::ledger::entity::Archive;
use crate::ledger::record::{Fact, Record};
use crate::ledger::state::State;

pub(super) fn replace<A: Archive>(
    state: &State<A>,
    draft: Draft,
    id: HolderId,
    slot: usize,
    key: Key,
) -> Result<Record, Refusal> {
    let mut holder = present(state, id)?;
    let kept = holder.keys.get_mut(slot).ok_or(Refusal::UnknownKey)?;
    let old = std::mem::replace(kept, key.hash);
    let draft = end(state, draft, &[old])?;
    Ok(give(draft, vec![key])
        .fact(Fact::HolderSet(Box::new(holder)))
        .finish())
}

pub(super) fn set_recovery<A: Archive>(
    state: &State<A>,
    draft: Draft,
    id: HolderId,
    digest: SecretHash,
) -> Result<Record, Refusal> {
    let holder = present(state, id)?;
    let recovery = Some(digest);
    let holder = Holder { recovery, ..holder };
    Ok(draft.fact(Fact::HolderSet(Box::new(holder))).finish())
}

/// The keys of wallets stay good: programs that only know those go on.
pub(super) fn restore<A: Archive>(
    state: &State<A>,
    draft: Draft,
    digest: SecretHash,
    keys: Vec<Key>,
) -> Result<Record, Refusal> {
    let found = state.get::<Recovery>(&digest)?;
    let found = found.ok_or(Refusal::UnknownRecovery)?;
    let holder = state.get::<Holder>(&found.holder)?;
    let holder = holder.filter(|holder| holder.is_present() && holder.recovery == Some(digest));
    let holder = holder.ok_or(Refusal::UnknownRecovery)?;
    let are_theirs = keys.iter().all(|key| key.holder == holder.id);
    if keys.len() != HOLDER_KEYS || !are_theirs {
        return Err(Refusal::WrongState);
    }
    let draft = end(state, draft, &holder.keys)?;
    let holder = Holder {
        keys: keys.iter().map(|key| key.hash).collect(),
        epoch: holder.epoch.saturating_add(1),
        ..holder
    };
    Ok(give(draft, keys)
        .fact(Fact::HolderSet(Box::new(holder)))
        .finish())
}

/// Noted now and then only: not every call shall be a record.
pub(super) fn note_use<A: Archive>(
    state: &State<A>,
    draft: Draft,
    key: SecretHash,
) -> Result<Record, Refusal> {
    let key = state.get::<Key>(&key)?.filter(Key::is_live);
    let key = key.ok_or(Refusal::UnknownKey)?;
    let at = draft.at();
    if key.is_use_noted(at) {
        return Ok(draft.finish());
    }
    let last_used_at = Some(at);
    let key = Key {
        last_used_at,
        ..key
    };
    Ok(draft.fact(Fact::KeySet(Box::new(key))).finish())
}

fn end<A: Archive>(
    state: &State<A>,
    mut draft: Draft,
    keys: &[SecretHash],
) -> Result<Draft, Refusal> {
    for hash in keys {
        if let Some(key) = state.get::<Key>(hash)? {
            draft = revoke(draft, key);
        }
    }
    Ok(draft)
}

fn present<A: Archive>(state: &State<A>, id: HolderId) -> Result<Holder, Refusal> {
    let holder = state.get::<Holder>(&id)?.filter(Holder::is_present);
    holder.ok_or(Refusal::UnknownHolder)
}
