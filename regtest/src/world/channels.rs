//! Channels of the till: who opens them, and when they can be used.

use std::collections::HashSet;
use std::time::Duration;

use bitcoin::{OutPoint, Txid};
use reqwest::StatusCode;

use super::{NodeAddress, TillChannel, World, WorldError};
use crate::peer::{NewChannel, Peer, PeerError};
use crate::wait::Wait;

/// Blocks until a channel can be used and announced.
pub(super) const CONFIRMATIONS: u32 = 6;
/// How long a funding transaction may take to reach the chain.
const BROADCAST_LIMIT: Duration = Duration::from_secs(45);
/// How long an opener may take until its wallet has seen its money.
const FUNDS_LIMIT: Duration = Duration::from_secs(60);
/// How long the till may take to call a confirmed channel usable.
const USABLE_LIMIT: Duration = Duration::from_secs(60);
/// How long channels may take to come back after a reconnection. Not all do: a killed till's peer
/// may have closed one.
const REESTABLISH_LIMIT: Duration = Duration::from_secs(5);

/// Who opens a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opener {
    /// The customer, to the till.
    Customer,
    /// The till, to the customer.
    Till,
}

impl World {
    /// Opens a channel between customer and till, mines, and waits until both can use it.
    ///
    /// # Errors
    /// If money is short or the other side refuses.
    pub async fn open_channel(
        &self,
        from: Opener,
        amount_sat: u64,
        push_sat: u64,
    ) -> Result<OutPoint, WorldError> {
        let _turn = self.inner.opening.lock().await;
        let funding = match from {
            Opener::Customer => {
                self.open_to_till(self.customer(), amount_sat, push_sat)
                    .await?
            }
            Opener::Till => self.open_from_till(amount_sat, push_sat).await?,
        };
        self.mine(CONFIRMATIONS).await?;
        self.customer().usable(funding).await?;
        self.usable_by_till(funding.txid).await?;
        Ok(funding)
    }

    /// A peer opens to the till. A till whose reserve is not there yet refuses: try again.
    pub(super) async fn open_to_till(
        &self,
        peer: &Peer,
        amount_sat: u64,
        push_sat: u64,
    ) -> Result<OutPoint, WorldError> {
        let till = self.till_node();
        let wanted = NewChannel {
            node_id: till.node_id,
            address: till.address,
            capacity_sat: amount_sat,
            push_sat,
            announce: false,
        };
        let mut wait = Wait::new("the till to accept a channel", FUNDS_LIMIT);
        loop {
            match peer.open_channel(wanted).await {
                Ok(opened) => {
                    self.inner.seen_by_chain(opened.funding.txid).await?;
                    return Ok(opened.funding);
                }
                Err(refused @ PeerError::ChannelRefused(_)) => {
                    wait.pause().await.map_err(|_late| refused)?;
                }
                Err(other) => return Err(other.into()),
            }
        }
    }

    /// The till opens to the customer, by its own surface. A wallet that has not seen its money yet
    /// says that funds are short: try again.
    pub(super) async fn open_from_till(
        &self,
        amount_sat: u64,
        push_sat: u64,
    ) -> Result<OutPoint, WorldError> {
        let customer = self.customer();
        let known = self.fundings_with_till(customer).await?;
        let to = NodeAddress {
            node_id: customer.node_id(),
            address: customer.address(),
        };
        let mut wait = Wait::new("the till to have the money for a channel", FUNDS_LIMIT);
        while let Err(refused) = self.client().open_channel(to, amount_sat, push_sat).await {
            if refused.status() != Some(StatusCode::PAYMENT_REQUIRED) {
                return Err(refused.into());
            }
            wait.pause().await.map_err(|_late| refused)?;
        }
        let what = "the customer to see the till's new channel";
        let mut wait = Wait::new(what, BROADCAST_LIMIT);
        loop {
            let now = self.fundings_with_till(customer).await?;
            if let Some(funding) = now.difference(&known).next() {
                self.inner.seen_by_chain(funding.txid).await?;
                return Ok(*funding);
            }
            wait.pause().await?;
        }
    }

    async fn fundings_with_till(&self, peer: &Peer) -> Result<HashSet<OutPoint>, PeerError> {
        let till = self.till_node().node_id;
        let channels = peer.channels().await?;
        Ok(channels
            .iter()
            .filter(|channel| channel.counterparty == till)
            .filter_map(|channel| channel.funding)
            .collect())
    }

    /// Waits until the till itself calls a channel usable.
    pub(super) async fn usable_by_till(&self, funding: Txid) -> Result<(), WorldError> {
        let funding = funding.to_string();
        let mut wait = Wait::new(
            format!("the till's channel {funding} to be usable"),
            USABLE_LIMIT,
        );
        loop {
            let channels = self.client().channels().await?;
            let mut ours = channels
                .iter()
                .filter(|channel| channel.funding_tx_id.as_ref() == Some(&funding));
            if ours.any(TillChannel::usable) {
                return Ok(());
            }
            wait.pause().await?;
        }
    }

    /// Connects a peer to the till and waits for their channels, as far as they come back.
    pub(super) async fn reconnect(&self, peer: &Peer) {
        if !peer.is_running() || !self.till().is_running().await {
            return;
        }
        if let Err(error) = self.until_back(peer).await {
            tracing::warn!(peer = peer.name(), %error, "not all channels are back");
        }
    }

    async fn until_back(&self, peer: &Peer) -> Result<(), WorldError> {
        let till = self.till_node();
        let mut wait = Wait::new("channels to come back", REESTABLISH_LIMIT);
        loop {
            if let Err(error) = peer.connect(till.node_id, till.address).await {
                tracing::debug!(%error, "not connected to the till yet");
            } else {
                let channels = peer.channels().await?;
                let mut with_till = channels
                    .iter()
                    .filter(|channel| channel.counterparty == till.node_id);
                if with_till.all(|channel| channel.usable) {
                    return Ok(());
                }
            }
            wait.pause().await?;
        }
    }
}

impl super::Inner {
    /// Waits until the chain has heard of a transaction.
    pub(super) async fn seen_by_chain(&self, txid: Txid) -> Result<(), WorldError> {
        let what = format!("transaction {txid} to reach the chain");
        let mut wait = Wait::new(what, BROADCAST_LIMIT);
        while self.chain.tx(&txid).is_none() {
            wait.pause().await?;
        }
        Ok(())
    }
}
