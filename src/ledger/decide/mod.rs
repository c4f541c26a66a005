//! The rules: from what is and what is wanted to what will be. Owns no state and changes none.
//!
//! One file per subject; each takes the present [`State`] and returns what shall be written down.

mod access;
mod address;
mod close;
mod deposit;
mod draft;
mod hold;
mod holder;
mod idempotency;
mod inception;
mod internal;
mod invoice;
mod meta;
mod offer;
mod opening;
mod outbox;
mod own_keys;
mod payment;
mod reconcile;
mod restoration;
mod retry;
mod share;
mod spend;
mod staff;
mod transfer;
mod treasury;
mod wallet;
mod webhook;

use super::account::{Account, WalletRef};
use super::command::{Command, Refusal};
use super::entity::Archive;
use super::record::Record;
use super::reference::Reference;
use super::state::State;
use crate::money::Msat;
use crate::time::Timestamp;
use draft::Draft;
pub use hold::{SETTLE_MARGIN_BLOCKS, is_too_late};
pub use reconcile::difference_msat;
use treasury::splice;

/// What comes of a command that is not refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// This shall be written down. Empty where everything already is as wanted.
    Commit(Record),
    /// The same request was carried out before, as this.
    Repeat(Reference),
}

/// Decides what `command` changes at `now`. Pure: nothing is different afterwards.
///
/// # Errors
/// [`Refusal`] says why nothing shall change.
pub fn decide<A: Archive>(
    state: &State<A>,
    command: Command,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    let draft = Draft::new(state.progress(), state.clock(now));
    match rule(state, draft, command)? {
        Decision::Commit(record) => Ok(Decision::Commit(outbox::queue(state, record)?)),
        Decision::Repeat(made) => Ok(Decision::Repeat(made)),
    }
}

fn rule<A: Archive>(state: &State<A>, draft: Draft, command: Command) -> Result<Decision, Refusal> {
    let record = match command {
        Command::DraftInvoice(wanted) => invoice::draft(state, draft, *wanted)?,
        Command::IssueInvoice {
            hash,
            bolt11,
            lsp_fee,
            idempotency,
        } => return invoice::issue(state, draft, hash, (bolt11, lsp_fee), &idempotency),
        Command::AbandonInvoice { hash } => invoice::abandon(state, draft, hash)?,
        Command::IntendClaim {
            hash,
            amount,
            lsp_fee,
            deadline_height,
        } => invoice::intend_claim(state, draft, hash, amount, lsp_fee, deadline_height)?,
        Command::BookReceipt {
            hash,
            amount,
            lsp_fee,
            offer,
        } => invoice::book_receipt(state, draft, hash, (amount, lsp_fee), offer)?,
        Command::KeepOffer(offer) => offer::keep(state, draft, *offer)?,
        Command::LapseClaim { hash } => invoice::lapse_claim(state, draft, hash)?,
        Command::ExpireInvoice { hash } => invoice::expire(state, draft, hash)?,
        Command::ForgetInvoice { hash } => invoice::forget(state, draft, hash)?,
        Command::ReservePayment(order) => return payment::reserve(state, draft, *order),
        Command::Transfer(order) => return transfer::decide(state, draft, *order),
        Command::LinkOffer { id, node_id } => payment::link(state, draft, id, node_id)?,
        Command::PostPayment {
            which,
            hash,
            preimage,
            fee,
            node_amount,
        } => payment::post(state, draft, (which, hash), preimage, fee, node_amount)?,
        Command::VoidPayment {
            which,
            attempt,
            reason,
        } => payment::void(state, draft, which, attempt, reason)?,
        Command::RetryPayment(order) => retry::decide(state, draft, order)?,
        Command::RaiseOverdue { id } => payment::raise_overdue(state, draft, id)?,
        Command::Hold(command) => hold::decide(state, draft, command)?,
        Command::BookOnchain(seen) => treasury::book(state, draft, seen)?,
        Command::ReverseDeposit { tx_id } => treasury::reverse(state, draft, tx_id)?,
        Command::RecordClosing {
            user_channel_id,
            closing,
            cost,
        } => treasury::closing(state, draft, user_channel_id, closing, cost)?,
        Command::NoteRouting { earned } => reconcile::note_routing(state, draft, earned)?,
        Command::Reconcile { figures, seq } => reconcile::decide(state, draft, figures, seq)?,
        Command::RecordChannel(channel) => treasury::channel(state, draft, channel)?,
        Command::Spend(command) => return spend::decide(state, draft, command),
        Command::Close(command) => close::decide(state, draft, command)?,
        Command::SeeDeposit { tx_id, amount } => deposit::see(state, draft, tx_id, amount)?,
        Command::LoseDeposit { tx_id } => deposit::lose(state, draft, tx_id)?,
        Command::RecordSplice { channel, funding } => splice(state, draft, channel, funding)?,
        Command::KeepKey { keyed, reference } => idempotency::set(state, draft, &keyed, reference)?,
        Command::IntendOpening(order) => return opening::intend(state, draft, *order),
        Command::EndOpening { id, outcome } => opening::end(state, draft, id, outcome)?,
        Command::Holder(command) => holder::decide(state, draft, *command)?,
        Command::Address(command) => address::decide(state, draft, command)?,
        Command::Outbox(command) => outbox::decide(state, draft, command)?,
        Command::Restoration(command) => restoration::decide(state, draft, command)?,
        Command::ChangeMeta { of, change } => meta::change(state, draft, of, *change)?,
        Command::Access(command) => access::decide(state, draft, *command)?,
    };
    Ok(Decision::Commit(record))
}

/// A wallet's balance change in whole satoshis if its balance grows by `by_msat`.
fn shown_change_sat<A: Archive>(
    state: &State<A>,
    wallet: WalletRef,
    by_msat: i128,
) -> Result<i128, Refusal> {
    let before = state.balance(Account::Wallet(wallet))?.credit_msat();
    let floor = crate::money::balance_sat_floor;
    Ok(floor(before + by_msat) - floor(before))
}

fn sum(a: Msat, b: Msat) -> Result<Msat, Refusal> {
    a.checked_add(b).ok_or(Refusal::TooLarge)
}
