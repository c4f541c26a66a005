//! Opening a channel: the wish on disk, then the node asked, once, then its name on disk. Owns what a
//! repeat is told, and the search for a channel whose name was never written down.
//!
//! Architecture invariant: the node is asked only by whoever made the wish, in the same call. A wish
//! that is found without an outcome is never put to the node again: the channel may be there.

use std::collections::HashSet;

use till::id::{OpeningId, RequestHash};
use till::ledger::entity::Idempotency;
use till::ledger::{Command, Done, IdempotencyKey, OpeningOrder, Reference, Refusal};
use till::treasury::{Channel, ChannelState, Opening, OpeningOutcome, OpeningRefusal};

use super::actor::Args;
use super::handle::TreasuryError;
use crate::ledger::LedgerError;
use crate::node::{NO_SUCH_CHANNEL, NodeChannel, NodeError, OpenChannelRequest};
use crate::service::types::{ChannelOpening, OpenedChannel};
use crate::views::{ViewError, Views};

/// What came of asking.
pub(super) enum Asked {
    /// The node asks the peer, for the channel that it calls this.
    Now([u8; 16]),
    /// Somebody had asked before; it stands like this.
    Before(ChannelOpening),
}

/// The wish for a channel like this.
pub(crate) fn order(
    id: OpeningId,
    request: &OpenChannelRequest,
    idempotency: Option<(IdempotencyKey, RequestHash)>,
) -> OpeningOrder {
    OpeningOrder {
        id,
        counterparty: request.node_id.clone(),
        address: request.address.clone(),
        announce: request.announce,
        capacity: request.capacity,
        push: request.push,
        idempotency,
    }
}

/// How the channel stands that the same request asked for before: nobody has to be there for that.
///
/// # Errors
/// [`Refusal::IdempotencyConflict`] if the key was used for another request.
pub(super) async fn repeated(
    args: &Args,
    order: &OpeningOrder,
) -> Result<Option<ChannelOpening>, TreasuryError> {
    let Some((key, request)) = &order.idempotency else {
        return Ok(None);
    };
    let Some(known) = args.views.get::<Idempotency>(key)? else {
        return Ok(None);
    };
    match known.reference {
        Reference::Opening(id) if known.request == *request => {
            find_unnamed(args).await?;
            standing(&args.views, id).map(Some)
        }
        Reference::Opening(_)
        | Reference::Payment(_)
        | Reference::Splice(_)
        | Reference::Invoice(_) => Err(LedgerError::Refused(Refusal::IdempotencyConflict).into()),
    }
}

/// Writes the wish down, asks the node, and writes down what it said.
pub(super) async fn ask(
    args: &Args,
    order: Box<OpeningOrder>,
    request: OpenChannelRequest,
) -> Result<Asked, TreasuryError> {
    let id = order.id;
    let intend = Command::IntendOpening(order);
    match args.ledger.execute(intend).await? {
        Done::Changed | Done::Unchanged => {}
        Done::Repeat(Reference::Opening(known)) => {
            find_unnamed(args).await?;
            return standing(&args.views, known).map(Asked::Before);
        }
        // A key names its operation too, so that is somebody's mistake.
        Done::Repeat(Reference::Payment(_) | Reference::Splice(_) | Reference::Invoice(_)) => {
            return Err(LedgerError::Refused(Refusal::IdempotencyConflict).into());
        }
    }
    let asked = args.node.run(move |node| node.open_channel(&request)).await;
    let error = match asked {
        Ok(Ok(user_channel_id)) => {
            end(args, id, OpeningOutcome::Named(user_channel_id)).await?;
            return Ok(Asked::Now(user_channel_id));
        }
        Ok(Err(error)) | Err(error) => error,
    };
    match proves_nothing_begun(&error) {
        Some(refusal) => {
            end(args, id, OpeningOutcome::Refused(refusal)).await?;
            Err(TreasuryError::Node(error))
        }
        None => {
            tracing::error!(%error, opening = %id, "nobody knows whether a channel is being opened");
            Ok(Asked::Before(ChannelOpening::Pending {
                user_channel_id: None,
            }))
        }
    }
}

async fn end(args: &Args, id: OpeningId, outcome: OpeningOutcome) -> Result<(), LedgerError> {
    let end = Command::EndOpening { id, outcome };
    args.ledger.execute_for_node(end).await.map(|_| ())
}

