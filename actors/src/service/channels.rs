//! Channels for the operator: all that there are or were, and a closed one opened again. Owns how the
//! node's channels and the ledger's rows are put side by side.

use till::ledger::Refusal;
use till::money::Sat;
use till::treasury::{Channel, ChannelState};

use super::types::{ChannelInfo, OpenedChannel, ServiceError, SplicedChannel};
use super::{Service, with_phase};
use crate::node::{NodeError, SpliceRequest, SpliceWay};

/// A channel that is or was.
#[derive(Clone, Debug)]
pub enum ChannelEntry {
    /// The node has it.
    Open(ChannelInfo),
    /// It is closed; the node tells nothing of it any more.
    Closed(Box<Channel>),
}

impl Service {
    /// All channels: those of the node first, then closed ones, the newest first.
    ///
    /// # Errors
    /// [`ServiceError::Node`] while the node is not running.
    pub async fn all_channels(&self) -> Result<Vec<ChannelEntry>, ServiceError> {
        let call = self.parts.node.call(|node| Ok(node.channels()));
        let open: Vec<ChannelInfo> = call.await?.into_iter().map(with_phase).collect();
        let mut closed = self.channel_rows().await?;
        closed.retain(|row| {
            let is_open = |info: &ChannelInfo| info.channel.user_channel_id == row.user_channel_id;
            row.state == ChannelState::Closed && !open.iter().any(is_open)
        });
        closed.sort_by_key(|row| std::cmp::Reverse(row.opened_at));
        let closed = closed.into_iter().map(Box::new).map(ChannelEntry::Closed);
        Ok(open
            .into_iter()
            .map(ChannelEntry::Open)
            .chain(closed)
            .collect())
    }

    /// Opens a channel like one that is closed, named by its channel id or the node's lasting id:
    /// with the same peer, and of the same size.
    ///
    /// # Errors
    /// As [`open_channel`](Self::open_channel); [`ServiceError::UnknownChannel`] if none has that
    /// name.
    pub async fn reopen_channel(&self, name: &str) -> Result<OpenedChannel, ServiceError> {
        let row = self.channel_named(name).await?;
        let reopened = self.parts.treasury.reopen_channel(row.user_channel_id);
        Ok(reopened.await?)
    }

    /// Puts on-chain money into a channel, or takes some out to the on-chain wallet.
    ///
    /// # Errors
    /// [`ServiceError::Refused`] or [`ServiceError::Node`] if there is too little of the house's, or
    /// the peer is away; [`ServiceError::Unknown`] if the peer has not agreed in time and may yet.
    pub async fn splice(
        &self,
        name: &str,
        way: SpliceWay,
        amount: Sat,
    ) -> Result<SplicedChannel, ServiceError> {
        let user_channel_id = self.channel_named(name).await?.user_channel_id;
        match way {
            SpliceWay::In => {
                if self.node_balances().await?.onchain_spendable < amount {
                    return Err(NodeError::InsufficientFunds.into());
                }
            }
            // What other wallets are owed stays where it can be paid out from.
            SpliceWay::Out => {
                let available = self.house_balance().await?.spendable;
                let needed = amount.to_msat();
                if available < needed {
                    return Err(Refusal::InsufficientFunds { needed, available }.into());
                }
            }
        }
        let request = SpliceRequest {
            user_channel_id,
            way,
            amount,
        };
        Ok(self.parts.treasury.splice(request).await?)
    }

    /// The channel with this channel id or this lasting id.
    async fn channel_named(&self, name: &str) -> Result<Channel, ServiceError> {
        let rows = self.channel_rows().await?;
        let is_it =
            |row: &Channel| row.channel_id == name || hex::encode(row.user_channel_id) == name;
        rows.into_iter()
            .find(is_it)
            .ok_or(ServiceError::UnknownChannel)
    }

    async fn channel_rows(&self) -> Result<Vec<Channel>, ServiceError> {
        self.read(|views| views.all::<Channel>()).await
    }
}
