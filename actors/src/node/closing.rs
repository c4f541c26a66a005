//! What is left of closed channels, by the node's own account. Owns how LDK tells it.

use std::collections::HashSet;

use ldk_node::lightning::chain::channelmonitor::BalanceSource;
use ldk_node::lightning::ln::types::ChannelId;
use ldk_node::{BalanceDetails, ChannelDetails, LightningBalance, PendingSweepBalance};

use super::{ClosingBalance, convert};

/// Everything that is on its way back to the wallet from channels that are not open.
pub(super) fn closings(channels: &[ChannelDetails], held: &BalanceDetails) -> Vec<ClosingBalance> {
    let open: HashSet<ChannelId> = channels.iter().map(|channel| channel.channel_id).collect();
    let locked = held
        .lightning_balances
        .iter()
        .filter_map(|balance| in_chain(balance, &open));
    let swept = held
        .pending_balances_from_channel_closures
        .iter()
        .filter_map(sweep);
    locked.chain(swept).collect()
}

fn in_chain(balance: &LightningBalance, open: &HashSet<ChannelId>) -> Option<ClosingBalance> {
    let (channel_id, counterparty, sats, spendable_at_height) = match balance {
        LightningBalance::ClaimableOnChannelClose {
            channel_id,
            counterparty_node_id,
            amount_satoshis,
            ..
        }
        | LightningBalance::CounterpartyRevokedOutputClaimable {
            channel_id,
            counterparty_node_id,
            amount_satoshis,
            ..
        } => (channel_id, counterparty_node_id, amount_satoshis, None),
        // The wallet itself sees what a cooperative closing pays it.
        LightningBalance::ClaimableAwaitingConfirmations {
            source: BalanceSource::CoopClose,
            ..
        } => return None,
        LightningBalance::ClaimableAwaitingConfirmations {
            channel_id,
            counterparty_node_id,
            amount_satoshis,
            confirmation_height,
            ..
        } => (
            channel_id,
            counterparty_node_id,
            amount_satoshis,
            Some(*confirmation_height),
        ),
        LightningBalance::ContentiousClaimable {
            channel_id,
            counterparty_node_id,
            amount_satoshis,
            timeout_height,
            ..
        } => (
            channel_id,
            counterparty_node_id,
            amount_satoshis,
            Some(*timeout_height),
        ),
        LightningBalance::MaybeTimeoutClaimableHTLC {
            channel_id,
            counterparty_node_id,
            amount_satoshis,
            claimable_height,
            ..
        } => (
            channel_id,
            counterparty_node_id,
            amount_satoshis,
            Some(*claimable_height),
        ),
        // Whether that is ours nobody knows yet.
        LightningBalance::MaybePreimageClaimableHTLC { .. } => return None,
    };
    (!open.contains(channel_id)).then(|| ClosingBalance {
        channel_id: Some(channel_id.to_string()),
        counterparty: Some(counterparty.to_string()),
        amount: convert::sat(*sats),
        spendable_at_height,
    })
}

fn sweep(balance: &PendingSweepBalance) -> Option<ClosingBalance> {
    match balance {
        PendingSweepBalance::PendingBroadcast {
            channel_id,
            amount_satoshis,
        }
        | PendingSweepBalance::BroadcastAwaitingConfirmation {
            channel_id,
            amount_satoshis,
            ..
        } => Some(ClosingBalance {
            channel_id: channel_id.map(|id| id.to_string()),
            counterparty: None,
            amount: convert::sat(*amount_satoshis),
            spendable_at_height: None,
        }),
        // The wallet has it.
        PendingSweepBalance::AwaitingThresholdConfirmations { .. } => None,
    }
}
