//! What the node holds, to the millisatoshi where it tells. Owns how LDK's balances add up; what is in one
//! channel `in_channel` says.

use std::collections::HashSet;

use ldk_node::lightning::chain::channelmonitor::BalanceSource;
use ldk_node::lightning::ln::types::ChannelId;
use ldk_node::{BalanceDetails, ChannelDetails, LightningBalance, PendingSweepBalance};
use till::treasury::Figures;

use super::in_channel::in_channel;

/// Millisatoshis in a satoshi.
const MSAT: i128 = 1_000;

/// Adds everything up; `None` while a channel is not ready, or has an HTLC, or is changing.
pub(super) fn figures(channels: &[ChannelDetails], held: &BalanceDetails) -> Option<Figures> {
    let mut figures = Figures {
        onchain_msat: msat(held.total_onchain_balance_sats),
        ..Figures::default()
    };
    let open: HashSet<ChannelId> = channels.iter().map(|channel| channel.channel_id).collect();
    for channel in channels {
        if !channel.is_channel_ready {
            return None;
        }
        let (low, high) = in_channel(channel, &held.lightning_balances)?;
        figures.channels_low_msat += low;
        figures.channels_high_msat += high;
    }
    for balance in &held.lightning_balances {
        figures.closing_msat += in_closing(balance, &open)?;
    }
    for sweep in &held.pending_balances_from_channel_closures {
        figures.closing_msat += match sweep {
            PendingSweepBalance::PendingBroadcast {
                amount_satoshis, ..
            }
            | PendingSweepBalance::BroadcastAwaitingConfirmation {
                amount_satoshis, ..
            } => msat(*amount_satoshis),
            // The wallet has it.
            PendingSweepBalance::AwaitingThresholdConfirmations { .. } => 0,
        };
    }
    Some(figures)
}

/// What is on its way back from closed channels; `None` while an HTLC is.
fn in_closing(balance: &LightningBalance, open: &HashSet<ChannelId>) -> Option<i128> {
    match balance {
        LightningBalance::ClaimableOnChannelClose {
            channel_id,
            outbound_payment_htlc_rounded_msat: out,
            outbound_forwarded_htlc_rounded_msat: forwarded,
            inbound_claiming_htlc_rounded_msat: claiming,
            inbound_htlc_rounded_msat: inbound,
            amount_satoshis,
            ..
        } => {
            let at_rest = [out, forwarded, claiming, inbound].iter().all(|&&n| n == 0);
            let closed = !open.contains(channel_id);
            at_rest.then_some(if closed { msat(*amount_satoshis) } else { 0 })
        }
        // The wallet itself sees what a cooperative closing pays it.
        LightningBalance::ClaimableAwaitingConfirmations {
            source: BalanceSource::CoopClose,
            ..
        } => Some(0),
        LightningBalance::ClaimableAwaitingConfirmations {
            amount_satoshis, ..
        }
        | LightningBalance::CounterpartyRevokedOutputClaimable {
            amount_satoshis, ..
        } => Some(msat(*amount_satoshis)),
        LightningBalance::ContentiousClaimable { .. }
        | LightningBalance::MaybeTimeoutClaimableHTLC { .. }
        | LightningBalance::MaybePreimageClaimableHTLC { .. } => None,
    }
}

fn msat(sats: u64) -> i128 {
    i128::from(sats) * MSAT
}
