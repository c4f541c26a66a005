//! Channels as their owner sees them: those that the node lists, and what is left of those that are
//! closed. Owns how the two become one list.

use till::money::{Msat, Sat};
use till::treasury::{Channel, CloseJob};

use super::types::{ChannelInfo, ChannelPhase, ClosingInfo};
use crate::node::{ClosingBalance, NodeChannel};

/// One list: open channels first, then those whose money is on its way back.
pub(super) fn infos(
    open: Vec<NodeChannel>,
    closing: &[ClosingBalance],
    rows: &[Channel],
    jobs: &[CloseJob],
) -> Vec<ChannelInfo> {
    let closed = rows
        .iter()
        .filter(|row| !is_listed(&open, row))
        .filter_map(|row| closed(row, closing, jobs))
        .collect::<Vec<_>>();
    let open = open.into_iter().map(|channel| listed(channel, jobs));
    open.chain(closed).collect()
}

fn is_listed(open: &[NodeChannel], row: &Channel) -> bool {
    open.iter()
        .any(|channel| channel.user_channel_id == row.user_channel_id)
}

fn listed(channel: NodeChannel, jobs: &[CloseJob]) -> ChannelInfo {
    let job = jobs
        .iter()
        .find(|job| job.user_channel_id == channel.user_channel_id && !job.state.is_over());
    let state = match (job, channel.is_ready, channel.is_usable) {
        (Some(_), ..) => ChannelPhase::Closing,
        (None, false, _) => ChannelPhase::Opening,
        (None, true, true) => ChannelPhase::Normal,
        (None, true, false) => ChannelPhase::Offline,
    };
    let closing = job.map(|job| ClosingInfo {
        tx_id: job.state.closing_tx(),
        spendable_at_height: None,
        job: Some(job.clone()),
    });
    ChannelInfo {
        channel,
        state,
        closing,
    }
}

/// A channel that the node lists no more, if anything is left to do or to come.
fn closed(row: &Channel, closing: &[ClosingBalance], jobs: &[CloseJob]) -> Option<ChannelInfo> {
    let left: Vec<&ClosingBalance> = closing
        .iter()
        .filter(|left| left.channel_id.as_deref() == Some(row.channel_id.as_str()))
        .collect();
    let job = jobs
        .iter()
        .find(|job| job.user_channel_id == row.user_channel_id);
    let is_over = job.is_none_or(|job| job.state.is_over());
    if left.is_empty() && is_over {
        return None;
    }
    let sum = left.iter().try_fold(Msat::ZERO, |sum, left| {
        sum.checked_add(left.amount.to_msat())
    });
    let balance = sum.map_or(Sat::MAX, Msat::to_sat_floor);
    Some(ChannelInfo {
        channel: NodeChannel {
            user_channel_id: row.user_channel_id,
            channel_id: row.channel_id.clone(),
            counterparty: row.counterparty.clone(),
            funding: row.funding_tx.map(|tx| (tx, row.funding_index)),
            // Nothing else is left of it.
            capacity: balance,
            outbound: Msat::ZERO,
            inbound: Msat::ZERO,
            balance,
            is_outbound: false,
            is_ready: false,
            is_usable: false,
            confirmations: None,
        },
        state: ChannelPhase::Closing,
        closing: Some(ClosingInfo {
            tx_id: row.closing.map(|closing| closing.tx_id),
            spendable_at_height: left
                .iter()
                .filter_map(|left| left.spendable_at_height)
                .max(),
            job: job.cloned(),
        }),
    })
}
