//! Books that begin with a recovery from the seed: what the wallet did before is its opening balance. Owns
//! where that ends in the chain, and how such a transaction is told from others.

use till::inception::Inception;
use till::ledger::{InceptionCommand, OnchainSeen};
use till::money::Msat;
use till::treasury::Purpose;

use super::actor::Args;
use super::splice::Explained;
use crate::node::{NodeStatus, OnchainRow};
use crate::views::ViewError;

/// Whether it is known where the books begin.
#[derive(Clone, Copy, Debug)]
pub(super) enum Begun {
    /// Above this block; `None` if they do not begin with a recovery.
    Known(Option<u32>),
    /// The node does not know the chain yet: nothing can be booked.
    Unknown,
}

/// Where the books begin; written down at the first look of a node that knows the chain.
pub(super) async fn begun(args: &Args, status: &NodeStatus) -> Result<Begun, ViewError> {
    let Some(row) = args.views.get::<Inception>(&())? else {
        return Ok(Begun::Known(None));
    };
    if row.height.is_some() {
        return Ok(Begun::Known(row.height));
    }
    if status.last_sync_secs.is_none() || status.height == 0 {
        return Ok(Begun::Unknown);
    }
    let height = status.height;
    let at = InceptionCommand::At { height };
    if let Err(error) = args.ledger.execute_for_node(at.into()).await {
        tracing::warn!(%error, "where the books begin was not written down; trying again later");
        return Ok(Begun::Unknown);
    }
    tracing::info!(
        height,
        "the books begin here; what the wallet did before is its opening balance"
    );
    Ok(Begun::Known(Some(height)))
}

/// Explains a transaction that was in the chain before the books began.
pub(super) async fn explain(args: &Args, row: &OnchainRow, begun: Option<u32>) -> Explained {
    let Some(begun) = begun else {
        return Explained::Not;
    };
    if row.height.is_none_or(|height| height > begun) {
        return Explained::Not;
    }
    // The node's row may be stale: after a reorg it keeps saying that it is confirmed.
    let height = match args.chain.mined(row.tx_id).await {
        Ok(found) => found.and_then(|found| found.height),
        Err(_) => return Explained::Waits,
    };
    if height.is_none_or(|height| height > begun) {
        return Explained::Not;
    }
    let (purpose, amount) = match row.incoming {
        true => (Purpose::OpeningIn, Some(row.amount)),
        false => (Purpose::OpeningOut, row.amount.checked_add(row.fee)),
    };
    let Some(amount) = amount else {
        return Explained::Waits;
    };
    Explained::Is(OnchainSeen {
        tx_id: row.tx_id,
        purpose,
        amount,
        fee: Msat::ZERO,
        height,
        cost: Msat::ZERO,
    })
}
