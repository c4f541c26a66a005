//! The node, its channels, the balance and the till's health.

use till::time::Timestamp;
use till::treasury::ChannelState;
use till_actors::service::{
    ChannelInfo, ChannelPhase, ClosingInfo, HouseBalance, NodeInfo, OpenedChannel, Readiness,
    SplicedChannel,
};

use super::sat_floor;
use crate::http::PAYMENTS_HELD;
use crate::pos::settings::Settings;
use crate::pos::wire;

pub(in crate::pos) fn health(
    settings: &Settings,
    readiness: Readiness,
    now: Timestamp,
) -> wire::Health {
    let held = readiness.holds_payments;
    let is_ok = readiness.ready && !held;
    let held = held.then(|| PAYMENTS_HELD.to_owned());
    wire::Health {
        status: if is_ok { "ok" } else { "degraded" },
        timestamp: now.as_millis(),
        ready: readiness.ready,
        reason: readiness.reason.or(held),
        chain: settings.network.clone(),
        block_height: readiness.height,
        version: settings.version.clone(),
    }
}

pub(in crate::pos) fn balance(balance: &HouseBalance) -> wire::Balance {
    wire::Balance {
        balance_sat: sat_floor(balance.balance),
        fee_credit_sat: 0,
        onchain_balance_sat: balance.onchain.get(),
        onchain_spendable_sat: balance.onchain_spendable.get(),
    }
}

pub(in crate::pos) fn info(info: &NodeInfo, version: &str) -> wire::Info {
    wire::Info {
        node_id: info.node_id.clone(),
        channels: info.channels.iter().map(channel).collect(),
        chain: info.network.clone(),
        block_height: info.height,
        version: version.to_owned(),
    }
}

pub(in crate::pos) fn channel(info: &ChannelInfo) -> wire::Channel {
    let channel = &info.channel;
    wire::Channel {
        state: match info.state {
            ChannelPhase::Opening => "OPENING",
            ChannelPhase::Normal => "NORMAL",
            ChannelPhase::Offline => "OFFLINE",
            ChannelPhase::Closing => "CLOSING",
        },
        channel_id: channel.channel_id.clone(),
        balance_sat: channel.balance.get(),
        inbound_liquidity_sat: sat_floor(channel.inbound),
        outbound_liquidity_sat: sat_floor(channel.outbound),
        capacity_sat: channel.capacity.get(),
        funding_tx_id: channel.funding.map(|(tx_id, _)| tx_id.to_string()),
        counterparty: channel.counterparty.clone(),
        confirmations: channel.confirmations,
        closing: info.closing.as_ref().map(closing),
    }
}

fn closing(closing: &ClosingInfo) -> wire::Closing {
    let job = closing.job.as_ref();
    wire::Closing {
        tx_id: closing.tx_id.map(|tx_id| tx_id.to_string()),
        force: job.is_some_and(|job| job.force),
        spendable_at_height: closing.spendable_at_height,
        sweep: job.and_then(super::sweep),
    }
}

pub(in crate::pos) fn splicing(spliced: SplicedChannel) -> wire::Splicing {
    wire::Splicing {
        state: "PENDING",
        channel_id: spliced.channel_id,
        tx_id: spliced.tx.map(|tx_id| tx_id.to_string()),
    }
}

pub(in crate::pos) fn channel_opening(opened: OpenedChannel) -> wire::ChannelOpening {
    wire::ChannelOpening {
        state: match opened.state {
            ChannelState::Opening | ChannelState::Pending => "OPENING",
            ChannelState::Ready => "NORMAL",
            ChannelState::Closed => "CLOSED",
        },
        user_channel_id: hex::encode(opened.user_channel_id),
        channel_id: opened.channel_id,
        funding_tx_id: opened.funding_tx_id,
    }
}

pub(in crate::pos) fn channel_pending(user_channel_id: Option<[u8; 16]>) -> wire::ChannelPending {
    wire::ChannelPending {
        status: "pending",
        user_channel_id: user_channel_id.map(hex::encode),
        message: "It is not known yet whether there will be a channel; look at the channels before \
                  asking for another",
    }
}
