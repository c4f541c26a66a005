//! Channels: open them, list them, wait until they can be used.

use std::net::SocketAddr;
use std::time::Duration;

use bitcoin::OutPoint;
use bitcoin::secp256k1::PublicKey;
use ldk_node::NodeError;
use ldk_node::lightning::ln::msgs::SocketAddress;

use super::seen::Opening;
use super::{Peer, PeerError};
use crate::wait::{self, Wait};

/// How long the two sides may take to agree on a channel and make its funding transaction.
const OPEN_LIMIT: Duration = Duration::from_secs(60);
/// How long a confirmed channel may take to become usable.
const USABLE_LIMIT: Duration = Duration::from_secs(60);

/// A channel to be opened.
#[derive(Clone, Copy, Debug)]
pub struct NewChannel {
    /// To whom.
    pub node_id: PublicKey,
    /// Where they listen.
    pub address: SocketAddr,
    /// Its size.
    pub capacity_sat: u64,
    /// What they get of it at once.
    pub push_sat: u64,
    /// Tell the network. Otherwise only invoices and offers that lead through it know of it.
    pub announce: bool,
}

/// A channel whose funding transaction is made and on its way to the chain source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenedChannel {
    /// The output that holds the channel's money.
    pub funding: OutPoint,
}

/// A channel as one side sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelView {
    /// The other side.
    pub counterparty: PublicKey,
    /// The output that holds the channel's money, once there is one.
    pub funding: Option<OutPoint>,
    /// Its size.
    pub capacity_sat: u64,
    /// What can be sent through it.
    pub outbound_msat: u64,
    /// What can be received through it.
    pub inbound_msat: u64,
    /// Confirmed deep enough, and the other side is there.
    pub usable: bool,
    /// Told to the network.
    pub announced: bool,
}

impl Peer {
    /// Opens a channel and waits until its funding transaction is made. It can be used after six
    /// blocks, or at once where the other side trusts this one.
    ///
    /// # Errors
    /// If money is short, the other side is offline or refuses.
    pub async fn open_channel(&self, wanted: NewChannel) -> Result<OpenedChannel, PeerError> {
        let id = self
            .ask("open a channel", move |node| {
                let address = SocketAddress::from(wanted.address);
                let push = (wanted.push_sat > 0).then_some(wanted.push_sat.saturating_mul(1000));
                let (to, size) = (wanted.node_id, wanted.capacity_sat);
                if wanted.announce {
                    node.open_announced_channel(to, address, size, push, None)
                } else {
                    node.open_channel(to, address, size, push, None)
                }
            })
            .await?
            .0;
        let mut seen = self.facts().seen.subscribe();
        let settled = seen.wait_for(|seen| seen.openings.get(&id).is_some());
        let seen = wait::within("the other side to accept the channel", OPEN_LIMIT, settled)
            .await?
            .map_err(|_closed| PeerError::Stopped(self.name().to_owned()))?;
        match seen.openings.get(&id) {
            Some(Opening::Funded(funding)) => Ok(OpenedChannel { funding: *funding }),
            Some(Opening::Closed(reason)) => Err(PeerError::ChannelRefused(reason.clone())),
            None => Err(PeerError::ChannelRefused("forgotten".to_owned())),
        }
    }

    /// All its channels.
    ///
    /// # Errors
    /// If it is stopped.
    pub async fn channels(&self) -> Result<Vec<ChannelView>, PeerError> {
        self.call(|node| {
            let view = |channel: ldk_node::ChannelDetails| ChannelView {
                counterparty: channel.counterparty_node_id,
                funding: channel.funding_txo,
                capacity_sat: channel.channel_value_sats,
                outbound_msat: channel.outbound_capacity_msat,
                inbound_msat: channel.inbound_capacity_msat,
                usable: channel.is_usable,
                announced: channel.is_announced,
            };
            node.list_channels().into_iter().map(view).collect()
        })
        .await
    }

    /// Closes every channel with the other side: by agreement, or by its own last word.
    ///
    /// # Errors
    /// If it is stopped, or the node refuses.
    pub async fn close_channels(&self, with: PublicKey, force: bool) -> Result<(), PeerError> {
        self.ask("close a channel", move |node| {
            let theirs = |channel: &ldk_node::ChannelDetails| channel.counterparty_node_id == with;
            for channel in node.list_channels().into_iter().filter(theirs) {
                let id = &channel.user_channel_id;
                if force {
                    node.force_close_channel(id, with, Some("as told".to_owned()))?;
                } else {
                    node.close_channel(id, with)?;
                }
            }
            Ok(())
        })
        .await
    }

    /// Puts on-chain money into its one channel with the other side. The channel goes on as it is
    /// until the transaction is six blocks deep.
    ///
    /// # Errors
    /// If it is stopped, there is no such channel, or the node refuses.
    pub async fn splice_in(&self, with: PublicKey, amount_sat: u64) -> Result<(), PeerError> {
        self.ask("splice a channel", move |node| {
            let channels = node.list_channels();
            let mut theirs = channels
                .iter()
                .filter(|channel| channel.counterparty_node_id == with);
            let channel = theirs.next().ok_or(NodeError::ChannelSplicingFailed)?;
            node.splice_in(&channel.user_channel_id, with, amount_sat)
        })
        .await
    }

    /// Waits until a channel can be used.
    ///
    /// # Errors
    /// If that does not come about in time.
    pub async fn usable(&self, funding: OutPoint) -> Result<(), PeerError> {
        let what = format!("the {} node's channel {funding} to be usable", self.name());
        let mut wait = Wait::new(what, USABLE_LIMIT);
        loop {
            let channels = self.channels().await?;
            let mut ours = channels.iter().filter(|one| one.funding == Some(funding));
            if ours.any(|channel| channel.usable) {
                return Ok(());
            }
            wait.pause().await?;
        }
    }

    /// Nodes that it knows from the network's announcements, itself included where it is announced.
    ///
    /// # Errors
    /// If it is stopped.
    pub async fn known_nodes(&self) -> Result<Vec<PublicKey>, PeerError> {
        self.call(|node| {
            let nodes = node.network_graph().list_nodes();
            nodes.iter().filter_map(|id| id.as_pubkey().ok()).collect()
        })
        .await
    }
}
