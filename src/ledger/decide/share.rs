//! Rules for shares: who is invited, who accepts, and how it ends. Keys are given with the acceptance
//! and end with the share; no key of an earlier invitation is ever good again.

use super::draft::Draft;
use super::wallet;
use crate::holder::{Holder, Key, Permissions, Share, ShareState};
use crate::id::{HolderId, ShareId, WalletId};
use crate::ledger::command::{Refusal, ShareCommand};
use crate::ledger::entity::Archive;
use crate::ledger::record::{Fact, Record};
use crate::ledger::state::State;

pub(super) fn decide<A: Archive>(
    state: &State<A>,
    draft: Draft,
    command: ShareCommand,
) -> Result<Record, Refusal> {
    match command {
        ShareCommand::Invite {
            wallet,
            to,
            permissions,
        } => invite(state, draft, wallet, to, permissions),
        ShareCommand::Accept { share, epoch, keys } => accept(state, draft, (share, epoch), keys),
        ShareCommand::Reject { share } => end(state, draft, share, ShareState::Rejected),
        ShareCommand::Revoke { share } => end(state, draft, share, ShareState::Revoked),
    }
}

fn invite<A: Archive>(
    state: &State<A>,
    draft: Draft,
    id: WalletId,
    to: HolderId,
    permissions: Permissions,
) -> Result<Record, Refusal> {
    let wallet = wallet::open(state, id)?;
    let holder = state.get::<Holder>(&to)?.filter(Holder::is_present);
    holder.ok_or(Refusal::UnknownHolder)?;
    if wallet.holder == to {
        return Err(Refusal::AlreadyInvited);
    }
    let share = Share::id_of(id, to);
    let earlier = state.get::<Share>(&share)?;
    let stands = |share: &Share| share.is_invited() || share.is_accepted();
    if earlier.as_ref().is_some_and(stands) {
        return Err(Refusal::AlreadyInvited);
    }
    let share = Share {
        id: share,
        wallet: id,
        to,
        permissions,
        state: ShareState::Invited,
        created_at: draft.at(),
        epoch: earlier.map_or(0, |share| share.epoch.saturating_add(1)),
        keys: Vec::new(),
    };
    Ok(draft.fact(Fact::ShareSet(Box::new(share))).finish())
}

fn accept<A: Archive>(
    state: &State<A>,
    draft: Draft,
    (id, epoch): (ShareId, u32),
    keys: Vec<Key>,
) -> Result<Record, Refusal> {
    let share = state.get::<Share>(&id)?;
    let share = share.filter(|share| share.is_invited() && share.epoch == epoch);
    let share = share.ok_or(Refusal::UnknownShare)?;
    wallet::open(state, share.wallet)?;
    let given = keys.iter().map(|key| key.hash).collect();
    let (at, to, of) = (draft.at(), share.to, share.wallet);
    let share = Share {
        state: ShareState::Accepted,
        keys: given,
        ..share
    };
    let draft = draft.fact(Fact::ShareSet(Box::new(share)));
    let keys = keys.into_iter().map(|key| Key {
        holder: to,
        wallet: Some(of),
        share: Some(id),
        created_at: at,
        revoked_at: None,
        ..key
    });
    Ok(keys
        .fold(draft, |draft, key| draft.fact(Fact::KeySet(Box::new(key))))
        .finish())
}

fn end<A: Archive>(
    state: &State<A>,
    draft: Draft,
    id: ShareId,
    to: ShareState,
) -> Result<Record, Refusal> {
    let share = state.get::<Share>(&id)?;
    let share = share.filter(|share| share.is_invited() || share.is_accepted());
    let share = share.ok_or(Refusal::UnknownShare)?;
    let mut draft = draft;
    for hash in &share.keys {
        if let Some(key) = state.get::<Key>(hash)? {
            draft = wallet::revoke(draft, key);
        }
    }
    let share = Share {
        state: to,
        keys: Vec::new(),
        ..share
    };
    Ok(draft.fact(Fact::ShareSet(Box::new(share))).finish())
}
