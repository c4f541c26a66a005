//! Rules for what happens on the chain to the node's own money.

use super::draft::Draft;
use super::{deposit, shown_change_sat};
use crate::id::TxId;
use crate::ledger::account::{Account, WalletRef};
use crate::ledger::command::{OnchainSeen, Refusal};
use crate::ledger::entity::Archive;
use crate::ledger::record::{Alarm, EventBody, Fact, Record};
use crate::ledger::state::State;
use crate::ledger::transfer::Cause;
use crate::money::{Msat, Sat};
use crate::time::Timestamp;
use crate::treasury::{Allowance, Channel, ChannelState, Closing, Funding, OnchainTx, Purpose};

/// Books a transaction of the node's wallet once; again only if a reorg has taken it away. The
/// miners' fee goes through `fees:chain`, so that its columns tell what the chain has cost.
pub(super) fn book<A: Archive>(
    state: &State<A>,
    draft: Draft,
    seen: OnchainSeen,
) -> Result<Record, Refusal> {
    let OnchainSeen {
        tx_id,
        purpose,
        amount,
        fee,
        height,
        cost,
    } = seen;
    let known = state.get::<OnchainTx>(&tx_id)?;
    if known.is_some_and(|known| known.reversed_at.is_none()) {
        return Ok(draft.finish());
    }
    let row = OnchainTx {
        tx_id,
        purpose,
        amount,
        fee,
        booked_at: draft.at(),
        credited_sat: credited(state, purpose, amount)?,
        height,
        reversed_at: None,
    };
    let draft = draft.fact(Fact::OnchainBooked(row));
    let draft = match purpose {
        Purpose::Deposit => {
            let shown = (amount, credited(state, purpose, amount)?);
            deposit::credit(state, draft, tx_id, shown)?.post(
                (Account::Onchain, Account::HOUSE),
                amount,
                Cause::Deposit(tx_id),
            )
        }
        Purpose::ChannelFunding => draft.post(
            (Account::Lightning, Account::Onchain),
            amount,
            Cause::ChannelFunding(tx_id),
        ),
        Purpose::ChannelProceeds => {
            let draft = allow_closing(state, draft, cost)?;
            draft.post(
                (Account::Onchain, Account::Closing),
                amount,
                Cause::ChannelProceeds(tx_id),
            )
        }
        Purpose::ClosingCost => pay_for_chain(draft, Account::Onchain, amount, Cause::Closing),
        Purpose::SpliceIn => draft.post(
            (Account::Lightning, Account::Onchain),
            amount,
            Cause::Splice(tx_id),
        ),
        Purpose::SpliceOut => draft.post(
            (Account::Onchain, Account::Lightning),
            amount,
            Cause::Splice(tx_id),
        ),
        Purpose::OpeningIn => opening(draft, (Account::Onchain, Account::HOUSE), amount, tx_id),
        Purpose::OpeningOut => opening(draft, (Account::HOUSE, Account::Onchain), amount, tx_id),
    };
    let fee_cause = Cause::MinerFee(tx_id);
    Ok(pay_for_chain(draft, fee_from(purpose), fee, fee_cause).finish())
}

/// What the wallet did before the books began. What miners had of it is no cost of these books.
fn opening(draft: Draft, accounts: (Account, Account), amount: Msat, tx_id: TxId) -> Draft {
    draft.post(accounts, amount, Cause::Opening(tx_id))
}

/// What the miners' fee is taken from.
const fn fee_from(purpose: Purpose) -> Account {
    match purpose {
        Purpose::SpliceOut => Account::Lightning,
        Purpose::Deposit
        | Purpose::ChannelFunding
        | Purpose::ChannelProceeds
        | Purpose::ClosingCost
        | Purpose::SpliceIn
        | Purpose::OpeningIn
        | Purpose::OpeningOut => Account::Onchain,
    }
}

fn credited<A: Archive>(state: &State<A>, purpose: Purpose, amount: Msat) -> Result<Sat, Refusal> {
    match purpose {
        Purpose::Deposit => {
            let change = shown_change_sat(state, WalletRef::House, i128::from(amount.get()))?;
            u64::try_from(change)
                .ok()
                .and_then(Sat::new)
                .ok_or(Refusal::TooLarge)
        }
        Purpose::ChannelFunding
        | Purpose::ChannelProceeds
        | Purpose::ClosingCost
        | Purpose::SpliceIn
        | Purpose::SpliceOut
        | Purpose::OpeningIn
        | Purpose::OpeningOut => Ok(Sat::ZERO),
    }
}

/// The house pays miners out of one of the node's accounts.
pub(super) fn pay_for_chain(draft: Draft, from: Account, amount: Msat, cause: Cause) -> Draft {
    draft
        .post((Account::HOUSE, Account::FeesChain), amount, cause.clone())
        .post((Account::FeesChain, from), amount, cause)
}

/// Takes a deposit back that a reorg has taken away.
pub(super) fn reverse<A: Archive>(
    state: &State<A>,
    draft: Draft,
    tx_id: TxId,
) -> Result<Record, Refusal> {
    let Some(row) = state.get::<OnchainTx>(&tx_id)? else {
        return Ok(draft.finish());
    };
    if row.purpose != Purpose::Deposit || row.reversed_at.is_some() {
        return Ok(draft.finish());
    }
    let amount = row.amount;
    let row = OnchainTx {
        reversed_at: Some(draft.at()),
        height: None,
        ..row
    };
    let draft = deposit::take_back(state, draft, tx_id, amount)?;
    Ok(draft
        .fact(Fact::OnchainBooked(row))
        .post(
            (Account::HOUSE, Account::Onchain),
            amount,
            Cause::Reversed(tx_id),
        )
        .alarm(Alarm::DepositReversed { tx_id, amount })
        .finish())
}

