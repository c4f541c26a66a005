//! Rules for opening channels: the wish is on disk before the node is asked, and it is asked once.

use super::draft::Draft;
use super::{Decision, idempotency, restoration};
use crate::id::OpeningId;
use crate::ledger::account::Account;
use crate::ledger::command::{OpeningOrder, Refusal};
use crate::ledger::entity::Archive;
use crate::ledger::record::{Fact, Record};
use crate::ledger::reference::Reference;
use crate::ledger::state::State;
use crate::ledger::transfer::Cause;
use crate::money::Msat;
use crate::treasury::{Channel, ChannelState, Opening, OpeningOutcome};

/// Whoever asked for it may ask the node, unless it is a repeat.
pub(super) fn intend<A: Archive>(
    state: &State<A>,
    draft: Draft,
    order: OpeningOrder,
) -> Result<Decision, Refusal> {
    if let Some(made) = idempotency::earlier(state, &order.idempotency)? {
        return Ok(Decision::Repeat(made));
    }
    restoration::refuse_while_held(state)?;
    let opening = Opening {
        id: order.id,
        counterparty: order.counterparty,
        capacity: order.capacity,
        push: order.push,
        asked_at: draft.at(),
        outcome: None,
        address: Some(order.address),
        announced: order.announce,
    };
    let draft = idempotency::keep(draft, &order.idempotency, Reference::Opening(order.id));
    let wish = Fact::OpeningIntended(Box::new(opening));
    Ok(Decision::Commit(draft.fact(wish).finish()))
}

/// Notes what the node said. What it said first stands.
pub(super) fn end<A: Archive>(
    state: &State<A>,
    draft: Draft,
    id: OpeningId,
    outcome: OpeningOutcome,
) -> Result<Record, Refusal> {
    let Some(opening) = state.get::<Opening>(&id)? else {
        return Err(Refusal::WrongState);
    };
    if opening.outcome.is_some() {
        return Ok(draft.finish());
    }
    let draft = draft.fact(Fact::OpeningEnded { id, outcome });
    match outcome {
        OpeningOutcome::Refused(_) => Ok(draft.finish()),
        OpeningOutcome::Named(user_channel_id) => {
            let known = state.get::<Channel>(&user_channel_id)?;
            Ok(name(draft, &opening, user_channel_id, known).finish())
        }
    }
}

/// The channel has a row from here on. Where the node told of it before its name was written down,
/// the row is there, and only what the peer is given was not known.
fn name(draft: Draft, opening: &Opening, ucid: [u8; 16], known: Option<Channel>) -> Draft {
    let given = opening.push;
    let Some(known) = known else {
        let asked = Channel {
            user_channel_id: ucid,
            channel_id: String::new(),
            counterparty: opening.counterparty.clone(),
            funding_tx: None,
            funding_index: 0,
            got: Msat::ZERO,
            given,
            state: ChannelState::Opening,
            opened_at: draft.at(),
            closing: None,
            address: opening.address.clone(),
            announced: opening.announced,
            splicing: None,
            spliced: Vec::new(),
        };
        return draft.fact(Fact::ChannelRecorded(Box::new(asked)));
    };
    let known = Channel {
        address: opening.address.clone(),
        announced: opening.announced,
        ..known
    };
    if !known.given.is_zero() || given.is_zero() {
        return draft.fact(Fact::ChannelRecorded(Box::new(known)));
    }
    let draft = match known.funding_tx {
        Some(funding) => draft.post(
            (Account::HOUSE, Account::Lightning),
            given,
            Cause::ChannelPush(funding),
        ),
        None => draft,
    };
    draft.fact(Fact::ChannelRecorded(Box::new(Channel { given, ..known })))
}
