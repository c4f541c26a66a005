//! Opening channels, once more too, and all that there are or were. Owns how the node's channels and
//! the ledger's rows are put side by side.

use till::id::{OpeningId, RequestHash};
use till::ledger::entity::Idempotency;
use till::ledger::{IdempotencyKey, Refusal};
use till::money::Sat;
use till::treasury::{Channel, ChannelState};

use super::Service;
use super::invoices::no_randomness;
use super::types::{ChannelInfo, ChannelOpening, NewChannel, ServiceError, SplicedChannel};
use crate::node::{NodeError, SpliceRequest, SpliceWay};
use crate::treasury::opening_order;

/// A channel that is or was.
#[derive(Clone, Debug)]
pub enum ChannelEntry {
    /// The node has it, or what is left of it is on its way back.
    Open(Box<ChannelInfo>),
    /// It is closed; the node tells nothing of it any more.
    Closed(Box<Channel>),
}

impl Service {
    /// All channels: those of the node first, then closed ones, the newest first.
    ///
    /// # Errors
    /// [`ServiceError::Node`] while the node is not running.
    pub async fn all_channels(&self) -> Result<Vec<ChannelEntry>, ServiceError> {
        let open = self.node_info().await?.channels;
        let mut closed = self.channel_rows().await?;
        closed.retain(|row| {
            let is_open = |info: &ChannelInfo| info.channel.user_channel_id == row.user_channel_id;
            row.state == ChannelState::Closed && !open.iter().any(is_open)
        });
        closed.sort_by_key(|row| std::cmp::Reverse(row.opened_at));
        let closed = closed.into_iter().map(Box::new).map(ChannelEntry::Closed);
        Ok(open
            .into_iter()
            .map(|info| ChannelEntry::Open(Box::new(info)))
            .chain(closed)
            .collect())
    }

    /// Where a peer was last found, `host:port`: where we opened a channel to it, or where it is
    /// connected.
    ///
    /// # Errors
    /// [`ServiceError::Node`] while the node is not running.
    pub async fn peer_address(&self, node_id: &str) -> Result<Option<String>, ServiceError> {
        let rows = self.channel_rows().await?;
        let ours = rows
            .into_iter()
            .rev()
            .filter(|row| row.counterparty == node_id);
        if let Some(address) = { ours }.find_map(|row| row.address) {
            return Ok(Some(address));
        }
        let peer = node_id.to_owned();
        let asked = self
            .parts
            .node
            .call(move |node| Ok(node.peer_address(&peer)));
        Ok(asked.await?)
    }

    /// Connects to a peer, and again after each start and whenever the connection is lost. A peer whose
    /// channel we have lost closes it as soon as it hears so.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if it is not reached.
    pub async fn connect(&self, node_id: &str, address: &str) -> Result<(), ServiceError> {
        let (peer, address) = (node_id.to_owned(), address.to_owned());
        let asked = self
            .parts
            .node
            .call(move |node| node.connect(&peer, Some(&address)));
        Ok(asked.await?)
    }

    /// Opens a channel like one that is closed, named by its channel id or the node's lasting id:
    /// with the same peer, and of the same size.
    ///
    /// # Errors
    /// As [`open_channel`](Self::open_channel); [`ServiceError::UnknownChannel`] if none has that
    /// name.
    pub async fn reopen_channel(&self, name: &str) -> Result<ChannelOpening, ServiceError> {
        let row = self.channel_named(name).await?;
        let treasury = &self.parts.treasury;
        let reopened = treasury.reopen_channel(new_opening()?, row.user_channel_id);
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
        keyed: Option<(IdempotencyKey, RequestHash)>,
    ) -> Result<SplicedChannel, ServiceError> {
        let user_channel_id = self.channel_named(name).await?.user_channel_id;
        // What a repeat asks for has left already.
        let is_repeat = match &keyed {
            Some((key, _)) => self.row::<Idempotency>(key)?.is_some(),
            None => false,
        };
        match way {
            SpliceWay::In | SpliceWay::Out if is_repeat => {}
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
        Ok(self.parts.treasury.splice(request, keyed).await?)
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

    /// Opens a channel, once per key; returns when its funding transaction is known, or when the peer
    /// has had its time.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if node or peer refuse, also when that is told again to a repeat;
    /// [`ServiceError::Unknown`] if the channel may yet come.
    pub async fn open_channel(&self, wanted: NewChannel) -> Result<ChannelOpening, ServiceError> {
        let NewChannel {
            request,
            idempotency,
        } = wanted;
        // What a repeat asks for has been paid already.
        let is_repeat = match &idempotency {
            Some((key, _)) => self.row::<Idempotency>(key)?.is_some(),
            None => false,
        };
        if !is_repeat {
            let free = self.node_balances().await?.onchain_spendable;
            if free < request.capacity {
                return Err(NodeError::InsufficientFunds.into());
            }
        }
        let order = Box::new(opening_order(new_opening()?, &request, idempotency));
        Ok(self.parts.treasury.open_channel(order, request).await?)
    }
}

fn new_opening() -> Result<OpeningId, ServiceError> {
    let mut id = [0; 16];
    getrandom::fill(&mut id).map_err(no_randomness)?;
    Ok(OpeningId::from_bytes(id))
}
