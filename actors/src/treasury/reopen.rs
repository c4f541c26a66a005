//! What it takes to open a closed channel again: the same peer, the same size. Owns how that is found
//! out; opening is the treasury's.

use till::money::{Msat, Sat};
use till::treasury::{Channel, ChannelState};

use super::actor::Args;
use super::handle::TreasuryError;
use crate::node::{NodeError, OpenChannelRequest};

/// The channel to be opened in place of a closed one.
///
/// # Errors
/// [`NodeError::Invalid`] says why there is none; [`NodeError::Unavailable`] if the chain source does
/// not tell how large the channel was.
pub(super) async fn wanted(
    args: &Args,
    user_channel_id: &[u8; 16],
) -> Result<OpenChannelRequest, TreasuryError> {
    let channels = args.views.all::<Channel>()?;
    let closed = channels
        .iter()
        .find(|channel| channel.user_channel_id == *user_channel_id)
        .filter(|channel| channel.state == ChannelState::Closed)
        .ok_or_else(|| invalid("this channel is not closed"))?;
    // Whoever repeats the command because the answer was lost must not pay for two.
    let is_coming = |channel: &Channel| match channel.state {
        ChannelState::Opening | ChannelState::Pending => true,
        ChannelState::Ready | ChannelState::Closed => false,
    };
    let mut with_peer = channels
        .iter()
        .filter(|channel| channel.counterparty == closed.counterparty);
    if with_peer.any(is_coming) {
        return Err(invalid("a channel with this peer is being opened already"));
    }
    Ok(OpenChannelRequest {
        node_id: closed.counterparty.clone(),
        address: address(args, closed).await?,
        capacity: capacity(args, closed).await?,
        push: Msat::ZERO,
        announce: closed.announced,
    })
}

/// Where we found the peer when we opened the channel, or where it is connected from: enough for a
/// peer that is connected.
async fn address(args: &Args, closed: &Channel) -> Result<String, TreasuryError> {
    if let Some(address) = &closed.address {
        return Ok(address.clone());
    }
    let peer = closed.counterparty.clone();
    let known = args.node.run(move |node| node.peer_address(&peer)).await;
    known.map_err(TreasuryError::Node)?.ok_or_else(|| {
        invalid("its peer opened it, and where the peer listens is not known: open a new one")
    })
}

/// The chain knows how large it was.
async fn capacity(args: &Args, closed: &Channel) -> Result<Sat, TreasuryError> {
    let funding = closed.funding_tx;
    let funding = funding.ok_or_else(|| invalid("it never had a funding transaction"))?;
    let unknown = |why: String| TreasuryError::Node(NodeError::Unavailable(why));
    let found = args.chain.transaction(funding).await;
    let found = found.map_err(|error| unknown(error.to_string()))?;
    let index = usize::try_from(closed.funding_index).unwrap_or(usize::MAX);
    found
        .and_then(|transaction| Sat::new(transaction.output.get(index)?.value.to_sat()))
        .ok_or_else(|| unknown("the chain source does not know its funding transaction".into()))
}

fn invalid(why: &str) -> TreasuryError {
    TreasuryError::Node(NodeError::Invalid(why.to_owned()))
}
