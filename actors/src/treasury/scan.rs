//! Books what the on-chain wallet did, each transaction once: deposits, channel fundings, and
//! money that comes back from channels. The node has no event for any of them. Deposits that a
//! reorg takes away are taken back.

use std::collections::{HashMap, HashSet};

use till::id::TxId;
use till::ledger::{Command, OnchainSeen};
use till::money::Msat;
use till::treasury::{Channel, FINAL_DEPTH, OnchainTx, Purpose, SpendTx};

use super::actor::Args;
use super::inception::{self, Begun};
use super::splice::{self, Explained};
use super::watch;
use crate::chain::Mined;
use crate::node::OnchainRow;
use crate::views::ViewError;

/// What is in an anchor output (BOLT 3).
const ANCHOR_SAT: u64 = 330;

/// Looks through the node's on-chain rows.
pub(super) struct Scan {
    args: Args,
    /// Booked: not looked at again.
    done: HashSet<TxId>,
    /// Deposits that a reorg may still take away, with the block they were booked from.
    young: HashMap<TxId, u32>,
    /// Whether what is young was read from the views.
    is_set_up: bool,
}

/// What a scan came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scanned {
    /// Every transaction of the wallet is booked.
    AllBooked,
    /// Some wait, for confirmations or for the chain source.
    SomeWait,
}

impl Scan {
    pub(super) fn new(args: Args) -> Self {
        Self {
            args,
            done: HashSet::new(),
            young: HashMap::new(),
            is_set_up: false,
        }
    }

    /// Books what is deep enough. What cannot be told yet is left to the next scan.
    pub(super) async fn run(&mut self) -> Result<Scanned, ViewError> {
        let looked = self
            .args
            .node
            .run(|node| (node.onchain_rows(), node.status()));
        let Ok((rows, status)) = looked.await else {
            return Ok(Scanned::SomeWait);
        };
        let height = status.height;
        let begun = match inception::begun(&self.args, &status).await? {
            Begun::Unknown => return Ok(Scanned::SomeWait),
            Begun::Known(begun) => begun,
        };
        self.set_up(height)?;
        self.watch_young(height).await;
        self.watch_seen().await?;
        let new = rows
            .into_iter()
            .filter(|row| !self.done.contains(&row.tx_id));
        let mut new: Vec<OnchainRow> = new.collect();
        // What came before what it was spent for.
        new.sort_by_key(|row| (row.height.unwrap_or(u32::MAX), !row.incoming));
        if new.is_empty() {
            return Ok(Scanned::AllBooked);
        }
        let channels = self.args.views.all::<Channel>()?;
        let fundings: Vec<(TxId, u32)> = channels.iter().flat_map(Channel::fundings).collect();
        let mut all_booked = true;
        for row in new {
            let known = self.args.views.get::<OnchainTx>(&row.tx_id)?;
            if let Some(ours) = self.args.views.get::<SpendTx>(&row.tx_id)? {
                if watch::look_at_row(&self.args, &row, ours.payment, height).await? {
                    self.done.insert(row.tx_id);
                }
                continue;
            }
            if known.is_some_and(|known| known.reversed_at.is_none()) {
                self.done.insert(row.tx_id);
                continue;
            }
            let seen = match inception::explain(&self.args, &row, begun).await {
                Explained::Not => splice::explain(&self.args.chain, &row, &channels).await,
                explained @ (Explained::Is(_) | Explained::Waits | Explained::Gone) => explained,
            };
            let seen = match seen {
                Explained::Is(seen) => Some(seen),
                Explained::Gone => continue,
                Explained::Waits => None,
                Explained::Not => self.explain(&row, height, &fundings).await,
            };
            all_booked &= match seen {
                Some(seen) => self.book(seen).await,
                None => false,
            };
        }
        Ok(if all_booked {
            Scanned::AllBooked
        } else {
            Scanned::SomeWait
        })
    }

    /// After a start, deposits of the last blocks are watched on.
    fn set_up(&mut self, height: u32) -> Result<(), ViewError> {
        if self.is_set_up {
            return Ok(());
        }
        for known in self.args.views.all::<OnchainTx>()? {
            let is_deposit = known.purpose == Purpose::Deposit && known.reversed_at.is_none();
            if let (true, Some(mined)) = (is_deposit, known.height)
                && mined + FINAL_DEPTH > height
            {
                self.young.insert(known.tx_id, mined);
            }
        }
        self.is_set_up = true;
        Ok(())
    }

    /// Takes back what is not in the chain any more, or not deep enough again.
    async fn watch_young(&mut self, height: u32) {
        let young: Vec<(TxId, u32)> = self.young.iter().map(|(id, at)| (*id, *at)).collect();
        for (tx_id, mined) in young {
            let Ok(found) = self.args.chain.mined(tx_id).await else {
                continue; // Nothing may be concluded.
            };
            let now_at = found.and_then(|found| found.height);
            let depth = now_at.map_or(0, |at| (height + 1).saturating_sub(at));
            if depth < self.args.credit_depth.max(1) {
                let reverse = Command::ReverseDeposit { tx_id };
                if self.args.ledger.execute_for_node(reverse).await.is_ok() {
                    tracing::warn!(%tx_id, mined, "a reorg took a deposit away");
                    self.young.remove(&tx_id);
                    self.done.remove(&tx_id);
                }
            } else if depth >= FINAL_DEPTH {
                self.young.remove(&tx_id);
            }
        }
    }

