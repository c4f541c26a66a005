//! Looks after on-chain payments until nothing can take them away: books what the chain has,
//! broadcasts what it lacks, gives up what it can never have. Owns what may be concluded from the
//! chain source's answers; it builds nothing.

use bitcoin::Transaction;
use bitcoin::consensus::encode;
use till::id::{PaymentId, TxId};
use till::ledger::{Command, SpendCommand};
use till::payment::{Payment, State as PaymentState};
use till::treasury::{FINAL_DEPTH, MinedIn, Spend, SpendTx};

use super::actor::Args;
use super::handle::TreasuryError;
use crate::chain::from_outpoint;
use crate::node::{NodeError, OnchainRow};
use crate::views::ViewError;

/// Where the transactions of ours stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Watched {
    /// Payments of which nobody else may have a transaction: another one could spend the same coins.
    unseen: Vec<PaymentId>,
    /// Whether the wallet may show something else than what is booked or set aside.
    is_moving: bool,
}

/// Where one payment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    /// The chain source has what the ledger has.
    Settled,
    /// The chain source has something else, or has just got it.
    Moving,
    /// Nobody may have it, and its coins look free.
    Unseen,
}

/// What became of the coins of a payment that nobody has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coins {
    /// They may be there, or the chain source does not tell.
    Free,
    /// One of them does not exist just now, so that no other transaction can spend it either.
    Missing,
    /// One of them is gone for good, whichever version is meant.
    Lost,
}

impl Watched {
    /// Whether the ledger can be put to the node's wallet.
    pub(super) const fn is_at_rest(&self) -> bool {
        self.unseen.is_empty() && !self.is_moving
    }

    /// Two transactions that nobody has seen could spend the same coins. One may take the place of
    /// another of the same payment, `but`: they exclude each other.
    pub(super) fn others_seen(&self, but: Option<PaymentId>) -> Result<(), TreasuryError> {
        if self.unseen.iter().all(|id| Some(*id) == but) {
            return Ok(());
        }
        Err(TreasuryError::Node(NodeError::Unavailable(
            "the chain source has not seen an earlier transaction yet".into(),
        )))
    }
}

/// Looks after everything that is not final.
pub(super) async fn run(args: &Args) -> Result<Watched, ViewError> {
    let mut watched = Watched::default();
    let young = args.views.young_spends()?;
    if young.is_empty() {
        return Ok(watched);
    }
    let height = args.node.run(|node| node.status().height).await;
    for payment in young {
        let Some(spend) = payment.spend else {
            continue;
        };
        let look = match height {
            Ok(height) => look_after(args, payment.id, &spend, height).await?,
            Err(_) => Look::Unseen, // Nothing may be concluded.
        };
        match look {
            Look::Settled => {}
            Look::Moving => watched.is_moving = true,
            Look::Unseen => watched.unseen.push(payment.id),
        }
    }
    Ok(watched)
}

async fn look_after(
    args: &Args,
    id: PaymentId,
    spend: &Spend,
    height: u32,
) -> Result<Look, ViewError> {
    let mut waiting = Vec::new();
    for version in spend.versions.iter().rev() {
        let tx_id = version.tx_id;
        match args.chain.mined(tx_id).await {
            Err(_) => return Ok(Look::Unseen), // Nothing may be concluded.
            Ok(None) => {}
            Ok(Some(found)) => match found.height {
                Some(height_of) => {
                    let mined = MinedIn {
                        tx_id,
                        height: height_of,
                    };
                    return Ok(book(args, id, spend, mined, height).await);
                }
                None => waiting.push(tx_id),
            },
        }
    }
    let wanted = spend.current().map(|version| version.tx_id);
    if wanted.is_some_and(|wanted| waiting.contains(&wanted)) {
        return Ok(Look::Settled);
    }
    let is_refused = !broadcast(args, spend).await;
    if !is_refused || !waiting.is_empty() {
        return Ok(Look::Moving);
    }
    Ok(match coins(args, spend, height).await? {
        Coins::Free => Look::Unseen,
        Coins::Missing => {
            tracing::warn!(payment = %id, "a payment's coins are not there: a reorg took them away");
            Look::Moving
        }
        Coins::Lost => {
            tracing::error!(payment = %id, "a payment's coins were spent otherwise: it is void");
            tell(args, SpendCommand::Void { id }).await;
            Look::Moving
        }
    })
}

/// Gives the source the newest version that it takes. An older one serves too: it pays the same.
async fn broadcast(args: &Args, spend: &Spend) -> bool {
    for version in spend.versions.iter().rev() {
        let tx_id = version.tx_id;
        tracing::info!(%tx_id, "the chain source lacks a transaction of ours");
        match args.chain.broadcast(&version.raw).await {
            Ok(()) => return true,
            Err(error) => tracing::warn!(%tx_id, %error, "it was not taken"),
        }
    }
    false
}