/// What an error means for the wish; `None` where the node may have begun all the same. It may have
/// when it could not write down its peer afterwards, which is one of the failures without a name.
fn proves_nothing_begun(error: &NodeError) -> Option<OpeningRefusal> {
    match error {
        NodeError::Unavailable(_) | NodeError::Busy => Some(OpeningRefusal::NodeAway),
        NodeError::Peer(_) => Some(OpeningRefusal::PeerAway),
        NodeError::InsufficientFunds => Some(OpeningRefusal::InsufficientFunds),
        NodeError::Invalid(_) => Some(OpeningRefusal::Impossible),
        NodeError::Failed(_)
        | NodeError::OwnAddress
        | NodeError::NotReplaceable(_)
        | NodeError::NoInbound(_) => None,
    }
}

/// How a wish stands now.
fn standing(views: &Views, id: OpeningId) -> Result<ChannelOpening, TreasuryError> {
    let opening = views.get::<Opening>(&id)?;
    match opening.and_then(|opening| opening.outcome) {
        Some(OpeningOutcome::Named(user_channel_id)) => {
            channel_standing(user_channel_id, views.get(&user_channel_id)?)
        }
        Some(OpeningOutcome::Refused(refusal)) => Err(TreasuryError::Node(told_again(refusal))),
        None => Ok(ChannelOpening::Pending {
            user_channel_id: None,
        }),
    }
}

/// How the channel stands that came of a wish.
pub(super) fn channel_standing(
    user_channel_id: [u8; 16],
    channel: Option<Channel>,
) -> Result<ChannelOpening, TreasuryError> {
    match channel {
        Some(channel) if channel.funding_tx.is_some() => {
            Ok(ChannelOpening::Funded(OpenedChannel {
                user_channel_id,
                state: channel.state,
                channel_id: Some(channel.channel_id),
                funding_tx_id: channel.funding_tx.map(|tx| tx.to_string()),
            }))
        }
        Some(channel) if channel.state == ChannelState::Closed => {
            Err(TreasuryError::Node(NodeError::Peer(
                "the peer refused the channel: too small, too large, or it wants none".into(),
            )))
        }
        Some(_) | None => Ok(ChannelOpening::Pending {
            user_channel_id: Some(user_channel_id),
        }),
    }
}

fn told_again(refusal: OpeningRefusal) -> NodeError {
    let earlier = || "it was so when the channel was asked for".to_owned();
    match refusal {
        OpeningRefusal::NodeAway => NodeError::Unavailable(earlier()),
        OpeningRefusal::PeerAway => NodeError::Peer(earlier()),
        OpeningRefusal::InsufficientFunds => NodeError::InsufficientFunds,
        OpeningRefusal::Impossible => NodeError::Invalid(NO_SUCH_CHANNEL.to_owned()),
    }
}

/// A process that died after the node had answered left a channel without a name. It is the one to
/// the wanted peer, of the wanted size, that is younger than the wish and nobody else's.
pub(super) async fn find_unnamed(args: &Args) -> Result<(), ViewError> {
    let openings = args.views.all::<Opening>()?;
    if openings.iter().all(|opening| opening.outcome.is_some()) {
        return Ok(());
    }
    // A node that is away has nothing to show; there will be another look.
    let Ok(channels) = args.node.call(|node| Ok(node.channels())).await else {
        return Ok(());
    };
    let named = |opening: &Opening| match opening.outcome {
        Some(OpeningOutcome::Named(user_channel_id)) => Some(user_channel_id),
        Some(OpeningOutcome::Refused(_)) | None => None,
    };
    let mut taken: HashSet<[u8; 16]> = openings.iter().filter_map(named).collect();
    for opening in openings.iter().filter(|opening| opening.outcome.is_none()) {
        for channel in channels.iter().filter(|channel| fits(channel, opening)) {
            let row = args.views.get::<Channel>(&channel.user_channel_id)?;
            let is_older = row.is_some_and(|row| row.opened_at < opening.asked_at);
            if is_older || !taken.insert(channel.user_channel_id) {
                continue;
            }
            let outcome = OpeningOutcome::Named(channel.user_channel_id);
            if let Err(error) = end(args, opening.id, outcome).await {
                tracing::warn!(%error, "a channel was not named; trying again later");
            }
            break;
        }
    }
    Ok(())
}

fn fits(channel: &NodeChannel, opening: &Opening) -> bool {
    channel.is_outbound
        && channel.counterparty == opening.counterparty
        && channel.capacity == opening.capacity
}
