//! Rules for a wallet's life: another name, other keys, its end. A deleted wallet is a tombstone: its
//! history stays, nothing new begins in it, and money that still comes for it is the house's.

use super::draft::Draft;
use super::holder::give;
use crate::holder::{Key, Wallet};
use crate::id::{PaymentHash, SecretHash, WalletId};
use crate::invoice::{Invoice, State as InvoiceState};
use crate::ledger::account::{Account, WalletRef};
use crate::ledger::command::{KeyChange, Refusal};
use crate::ledger::entity::Archive;
use crate::ledger::record::{EventBody, Fact, Record};
use crate::ledger::state::State;
use crate::ledger::transfer::Cause;
use crate::money::Msat;

/// The wallet, if it can be used.
pub(super) fn open<A: Archive>(state: &State<A>, id: WalletId) -> Result<Wallet, Refusal> {
    let wallet = state.get::<Wallet>(&id)?.filter(Wallet::is_open);
    wallet.ok_or(Refusal::UnknownWallet)
}

/// Whether a wallet was there and was deleted.
pub(super) fn is_deleted<A: Archive>(state: &State<A>, wallet: WalletRef) -> Result<bool, Refusal> {
    match wallet {
        WalletRef::House => Ok(false),
        WalletRef::Wallet(id) => Ok(state.get::<Wallet>(&id)?.is_some_and(|row| !row.is_open())),
    }
}

/// Refuses what would begin in a deleted wallet.
pub(super) fn refuse_deleted<A: Archive>(
    state: &State<A>,
    wallet: WalletRef,
) -> Result<(), Refusal> {
    match is_deleted(state, wallet)? {
        true => Err(Refusal::UnknownWallet),
        false => Ok(()),
    }
}

pub(super) fn change<A: Archive>(
    state: &State<A>,
    draft: Draft,
    id: WalletId,
    name: Option<String>,
    currency: Option<String>,
) -> Result<Record, Refusal> {
    let before = open(state, id)?;
    let wallet = Wallet {
        name: name.unwrap_or_else(|| before.name.clone()),
        currency: match currency {
            Some(code) => Some(code).filter(|code| !code.is_empty()),
            None => before.currency.clone(),
        },
        ..before.clone()
    };
    if wallet == before {
        return Ok(draft.finish());
    }
    let updated_at = draft.at();
    let wallet = Wallet {
        updated_at,
        ..wallet
    };
    Ok(draft.fact(Fact::WalletSet(Box::new(wallet))).finish())
}

pub(super) fn replace_keys<A: Archive>(
    state: &State<A>,
    draft: Draft,
    (id, epoch): (WalletId, u32),
    old: &[SecretHash],
    new: Vec<Key>,
) -> Result<Record, Refusal> {
    let wallet = open(state, id)?;
    if wallet.epoch != epoch {
        return Err(Refusal::WrongState);
    }
    let at = draft.at();
    let mut draft = draft;
    for hash in old {
        let key = state.get::<Key>(hash)?;
        let key = key.filter(|key| key.wallet == Some(id) && key.share.is_none());
        draft = revoke(draft, key.ok_or(Refusal::WrongState)?);
    }
    let wallet = Wallet {
        epoch: epoch.saturating_add(1),
        updated_at: at,
        ..wallet
    };
    let draft = draft.fact(Fact::WalletSet(Box::new(wallet)));
    Ok(give(draft, new).finish())
}

/// The one key that was given out for a wallet comes, changes or goes.
pub(super) fn change_key<A: Archive>(
    state: &State<A>,
    draft: Draft,
    id: WalletId,
    change: KeyChange,
) -> Result<Record, Refusal> {
    let wallet = open(state, id)?;
    let (is_first, new) = match change {
        KeyChange::Give(key) => (true, Some(key)),
        KeyChange::Rotate(key) => (false, Some(key)),
        KeyChange::Revoke => (false, None),
    };
    let draft = match wallet.key {
        Some(_) if is_first => return Err(Refusal::KeyExists),
        Some(old) => match state.get::<Key>(&old)? {
            Some(old) => revoke(draft, old),
            None => draft,
        },
        None if is_first => draft,
        None => return Err(Refusal::UnknownKey),
    };
    let updated_at = draft.at();
    let wallet = Wallet {
        key: new.as_ref().map(|key| key.hash),
        updated_at,
        ..wallet
    };
    let draft = draft.fact(Fact::WalletSet(Box::new(wallet)));
    Ok(give(draft, new.into_iter().map(|key| *key).collect()).finish())
}

pub(super) fn revoke(draft: Draft, key: Key) -> Draft {
    if !key.is_live() {
        return draft;
    }
    let revoked_at = Some(draft.at());
    draft.fact(Fact::KeySet(Box::new(Key { revoked_at, ..key })))
}

/// Deletes a wallet in which nothing is on its way. What the caller has seen of its invoices has to
/// be all there is, or one that was made meanwhile would stay payable.
pub(super) fn delete<A: Archive>(
    state: &State<A>,
    draft: Draft,
    id: WalletId,
    mut live: Vec<PaymentHash>,
) -> Result<Record, Refusal> {
    let wallet = open(state, id)?;
    let whose = WalletRef::Wallet(id);
    let account = Account::Wallet(whose);
    let balance = state.balance(account)?;
    if balance.debits_pending > 0 || balance.credits_pending > 0 {
        return Err(Refusal::WalletBusy);
    }
    live.sort_unstable();
    live.dedup();
    if usize::try_from(state.counters(whose)?.live) != Ok(live.len()) {
        return Err(Refusal::WrongState);
    }
    let mut draft = draft;
    for hash in live {
        let invoice = state.get::<Invoice>(&hash)?;
        let invoice = invoice.filter(|invoice| invoice.wallet == whose);
        draft = cancel(draft, invoice.ok_or(Refusal::WrongState)?)?;
    }
    let left = u64::try_from(balance.credit_msat()).ok();
    let left = left.and_then(Msat::new).unwrap_or(Msat::ZERO);
    let at = draft.at();
    let wallet = Wallet {
        deleted_at: Some(at),
        updated_at: at,
        ..wallet
    };
    Ok(draft
        .post((account, Account::HOUSE), left, Cause::WalletDeleted(id))
        .fact(Fact::WalletSet(Box::new(wallet)))
        .finish())
}

fn cancel(draft: Draft, invoice: Invoice) -> Result<Draft, Refusal> {
    match invoice.state {
        InvoiceState::Open => {}
        InvoiceState::Claiming | InvoiceState::Held => return Err(Refusal::WalletBusy),
        InvoiceState::Draft
        | InvoiceState::Paid
        | InvoiceState::Expired
        | InvoiceState::Abandoned
        | InvoiceState::Cancelled => return Err(Refusal::WrongState),
    }
    let draft = draft.fact(Fact::InvoiceCancelled(invoice.hash));
    if invoice.unlisted {
        return Ok(draft); // Nobody here has heard of it.
    }
    let told = EventBody::InvoiceCancelled {
        hash: invoice.hash,
        external_id: invoice.external_id,
    };
    Ok(draft.event(invoice.wallet, told))
}
