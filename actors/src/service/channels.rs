//! Channels for the operator: all that there are or were, and a closed one opened again. Owns how the
//! node's channels and the ledger's rows are put side by side.

use till::treasury::{Channel, ChannelState};

use super::Service;
use super::types::{ChannelInfo, OpenedChannel, ServiceError};

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

    /// Opens a channel like one that is closed, named by its channel id or the node's lasting id:
    /// with the same peer, and of the same size.
    ///
    /// # Errors
    /// As [`open_channel`](Self::open_channel); [`ServiceError::InvalidRequest`] if no closed channel
    /// has that name.
    pub async fn reopen_channel(&self, name: &str) -> Result<OpenedChannel, ServiceError> {
        let rows = self.channel_rows().await?;
        let named = rows
            .iter()
            .find(|row| row.channel_id == name || hex::encode(row.user_channel_id) == name);
        let Some(row) = named else {
            let unknown = "there is no such channel; `tilld channels list` names them";
            return Err(ServiceError::InvalidRequest(unknown.to_owned()));
        };
        let reopened = self.parts.treasury.reopen_channel(row.user_channel_id);
        Ok(reopened.await?)
    }

    async fn channel_rows(&self) -> Result<Vec<Channel>, ServiceError> {
        self.read(|views| views.all::<Channel>()).await
    }
}
