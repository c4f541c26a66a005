//! Books what the on-chain wallet did, each transaction once: deposits, channel fundings, and
//! money that comes back from channels. The node has no event for any of them.

use std::collections::HashSet;

use till::id::TxId;
use till::ledger::Command;
use till::treasury::{Channel, OnchainTx, Purpose};

use super::actor::Args;
use crate::node::OnchainRow;
use crate::views::ViewError;

/// Steps between a channel's funding and the sweep of an HTLC transaction of its closing.
const SWEEP_STEPS: u32 = 3;

/// Looks through the node's on-chain rows.
pub(super) struct Scan {
    args: Args,
    /// Booked, or left alone for good: not looked at again.
    done: HashSet<TxId>,
}

impl Scan {
    pub(super) fn new(args: Args) -> Self {
        Self {
            args,
            done: HashSet::new(),
        }
    }

    /// Books what is deep enough. What cannot be told yet is left to the next scan.
    pub(super) async fn run(&mut self) -> Result<(), ViewError> {
        let Ok((rows, height)) = self
            .args
            .node
            .run(|node| (node.onchain_rows(), node.status().height))
            .await
        else {
            return Ok(());
        };
        let new: Vec<OnchainRow> = rows
            .into_iter()
            .filter(|row| !self.done.contains(&row.tx_id))
            .collect();
        if new.is_empty() {
            return Ok(());
        }
        let fundings: Vec<(TxId, u32)> = self
            .args
            .views
            .all::<Channel>()?
            .iter()
            .filter_map(|channel| Some((channel.funding_tx?, channel.funding_index)))
            .collect();
        for row in new {
            if self.args.views.get::<OnchainTx>(&row.tx_id)?.is_some() {
                self.done.insert(row.tx_id);
            } else if let Some(purpose) = self.purpose(&row, height, &fundings).await {
                self.book(row, purpose).await;
            }
        }
        Ok(())
    }

    /// What a transaction did; `None` if that cannot be told, or not yet.
    async fn purpose(
        &mut self,
        row: &OnchainRow,
        height: u32,
        fundings: &[(TxId, u32)],
    ) -> Option<Purpose> {
        if !row.incoming {
            let is_funding = fundings.iter().any(|(tx, _)| *tx == row.tx_id);
            return is_funding.then_some(Purpose::ChannelFunding);
        }
        let depth = row
            .height
            .map_or(0, |mined| (height + 1).saturating_sub(mined));
        if depth < self.args.credit_depth.max(1) {
            return None;
        }
        if fundings.is_empty() {
            return Some(Purpose::Deposit);
        }
        match self
            .args
            .chain
            .descends_from(row.tx_id, fundings, SWEEP_STEPS)
            .await
        {
            Ok(true) => Some(Purpose::ChannelProceeds),
            Ok(false) => Some(Purpose::Deposit),
            Err(error) => {
                tracing::debug!(tx_id = %row.tx_id, %error, "a deposit waits to be explained");
                None
            }
        }
    }

    async fn book(&mut self, row: OnchainRow, purpose: Purpose) {
        let OnchainRow {
            tx_id, amount, fee, ..
        } = row;
        let command = Command::BookOnchain {
            tx_id,
            purpose,
            amount,
            fee,
        };
        match self.args.ledger.execute_for_node(command).await {
            Ok(_) => {
                tracing::info!(%tx_id, ?purpose, amount_msat = amount.get(), "on-chain booked");
                self.done.insert(tx_id);
            }
            Err(error) => tracing::warn!(%tx_id, %error, "an on-chain transaction was not booked"),
        }
    }
}
