//! The list of channels in a backup, for a person who has lost the node: whom to call, and where
//! their money is to come back from. Owns its form.

use till::treasury::{Channel, ChannelState};

use crate::serve::control::channels::ChannelWire;

/// A channel, as far as it is known.
pub(super) struct Listed {
    channel_id: String,
    state: String,
    counterparty: String,
    address: Option<String>,
    capacity_sat: Option<u64>,
    balance_sat: Option<u64>,
    funding_tx_id: Option<String>,
}

/// As a running till tells them.
pub(super) fn of_wire(channels: Vec<ChannelWire>) -> Vec<Listed> {
    let listed = |channel: ChannelWire| Listed {
        channel_id: channel.channel_id,
        state: channel.state,
        counterparty: channel.counterparty,
        address: channel.peer_address,
        capacity_sat: channel.capacity_sat,
        balance_sat: channel.balance_sat,
        funding_tx_id: channel.funding_tx_id,
    };
    channels.into_iter().map(listed).collect()
}

/// As the ledger of a stopped till has them: amounts only the node knows.
pub(super) fn of_rows(rows: &[Channel]) -> Vec<Listed> {
    let state = |row: &Channel| match row.state {
        ChannelState::Opening | ChannelState::Pending => "opening",
        ChannelState::Ready => "open",
        ChannelState::Closed => "closed",
    };
    let listed = |row: &Channel| Listed {
        channel_id: row.channel_id.clone(),
        state: state(row).to_owned(),
        counterparty: row.counterparty.clone(),
        address: row.address.clone(),
        capacity_sat: None,
        balance_sat: None,
        funding_tx_id: row.funding_tx.map(|tx_id| tx_id.to_string()),
    };
    rows.iter().map(listed).collect()
}

pub(super) fn text(channels: Result<Vec<Listed>, String>) -> String {
    let channels = match channels {
        Ok(channels) => channels,
        Err(why) => return format!("The channels could not be told: {why}.\n"),
    };
    if channels.is_empty() {
        return "There were no channels.\n".to_owned();
    }
    let mut text =
        "The channels when this backup was taken. After a loss, connect to these nodes,\n\
                    or ask whoever runs them to close the channel.\n"
            .to_owned();
    for channel in &channels {
        let known =
            |what: Option<u64>| what.map_or("not known".to_owned(), |sat| format!("{sat} sat"));
        let at = channel.address.as_deref();
        text.push_str(&format!(
            "\nchannel      {}\n  state      {}\n  peer       {}\n  address    {}\n  capacity   {}\n  \
             balance    {}\n  funding tx {}\n",
            channel.channel_id,
            channel.state,
            channel.counterparty,
            at.unwrap_or("not known"),
            known(channel.capacity_sat),
            known(channel.balance_sat),
            channel.funding_tx_id.as_deref().unwrap_or("none yet"),
        ));
    }
    text
}
