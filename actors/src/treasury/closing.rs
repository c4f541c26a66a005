//! Finds what closed channels: the node does not tell, so the chain is asked who spends their
//! funding. Until that is final, an HTLC may be left in them.

use till::id::TxId;
use till::ledger::Command;
use till::money::{Msat, Sat};
use till::treasury::{Channel, ChannelState, Closing};

use super::actor::Args;
use crate::chain::ChainError;
use crate::views::ViewError;

/// What a closing may cost beside its fee: the opener's two anchor outputs (BOLT 3), and what is
/// lost of a satoshi.
const BESIDE_FEE_SAT: u64 = 660 + 1;

/// Looks at every closed channel whose closing is not final.
pub(super) async fn watch(args: &Args) -> Result<(), ViewError> {
    let Ok(height) = args.node.run(|node| node.status().height).await else {
        return Ok(());
    };
    for channel in args.views.all::<Channel>()? {
        let is_over = channel.closed_for_good(height);
        if channel.state == ChannelState::Closed && !is_over {
            look(args, &channel).await;
        }
    }
    Ok(())
}

/// The transaction that spends a channel's funding and closes it, if there is one.
pub(super) async fn spender(args: &Args, channel: &Channel) -> Result<Option<TxId>, ChainError> {
    let Some(funding) = channel.funding_tx else {
        return Ok(None);
    };
    let spender = args.chain.spender((funding, channel.funding_index)).await?;
    match (spender, channel.splicing) {
        // A splice that was not deep enough yet is no closing: that spends the splice's output.
        (Some(tx_id), Some(splice)) if tx_id == splice.tx_id => {
            args.chain.spender((splice.tx_id, splice.index)).await
        }
        (spender, _) => Ok(spender),
    }
}

async fn look(args: &Args, channel: &Channel) {
    let (closing, cost) = match spender(args, channel).await {
        Err(_) => return, // Nothing may be concluded.
        Ok(None) => (None, Msat::ZERO),
        Ok(Some(tx_id)) => match args.chain.mined(tx_id).await {
            Ok(Some(mined)) => {
                let height = mined.height;
                (Some(Closing { tx_id, height }), cost(mined.fee))
            }
            Ok(None) | Err(_) => return,
        },
    };
    if closing == channel.closing {
        return;
    }
    let record = Command::RecordClosing {
        user_channel_id: channel.user_channel_id,
        closing,
        cost,
    };
    tracing::info!(
        channel_id = channel.channel_id,
        ?closing,
        "a channel's closing"
    );
    if let Err(error) = args.ledger.execute_for_node(record).await {
        tracing::warn!(%error, "a channel's closing was not recorded");
    }
}

fn cost(fee: Sat) -> Msat {
    let beside = Sat::new(BESIDE_FEE_SAT).unwrap_or(Sat::ZERO);
    fee.to_msat()
        .checked_add(beside.to_msat())
        .unwrap_or(Msat::ZERO)
}
