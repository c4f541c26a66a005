//! Channels, for the operator. Owns the questions and their answers, whose field names are stable.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use till::money::{Msat, Sat};
use till::treasury::{Channel, CloseJob, SweepTo};
use till_actors::node::{OpenChannelRequest, SpliceWay};
use till_actors::service::{
    ChannelEntry, ChannelInfo, ChannelOpening, ChannelPhase, CloseWish, NewChannel, ServiceError,
};

use super::{Door, refused};

/// What amounts there can be.
const AMOUNTS: &str = "the amount must be above zero, and the push below it";

/// What is wanted.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(crate) enum Question {
    /// All channels.
    List,
    /// A new one.
    Open {
        node_id: String,
        address: String,
        amount_sat: u64,
        push_sat: u64,
        announce: bool,
    },
    /// Nothing but a connection to a peer, for good.
    Connect { node_id: String, address: String },
    /// One like a closed one.
    Reopen { channel: String },
    /// One that is to be closed.
    Close {
        channel: String,
        to: Option<String>,
        feerate: Option<u64>,
        force: bool,
    },
    /// On-chain money into one.
    SpliceIn { channel: String, amount_sat: u64 },
    /// Money of one to the on-chain wallet.
    SpliceOut { channel: String, amount_sat: u64 },
}

/// What came of it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum ChannelsWire {
    Listed { channels: Vec<ChannelWire> },
    Splicing(SplicingWire),
    Opening(OpeningWire),
    Closing(ClosingWire),
    Connected { connected_to: String },
}

/// A channel that is or was. What a closed one held is not told any more.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ChannelWire {
    pub(crate) channel_id: String,
    pub(crate) user_channel_id: String,
    /// `opening`, `normal`, `offline`, `closing` or `closed`.
    pub(crate) state: String,
    pub(crate) counterparty: String,
    /// Where the peer was last found, `host:port`.
    #[serde(default)]
    pub(crate) peer_address: Option<String>,
    pub(crate) capacity_sat: Option<u64>,
    pub(crate) balance_sat: Option<u64>,
    pub(crate) outbound_sat: Option<u64>,
    pub(crate) inbound_sat: Option<u64>,
    pub(crate) funding_tx_id: Option<String>,
    pub(crate) closing_tx_id: Option<String>,
    /// The height at which the last of its time locks ends.
    pub(crate) spendable_at_height: Option<u32>,
}

/// A channel that is being opened.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct OpeningWire {
    /// Null while nobody knows what the node calls it: look at the list before you try again.
    pub(crate) user_channel_id: Option<String>,
    pub(crate) channel_id: Option<String>,
    pub(crate) funding_tx_id: Option<String>,
}

/// A channel that is being closed.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ClosingWire {
    pub(crate) closing_channel_id: String,
    pub(crate) closing_tx_id: Option<String>,
    pub(crate) force: bool,
    /// Where its money goes once it is back; the node's own wallet if null.
    pub(crate) sweep_to: Option<String>,
}

/// A channel that is being spliced.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SplicingWire {
    pub(crate) spliced_channel_id: String,
    pub(crate) tx_id: Option<String>,
}