    /// What a transaction did; `None` if that cannot be told, or not yet.
    async fn explain(
        &self,
        row: &OnchainRow,
        height: u32,
        fundings: &[(TxId, u32)],
    ) -> Option<OnchainSeen> {
        let purpose = if row.incoming {
            self.purpose_of_incoming(row, fundings).await?
        } else if fundings.iter().any(|(tx, _)| *tx == row.tx_id) {
            Purpose::ChannelFunding
        } else {
            let returns = self.returns(row, fundings).await?;
            returns.then_some(Purpose::ClosingCost)?
        };
        let (mut mined, mut cost, mut fee) = (row.height, Msat::ZERO, row.fee);
        if purpose == Purpose::ClosingCost {
            let found = self.args.chain.mined(row.tx_id).await.ok()??;
            fee = fee.saturating_sub(self.anchors(&found)?);
        }
        if row.incoming {
            // The node's row may be stale: after a reorg it keeps saying that it is confirmed.
            let found = self.args.chain.mined(row.tx_id).await.ok()??;
            mined = found.height;
            let depth = mined.map_or(0, |mined| (height + 1).saturating_sub(mined));
            if depth < self.args.credit_depth.max(1) {
                if purpose == Purpose::Deposit {
                    self.see(row).await;
                }
                return None;
            }
            if purpose == Purpose::ChannelProceeds && !self.is_closing(row.tx_id) {
                cost = found.fee.to_msat();
            }
        }
        Some(OnchainSeen {
            tx_id: row.tx_id,
            purpose,
            amount: row.amount,
            fee,
            height: mined,
            cost,
        })
    }

    /// Shows a deposit that does not count yet.
    async fn see(&self, row: &OnchainRow) {
        let (tx_id, amount) = (row.tx_id, row.amount);
        let see = Command::SeeDeposit { tx_id, amount };
        if let Err(error) = self.args.ledger.execute_for_node(see).await {
            tracing::warn!(%tx_id, %error, "a deposit was not shown");
        }
    }

    /// Deposits that never counted, and that nobody has any more.
    async fn watch_seen(&self) -> Result<(), ViewError> {
        for tx_id in self.args.views.seen_deposits()? {
            // An error concludes nothing.
            if let Ok(None) = self.args.chain.mined(tx_id).await {
                tracing::warn!(%tx_id, "a deposit is gone before it counted");
                let lose = Command::LoseDeposit { tx_id };
                if let Err(error) = self.args.ledger.execute_for_node(lose).await {
                    tracing::warn!(%tx_id, %error, "it was not noted");
                }
            }
        }
        Ok(())
    }

    /// What a fee bump took from the anchors of closed channels: it paid that much of the fee, and
    /// the wallet the rest.
    fn anchors(&self, bump: &Mined) -> Option<Msat> {
        let channels = self.args.views.all::<Channel>().ok()?;
        let closings: Vec<TxId> = channels
            .iter()
            .filter_map(|channel| Some(channel.closing?.tx_id))
            .collect();
        let anchors = bump
            .spends
            .iter()
            .filter(|(tx_id, value)| value.get() == ANCHOR_SAT && closings.contains(tx_id));
        let count = u64::try_from(anchors.count()).ok()?;
        Msat::new(count.checked_mul(ANCHOR_SAT)?.checked_mul(1_000)?)
    }

    /// Whether it is what closed a channel: its fee is allowed for already.
    fn is_closing(&self, tx_id: TxId) -> bool {
        let channels = self.args.views.all::<Channel>().unwrap_or_default();
        channels.iter().any(|channel| {
            channel
                .closing
                .is_some_and(|closing| closing.tx_id == tx_id)
        })
    }

    async fn purpose_of_incoming(
        &self,
        row: &OnchainRow,
        fundings: &[(TxId, u32)],
    ) -> Option<Purpose> {
        if fundings.is_empty() {
            return Some(Purpose::Deposit);
        }
        Some(if self.returns(row, fundings).await? {
            Purpose::ChannelProceeds
        } else {
            Purpose::Deposit
        })
    }

    async fn returns(&self, row: &OnchainRow, fundings: &[(TxId, u32)]) -> Option<bool> {
        match self.args.chain.returns_from(row.tx_id, fundings).await {
            Ok(returns) => Some(returns),
            Err(error) => {
                tracing::debug!(tx_id = %row.tx_id, %error, "a transaction waits to be explained");
                None
            }
        }
    }

    /// Whether it is booked now.
    async fn book(&mut self, seen: OnchainSeen) -> bool {
        let tx_id = seen.tx_id;
        let book = Command::BookOnchain(seen);
        if let Err(error) = self.args.ledger.execute_for_node(book).await {
            tracing::warn!(%tx_id, %error, "an on-chain transaction was not booked");
            return false;
        }
        tracing::info!(?seen, "on-chain booked");
        self.done.insert(tx_id);
        if let (Purpose::Deposit, Some(mined)) = (seen.purpose, seen.height) {
            self.young.insert(tx_id, mined);
        }
        true
    }
}
