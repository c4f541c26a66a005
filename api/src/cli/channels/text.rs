//! Channels for people: a line with what can be sent and received, and the names below it.

use std::fmt::Write as _;

use crate::serve::control::channels::{
    ChannelWire, ChannelsWire, ClosingWire, OpeningWire, SplicingWire,
};

pub(super) fn of(answer: &ChannelsWire) -> String {
    match answer {
        ChannelsWire::Listed { channels } if channels.is_empty() => "no channels\n".to_owned(),
        ChannelsWire::Listed { channels } => channels.iter().map(channel).collect(),
        ChannelsWire::Splicing(splicing) => spliced(splicing),
        ChannelsWire::Opening(opening) => opened(opening),
        ChannelsWire::Closing(closing) => closed(closing),
        ChannelsWire::Connected { connected_to } => {
            format!("connected to {connected_to}, and again after each start\n")
        }
    }
}

fn channel(channel: &ChannelWire) -> String {
    let mut text = format!("channel {}\n  {}", channel.channel_id, channel.state);
    // Writing to a string cannot fail.
    let figures = [
        (channel.capacity_sat, "sat"),
        (channel.outbound_sat, "can be sent"),
        (channel.inbound_sat, "can be received"),
    ];
    for (amount, what) in figures {
        if let Some(amount) = amount {
            let _ = write!(text, ", {amount} {what}");
        }
    }
    let _ = write!(text, "\n  peer: {}\n", channel.counterparty);
    let transactions = [
        ("funded by", &channel.funding_tx_id),
        ("closed by", &channel.closing_tx_id),
    ];
    for (what, tx_id) in transactions {
        if let Some(tx_id) = tx_id {
            let _ = writeln!(text, "  {what}: {tx_id}");
        }
    }
    if let Some(height) = channel.spendable_at_height {
        let _ = writeln!(text, "  locked until block: {height}");
    }
    text
}

fn closed(closing: &ClosingWire) -> String {
    let by = closing.closing_tx_id.as_deref();
    let by = by.unwrap_or("a transaction that the chain source has not shown yet");
    let to = match &closing.sweep_to {
        Some(address) => format!("goes to {address} once it is back"),
        None => "comes back to the on-chain wallet".to_owned(),
    };
    format!(
        "closing channel {}\n  closed by: {by}\n  its money {to}\n",
        closing.closing_channel_id
    )
}

fn spliced(splicing: &SplicingWire) -> String {
    format!(
        "channel {} is being spliced\n  by: {}\n  it goes on as it is until that is deep enough\n",
        splicing.spliced_channel_id,
        splicing.tx_id.as_deref().unwrap_or("not known yet")
    )
}

fn opened(opening: &OpeningWire) -> String {
    let told = |text: &Option<String>| text.clone().unwrap_or_else(|| "not known yet".to_owned());
    format!(
        "channel {} is being opened\n  funded by: {}\n  it can be used once that is deep enough\n",
        told(&opening.channel_id),
        told(&opening.funding_tx_id)
    )
}