/// Notes what closed a channel. The first time, what that may have cost is allowed for.
pub(super) fn closing<A: Archive>(
    state: &State<A>,
    draft: Draft,
    user_channel_id: [u8; 16],
    closing: Option<Closing>,
    cost: Msat,
) -> Result<Record, Refusal> {
    let Some(channel) = state.get::<Channel>(&user_channel_id)? else {
        return Ok(draft.finish());
    };
    if channel.closing == closing {
        return Ok(draft.finish());
    }
    let known = channel.closing.map(|known| known.tx_id);
    let is_new = closing.is_some_and(|closing| known != Some(closing.tx_id));
    let draft = if is_new {
        allow_closing(state, draft, cost)?
    } else {
        draft
    };
    let channel = Channel { closing, ..channel };
    Ok(draft
        .fact(Fact::ChannelRecorded(Box::new(channel)))
        .finish())
}

fn allow_closing<A: Archive>(state: &State<A>, draft: Draft, cost: Msat) -> Result<Draft, Refusal> {
    if cost.is_zero() {
        return Ok(draft);
    }
    let known = state.get::<Allowance>(&())?.unwrap_or_default();
    let closing_msat = known.closing_msat.saturating_add(cost.get());
    Ok(draft.fact(Fact::AllowanceSet(Allowance {
        closing_msat,
        ..known
    })))
}

/// Records what became of a channel; it never goes back to an earlier state. What its opener gave
/// the other side changes hands when the channel first has its funding transaction.
pub(super) fn channel<A: Archive>(
    state: &State<A>,
    draft: Draft,
    channel: Channel,
) -> Result<Record, Refusal> {
    let known = state.get::<Channel>(&channel.user_channel_id)?;
    if let Some(known) = &known
        && known.state >= channel.state
    {
        return Ok(match moved(known, &channel) {
            Some(moved) => draft.fact(Fact::ChannelRecorded(Box::new(moved))).finish(),
            None => draft.finish(),
        });
    }
    let was_funded = known
        .as_ref()
        .is_some_and(|known| known.funding_tx.is_some());
    let channel = merge(known, channel, draft.at());
    let mut draft = draft;
    if let (false, Some(funding)) = (was_funded, channel.funding_tx) {
        let cause = || Cause::ChannelPush(funding);
        draft = draft
            .post((Account::Lightning, Account::HOUSE), channel.got, cause())
            .post((Account::HOUSE, Account::Lightning), channel.given, cause());
    }
    let (channel_id, counterparty) = (channel.channel_id.clone(), channel.counterparty.clone());
    let draft = match channel.state {
        ChannelState::Opening | ChannelState::Pending => draft,
        ChannelState::Ready => draft.event(
            WalletRef::House,
            EventBody::ChannelOpened {
                channel_id,
                counterparty,
            },
        ),
        ChannelState::Closed => draft.event(
            WalletRef::House,
            EventBody::ChannelClosed {
                channel_id,
                counterparty,
            },
        ),
    };
    Ok(draft
        .fact(Fact::ChannelRecorded(Box::new(channel)))
        .finish())
}

/// A channel that can be used is reported again when a splice has it hang on another output.
fn moved(known: &Channel, told: &Channel) -> Option<Channel> {
    let both_ready = known.state == ChannelState::Ready && told.state == ChannelState::Ready;
    let (before, after) = (known.funding_tx?, told.funding_tx?);
    let is_same = (before, known.funding_index) == (after, told.funding_index);
    let left = Funding {
        tx_id: before,
        index: known.funding_index,
    };
    (both_ready && !is_same).then(|| Channel {
        funding_tx: told.funding_tx,
        funding_index: told.funding_index,
        splicing: None,
        spliced: [&known.spliced[..], &[left]].concat(),
        ..known.clone()
    })
}

/// Notes what a splice will have a channel hang on. If it moves money of ours, that is booked from
/// the wallet's transaction once the channel hangs there.
pub(super) fn splice<A: Archive>(
    state: &State<A>,
    draft: Draft,
    user_channel_id: [u8; 16],
    funding: Option<Funding>,
) -> Result<Record, Refusal> {
    let Some(channel) = state.get::<Channel>(&user_channel_id)? else {
        return Ok(draft.finish());
    };
    // The news may be told again when the channel hangs there already.
    let is_there = funding.is_some_and(|funding| {
        (channel.funding_tx, channel.funding_index) == (Some(funding.tx_id), funding.index)
    });
    if is_there || channel.splicing == funding {
        return Ok(draft.finish());
    }
    let channel = Channel {
        splicing: funding,
        ..channel
    };
    Ok(draft
        .fact(Fact::ChannelRecorded(Box::new(channel)))
        .finish())
}

/// The node's reports are partial: what an earlier one told stays.
fn merge(known: Option<Channel>, new: Channel, opened_at: Timestamp) -> Channel {
    let Some(known) = known else {
        return Channel { opened_at, ..new };
    };
    let funded = known.funding_tx.is_some();
    Channel {
        user_channel_id: known.user_channel_id,
        channel_id: new.channel_id,
        counterparty: if new.counterparty.is_empty() {
            known.counterparty
        } else {
            new.counterparty
        },
        funding_tx: if funded {
            known.funding_tx
        } else {
            new.funding_tx
        },
        funding_index: if funded {
            known.funding_index
        } else {
            new.funding_index
        },
        got: if funded { known.got } else { new.got },
        given: known.given,
        state: new.state,
        opened_at: known.opened_at,
        closing: known.closing,
        address: known.address,
        announced: known.announced,
        splicing: known.splicing,
        spliced: known.spliced,
    }
}