/// Books what is deep enough; what is booked already is final one day.
async fn book(args: &Args, id: PaymentId, spend: &Spend, mined: MinedIn, height: u32) -> Look {
    let depth = (height + 1).saturating_sub(mined.height);
    if spend.mined == Some(mined) {
        if depth >= FINAL_DEPTH {
            tell(args, SpendCommand::Finish { id }).await;
        }
        return Look::Settled;
    }
    if depth >= args.credit_depth.max(1) {
        tell(args, SpendCommand::Mine { id, mined }).await;
        return Look::Moving;
    }
    let booked = spend.current().map(|version| version.tx_id);
    if booked == Some(mined.tx_id) {
        Look::Settled
    } else {
        Look::Moving
    }
}

/// What became of the coins that every version spends. A bump may have added some: what becomes of
/// those decides nothing for the versions before it.
async fn coins(args: &Args, spend: &Spend, height: u32) -> Result<Coins, ViewError> {
    let mut worst = Coins::Free;
    for coin in common_coins(spend) {
        match args.chain.spender(coin).await {
            Err(_) => return Ok(Coins::Free), // Nothing may be concluded.
            Ok(Some(spender)) if spend.version(spender).is_some() => return Ok(Coins::Free),
            Ok(Some(spender)) => {
                if let Ok(Some(found)) = args.chain.mined(spender).await
                    && let Some(mined) = found.height
                    && (height + 1).saturating_sub(mined) >= FINAL_DEPTH
                {
                    return Ok(Coins::Lost);
                }
            }
            Ok(None) => match args.chain.mined(coin.0).await {
                Err(_) => return Ok(Coins::Free),
                Ok(Some(_)) => {}
                Ok(None) if never_comes(args, coin.0)? => return Ok(Coins::Lost),
                Ok(None) => worst = Coins::Missing,
            },
        }
    }
    Ok(worst)
}

/// Whether a transaction of ours has lost for good against another of the same payment, or its coins.
fn never_comes(args: &Args, tx_id: TxId) -> Result<bool, ViewError> {
    let Some(row) = args.views.get::<SpendTx>(&tx_id)? else {
        return Ok(false);
    };
    let Some(payment) = args.views.get::<Payment>(&row.payment)? else {
        return Ok(false);
    };
    let is_other = payment.spend.is_some_and(|spend| {
        let mined = spend.mined.map(|mined| mined.tx_id);
        spend.is_final && mined != Some(tx_id)
    });
    Ok(payment.state == PaymentState::Failed || is_other)
}

fn common_coins(spend: &Spend) -> Vec<(TxId, u32)> {
    let mut common: Option<Vec<(TxId, u32)>> = None;
    for version in &spend.versions {
        let Ok(transaction) = encode::deserialize::<Transaction>(&version.raw) else {
            return Vec::new();
        };
        let inputs = transaction.input.iter();
        let coins: Vec<_> = inputs.map(|i| from_outpoint(i.previous_output)).collect();
        common = Some(match common {
            None => coins,
            Some(before) => before.into_iter().filter(|c| coins.contains(c)).collect(),
        });
    }
    common.unwrap_or_default()
}

/// Looks at a transaction of ours in the wallet. Whether it need not be looked at again.
///
/// What was given up is looked after no more; should a deep reorg mine it all the same, the wallet
/// shows that.
pub(super) async fn look_at_row(
    args: &Args,
    row: &OnchainRow,
    id: PaymentId,
    height: u32,
) -> Result<bool, ViewError> {
    let Some(payment) = args.views.get::<Payment>(&id)? else {
        return Ok(true);
    };
    match payment.state {
        PaymentState::Pending | PaymentState::Waiting => return Ok(false),
        PaymentState::Succeeded => return Ok(payment.spend.is_none_or(|spend| spend.is_final)),
        PaymentState::Failed if row.height.is_none() => return Ok(false),
        PaymentState::Failed => {}
    }
    // The wallet's row may be stale: after a reorg it keeps saying that it is confirmed.
    if let Ok(Some(found)) = args.chain.mined(row.tx_id).await
        && let Some(mined) = found.height
        && (height + 1).saturating_sub(mined) >= args.credit_depth.max(1)
    {
        tracing::error!(tx_id = %row.tx_id, "a payment that was given up is in the chain");
        let (tx_id, height) = (row.tx_id, mined);
        let mined = MinedIn { tx_id, height };
        tell(args, SpendCommand::Mine { id, mined }).await;
    }
    Ok(false)
}

async fn tell(args: &Args, command: SpendCommand) {
    let command = Command::Spend(command);
    if let Err(error) = args.ledger.execute_for_node(command).await {
        tracing::warn!(%error, "an on-chain payment was not booked; trying again later");
    }
}
