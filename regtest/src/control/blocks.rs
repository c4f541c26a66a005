//! What the chain does.

use axum::Json;
use axum::extract::State;

use super::error::ControlError;
use super::input::Input;
use super::wire::{Fund, Funded, Mine, Reorg, Tip};
use crate::chain;
use crate::world::World;

impl From<chain::Tip> for Tip {
    fn from(tip: chain::Tip) -> Self {
        Tip {
            height: tip.height,
            tip: tip.hash.to_string(),
        }
    }
}

pub(super) async fn fund(
    State(world): State<World>,
    Input(wanted): Input<Fund>,
) -> Result<Json<Funded>, ControlError> {
    let txid = world
        .fund(&wanted.address, wanted.amount_sat, wanted.confirm)
        .await?;
    let tx_id = txid.to_string();
    Ok(Json(Funded { tx_id }))
}

pub(super) async fn mine(
    State(world): State<World>,
    Input(wanted): Input<Mine>,
) -> Result<Json<Tip>, ControlError> {
    Ok(Json(world.mine(wanted.blocks).await?.into()))
}

pub(super) async fn reorg(
    State(world): State<World>,
    Input(wanted): Input<Reorg>,
) -> Result<Json<Tip>, ControlError> {
    Ok(Json(world.reorg(wanted.depth).await?.into()))
}

pub(super) async fn sync(State(world): State<World>) -> Result<Json<Tip>, ControlError> {
    Ok(Json(world.sync().await?.into()))
}
