//! Splices: more or less money in a channel that stays open. Owns how one is asked for, and how its
//! transaction is told from others in the wallet.
//!
//! Nothing is journaled before the node is asked, as no money leaves the house: a splice is known by
//! its transaction, from the node's event that it is pending. It is booked when the channel hangs on
//! its output; until then a closing may still undo it, and the books are not put to the node.

use std::time::Duration;

use till::id::RequestHash;
use till::ledger::entity::Idempotency;
use till::ledger::{IdempotencyKey, OnchainSeen, Reference, Refusal};
use till::money::Msat;
use till::treasury::{Channel, ChannelState, Purpose};

use super::actor::Args;
use super::handle::TreasuryError;
use crate::chain::ChainClient;
use crate::ledger::LedgerError;
use crate::node::{NodeChannel, NodeError, OnchainRow, SpliceRequest};
use crate::service::types::SplicedChannel;
use crate::views::Views;

/// How long the two sides may take to agree on a splice and sign it.
const SPLICE_TIMEOUT: Duration = Duration::from_secs(30);

/// The splice that the same request made before.
///
/// # Errors
/// [`Refusal::IdempotencyConflict`] if the key was used for another request.
pub(super) fn repeated(
    views: &Views,
    request: &SpliceRequest,
    keyed: Option<&(IdempotencyKey, RequestHash)>,
) -> Result<Option<SplicedChannel>, TreasuryError> {
    let Some((key, hash)) = keyed else {
        return Ok(None);
    };
    let Some(known) = views.get::<Idempotency>(key)? else {
        return Ok(None);
    };
    let conflict = || LedgerError::Refused(Refusal::IdempotencyConflict);
    if known.request != *hash {
        return Err(conflict().into());
    }
    let Reference::Splice(tx) = known.reference else {
        return Err(conflict().into());
    };
    let row = views.get::<Channel>(&request.user_channel_id)?;
    let row = row.ok_or(TreasuryError::UnknownChannel)?;
    Ok(Some(SplicedChannel {
        channel_id: row.channel_id,
        tx: Some(tx),
    }))
}

/// Asks for a splice and waits until its transaction is known.
///
/// # Errors
/// [`TreasuryError::Undecided`] if it is not in time; it may yet come.
pub(super) async fn run(
    args: &Args,
    request: SpliceRequest,
) -> Result<SplicedChannel, TreasuryError> {
    let user_channel_id = request.user_channel_id;
    let row = args.views.get::<Channel>(&user_channel_id)?;
    let row = row.filter(|row| row.state == ChannelState::Ready);
    let row = row.ok_or_else(|| invalid("the channel is not open"))?;
    if row.splicing.is_some() {
        return Err(invalid("the channel is being spliced already"));
    }
    let before = row.funding_tx;
    let asked = args.node.run(move |node| {
        // The node would put it off until the peer is back, and could not be told otherwise.
        let is_it = |one: &NodeChannel| one.user_channel_id == request.user_channel_id;
        match node.channels().iter().find(|one| is_it(one)) {
            Some(channel) if channel.is_usable => node.splice(&request, &channel.counterparty),
            Some(_) | None => Err(NodeError::Peer("the channel's peer is away".into())),
        }
    });
    asked
        .await
        .map_err(TreasuryError::Node)?
        .map_err(TreasuryError::Node)?;
    let decided = args.views.wait_for(SPLICE_TIMEOUT, |views| {
        let row = views.get::<Channel>(&user_channel_id)?;
        Ok(row.filter(|row| row.splicing.is_some() || row.funding_tx != before))
    });
    let row = decided.await?.ok_or(TreasuryError::Undecided)?;
    let pending = row.splicing.map(|funding| funding.tx_id);
    Ok(SplicedChannel {
        channel_id: row.channel_id,
        tx: pending.or(row.funding_tx),
    })
}

/// What a transaction of the wallet's is, as far as one explanation goes: here, that it is a splice.
pub(super) enum Explained {
    /// It is, and it is done.
    Is(OnchainSeen),
    /// It may still come to nothing, or the chain source does not tell of it now.
    Waits,
    /// A closing has undone it: it never happened, though the wallet keeps its row.
    Gone,
    /// It is not.
    Not,
}

/// Explains a transaction by the channels' outputs.
pub(super) async fn explain(
    chain: &ChainClient,
    row: &OnchainRow,
    channels: &[Channel],
) -> Explained {
    let pending = |channel: &&Channel| {
        let soon = channel.splicing.map(|funding| funding.tx_id);
        soon == Some(row.tx_id)
    };
    if let Some(channel) = channels.iter().find(pending) {
        return match (channel.state, chain.mined(row.tx_id).await) {
            (ChannelState::Closed, Ok(None)) if channel.closing.is_some() => Explained::Gone,
            // The closing spends it, so it is for good.
            (ChannelState::Closed, Ok(Some(found))) if found.height.is_some() => {
                done(row, found.fee.to_msat(), found.height)
            }
            (
                ChannelState::Opening
                | ChannelState::Pending
                | ChannelState::Ready
                | ChannelState::Closed,
                _,
            ) => Explained::Waits,
        };
    }
    if !channels.iter().any(|one| one.was_spliced_by(row.tx_id)) {
        return Explained::Not;
    }
    match chain.mined(row.tx_id).await {
        Ok(Some(found)) => done(row, found.fee.to_msat(), found.height),
        Ok(None) | Err(_) => Explained::Waits,
    }
}

/// Whoever begins a splice pays its miners. The wallet's own row tells a part of the fee or none, as
/// it may not know what the channel hung on before.
fn done(row: &OnchainRow, fee: Msat, height: Option<u32>) -> Explained {
    let (purpose, amount) = if row.incoming {
        (Purpose::SpliceOut, Some(row.amount))
    } else {
        let left = row.amount.checked_add(row.fee);
        let amount = left.map(|left| left.saturating_sub(fee));
        (Purpose::SpliceIn, amount)
    };
    let Some(amount) = amount else {
        return Explained::Waits;
    };
    Explained::Is(OnchainSeen {
        tx_id: row.tx_id,
        purpose,
        amount,
        fee,
        height,
        cost: Msat::ZERO,
    })
}

fn invalid(why: &str) -> TreasuryError {
    TreasuryError::Node(NodeError::Invalid(why.to_owned()))
}
