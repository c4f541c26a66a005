//! Channels, and the parts of a world that go away and come back.

use axum::Json;
use axum::extract::State;

use super::error::ControlError;
use super::input::Input;
use super::wire::{Channel, From, NewChannel, Opened, Running};
use crate::world::{Opener, TillChannel, World, WorldError};

type Answer = Result<Json<Running>, ControlError>;

pub(super) async fn open_channel(
    State(world): State<World>,
    Input(wanted): Input<NewChannel>,
) -> Result<Json<Opened>, ControlError> {
    let from = match wanted.from {
        From::Customer => Opener::Customer,
        From::Till => Opener::Till,
    };
    if wanted.push_sat > wanted.amount_sat {
        return Err(ControlError::bad_input("pushSat is more than amountSat"));
    }
    let funding = world
        .open_channel(from, wanted.amount_sat, wanted.push_sat)
        .await?;
    Ok(Json(Opened {
        funding_tx_id: funding.txid.to_string(),
        output_index: funding.vout,
    }))
}

pub(super) async fn channels(
    State(world): State<World>,
) -> Result<Json<Vec<Channel>>, ControlError> {
    let row = |channel: TillChannel| Channel {
        usable: channel.usable(),
        closing: channel.closing(),
        channel_id: channel.channel_id,
        peer: channel.counterparty,
        capacity_sat: channel.capacity_sat,
        balance_sat: channel.balance_sat,
        inbound_liquidity_sat: channel.inbound_liquidity_sat,
    };
    let channels = world.client().channels().await?;
    Ok(Json(channels.into_iter().map(row).collect()))
}

pub(super) async fn kill_till(State(world): State<World>) -> Answer {
    world.till().kill().await?;
    Ok(stopped())
}

pub(super) async fn stop_till(State(world): State<World>) -> Answer {
    world.till().stop().await?;
    Ok(stopped())
}

pub(super) async fn start_till(State(world): State<World>) -> Answer {
    world.start_till().await?;
    let pid = world.till().pid().await;
    Ok(Json(Running { running: true, pid }))
}

pub(super) async fn stop_customer(State(world): State<World>) -> Answer {
    world.stop_customer().await?;
    Ok(stopped())
}

pub(super) async fn start_customer(State(world): State<World>) -> Answer {
    world.start_customer().await?;
    Ok(started())
}

pub(super) async fn stop_chain(State(world): State<World>) -> Answer {
    world.esplora_is_ours()?;
    world.stop_esplora().await;
    Ok(stopped())
}

pub(super) async fn start_chain(State(world): State<World>) -> Answer {
    world.start_esplora().await.map_err(WorldError::Port)?;
    Ok(started())
}

fn started() -> Json<Running> {
    Json(Running {
        running: true,
        pid: None,
    })
}

fn stopped() -> Json<Running> {
    Json(Running {
        running: false,
        pid: None,
    })
}