/// Does what is asked, and answers once it is under way.
pub(super) async fn answer(
    State(door): State<Door>,
    headers: HeaderMap,
    question: String,
) -> Response {
    if !door.admits(&headers) {
        return refused(StatusCode::UNAUTHORIZED, "wrong token");
    }
    let Ok(question) = serde_json::from_str::<Question>(&question) else {
        return refused(StatusCode::BAD_REQUEST, "this till is of another version");
    };
    match done(&door, question).await {
        Ok(answer) => Json(answer).into_response(),
        Err(
            error @ (ServiceError::InvalidRequest(_)
            | ServiceError::InvalidAddress(_)
            | ServiceError::UnknownChannel),
        ) => refused(StatusCode::BAD_REQUEST, &error.to_string()),
        Err(error @ ServiceError::Unknown) => refused(
            StatusCode::SERVICE_UNAVAILABLE,
            &format!("{error}: look at `tilld channels list` before you try again"),
        ),
        Err(
            error @ (ServiceError::Refused(_)
            | ServiceError::InvalidInvoice(_)
            | ServiceError::InvalidOffer(_)
            | ServiceError::NothingToBump
            | ServiceError::TooPoorOnchain { .. }
            | ServiceError::Busy { .. }
            | ServiceError::Node(_)
            | ServiceError::Stopping),
        ) => refused(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    }
}

async fn done(door: &Door, question: Question) -> Result<ChannelsWire, ServiceError> {
    let opened = match question {
        Question::List => {
            let channels = door.service.all_channels().await?;
            let mut listed = Vec::with_capacity(channels.len());
            for channel in &channels {
                let mut entry = entry(channel);
                entry.peer_address = door.service.peer_address(&entry.counterparty).await?;
                listed.push(entry);
            }
            return Ok(ChannelsWire::Listed { channels: listed });
        }
        Question::Open {
            node_id,
            address,
            amount_sat,
            push_sat,
            announce,
        } => {
            let (capacity, push) = amounts(amount_sat, push_sat)?;
            let request = OpenChannelRequest {
                node_id,
                address,
                capacity,
                push,
                announce,
            };
            let wanted = NewChannel {
                request,
                idempotency: None,
            };
            door.service.open_channel(wanted).await?
        }
        Question::Connect { node_id, address } => {
            door.service.connect(&node_id, &address).await?;
            let connected_to = format!("{node_id}@{address}");
            return Ok(ChannelsWire::Connected { connected_to });
        }
        Question::Reopen { channel } => door.service.reopen_channel(channel.trim()).await?,
        Question::Close {
            channel,
            to,
            feerate,
            force,
        } => {
            let sweep_to = to.map(|address| SweepTo { address, feerate });
            let wanted = CloseWish {
                channel_id: channel.trim().to_ascii_lowercase(),
                force,
                sweep_to,
            };
            let job = door.service.close_channel(wanted).await?;
            return Ok(ChannelsWire::Closing(closing(&job)));
        }
        Question::SpliceIn {
            channel,
            amount_sat,
        } => return splice(door, &channel, SpliceWay::In, amount_sat).await,
        Question::SpliceOut {
            channel,
            amount_sat,
        } => return splice(door, &channel, SpliceWay::Out, amount_sat).await,
    };
    Ok(ChannelsWire::Opening(opening(&opened)))
}

fn closing(job: &CloseJob) -> ClosingWire {
    ClosingWire {
        closing_channel_id: job.channel_id.clone(),
        closing_tx_id: job.state.closing_tx().map(|tx_id| tx_id.to_string()),
        force: job.force,
        sweep_to: job.sweep_to.as_ref().map(|to| to.address.clone()),
    }
}

async fn splice(
    door: &Door,
    channel: &str,
    way: SpliceWay,
    amount_sat: u64,
) -> Result<ChannelsWire, ServiceError> {
    let (amount, _) = amounts(amount_sat, 0)?;
    let spliced = door
        .service
        .splice(channel.trim(), way, amount, None)
        .await?;
    Ok(ChannelsWire::Splicing(SplicingWire {
        spliced_channel_id: spliced.channel_id,
        tx_id: spliced.tx.map(|tx_id| tx_id.to_string()),
    }))
}

fn amounts(amount_sat: u64, push_sat: u64) -> Result<(Sat, Msat), ServiceError> {
    let amount = Sat::new(amount_sat).filter(|_| amount_sat > 0);
    let push = Sat::new(push_sat).filter(|_| push_sat < amount_sat);
    amount
        .zip(push.map(Sat::to_msat))
        .ok_or_else(|| ServiceError::InvalidRequest(AMOUNTS.into()))
}

fn entry(entry: &ChannelEntry) -> ChannelWire {
    match entry {
        ChannelEntry::Open(info) => open(info),
        ChannelEntry::Closed(row) => closed(row),
    }
}

fn open(info: &ChannelInfo) -> ChannelWire {
    let channel = &info.channel;
    let state = match info.state {
        ChannelPhase::Opening => "opening",
        ChannelPhase::Normal => "normal",
        ChannelPhase::Offline => "offline",
        ChannelPhase::Closing => "closing",
    };
    ChannelWire {
        channel_id: channel.channel_id.clone(),
        user_channel_id: hex::encode(channel.user_channel_id),
        state: state.to_owned(),
        counterparty: channel.counterparty.clone(),
        peer_address: None,
        capacity_sat: Some(channel.capacity.get()),
        balance_sat: Some(channel.balance.get()),
        outbound_sat: Some(channel.outbound.to_sat_floor().get()),
        inbound_sat: Some(channel.inbound.to_sat_floor().get()),
        funding_tx_id: channel.funding.map(|(tx_id, _)| tx_id.to_string()),
        closing_tx_id: info
            .closing
            .as_ref()
            .and_then(|closing| Some(closing.tx_id?.to_string())),
        spendable_at_height: info
            .closing
            .as_ref()
            .and_then(|closing| closing.spendable_at_height),
    }
}

fn closed(row: &Channel) -> ChannelWire {
    ChannelWire {
        channel_id: row.channel_id.clone(),
        user_channel_id: hex::encode(row.user_channel_id),
        state: "closed".to_owned(),
        counterparty: row.counterparty.clone(),
        peer_address: None,
        capacity_sat: None,
        balance_sat: None,
        outbound_sat: None,
        inbound_sat: None,
        funding_tx_id: row.funding_tx.map(|tx_id| tx_id.to_string()),
        closing_tx_id: row.closing.map(|closing| closing.tx_id.to_string()),
        spendable_at_height: None,
    }
}

fn opening(opening: &ChannelOpening) -> OpeningWire {
    match opening {
        ChannelOpening::Funded(opened) => OpeningWire {
            user_channel_id: Some(hex::encode(opened.user_channel_id)),
            channel_id: opened.channel_id.clone(),
            funding_tx_id: opened.funding_tx_id.clone(),
        },
        ChannelOpening::Pending { user_channel_id } => OpeningWire {
            user_channel_id: user_channel_id.map(hex::encode),
            channel_id: None,
            funding_tx_id: None,
        },
    }
}
