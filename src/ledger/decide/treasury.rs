//! Rules for what happens on the chain to the node's own money.

use super::draft::Draft;
use super::shown_change_sat;
use crate::id::TxId;
use crate::ledger::account::{Account, WalletRef};
use crate::ledger::command::Refusal;
use crate::ledger::entity::Archive;
use crate::ledger::record::{EventBody, Fact, Record};
use crate::ledger::state::State;
use crate::ledger::transfer::Cause;
use crate::money::{Msat, Sat};
use crate::treasury::{Channel, ChannelState, OnchainTx, Purpose};

/// Books a transaction of the node's wallet once. The miners' fee goes through `fees:chain`, so
/// that its columns tell what the chain has cost.
pub(super) fn book<A: Archive>(
    state: &State<A>,
    draft: Draft,
    tx_id: TxId,
    purpose: Purpose,
    amount: Msat,
    fee: Msat,
) -> Result<Record, Refusal> {
    if state.get::<OnchainTx>(&tx_id)?.is_some() {
        return Ok(draft.finish());
    }
    let (accounts, cause) = match purpose {
        Purpose::Deposit => ((Account::Onchain, Account::HOUSE), Cause::Deposit(tx_id)),
        Purpose::ChannelFunding => (
            (Account::Lightning, Account::Onchain),
            Cause::ChannelFunding(tx_id),
        ),
        Purpose::ChannelProceeds => (
            (Account::Onchain, Account::Lightning),
            Cause::ChannelProceeds(tx_id),
        ),
    };
    let credited_sat = match purpose {
        Purpose::Deposit => {
            let change = shown_change_sat(state, WalletRef::House, i128::from(amount.get()))?;
            u64::try_from(change)
                .ok()
                .and_then(Sat::new)
                .ok_or(Refusal::TooLarge)?
        }
        Purpose::ChannelFunding | Purpose::ChannelProceeds => Sat::ZERO,
    };
    let booked_at = draft.at();
    let row = OnchainTx {
        tx_id,
        purpose,
        amount,
        fee,
        booked_at,
        credited_sat,
    };
    Ok(draft
        .fact(Fact::OnchainBooked(row))
        .post(accounts, amount, cause)
        .post(
            (Account::HOUSE, Account::FeesChain),
            fee,
            Cause::MinerFee(tx_id),
        )
        .post(
            (Account::FeesChain, Account::Onchain),
            fee,
            Cause::MinerFee(tx_id),
        )
        .finish())
}

/// Records what became of a channel; it never goes back to an earlier state. What its opener gave
/// the other side changes hands when the channel first has its funding transaction.
pub(super) fn channel<A: Archive>(
    state: &State<A>,
    draft: Draft,
    channel: Channel,
) -> Result<Record, Refusal> {
    let known = state.get::<Channel>(&channel.user_channel_id)?;
    if known
        .as_ref()
        .is_some_and(|known| known.state >= channel.state)
    {
        return Ok(draft.finish());
    }
    let was_funded = known
        .as_ref()
        .is_some_and(|known| known.funding_tx.is_some());
    let channel = merge(known, channel);
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

/// The node's reports are partial: what an earlier one told stays.
fn merge(known: Option<Channel>, new: Channel) -> Channel {
    let Some(known) = known else { return new };
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
    }
}
