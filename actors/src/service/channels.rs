//! Opening channels.

use till::id::OpeningId;
use till::ledger::OpeningOrder;
use till::ledger::entity::Idempotency;

use super::Service;
use super::invoices::no_randomness;
use super::types::{ChannelOpening, NewChannel, ServiceError};
use crate::node::NodeError;

impl Service {
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
        let mut id = [0; 16];
        getrandom::fill(&mut id).map_err(no_randomness)?;
        let order = Box::new(OpeningOrder {
            id: OpeningId::from_bytes(id),
            counterparty: request.node_id.clone(),
            capacity: request.capacity,
            push: request.push,
            idempotency,
        });
        Ok(self.parts.treasury.open_channel(order, request).await?)
    }
}
