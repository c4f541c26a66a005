//! The node, its channels and the house's balance. Owns nothing.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use till_actors::node::SpliceWay;
use till_actors::service::{ChannelOpening, ServiceError};

use crate::pos::Pos;
use crate::pos::access::WalletAdmin;
use crate::pos::error::Error;
use crate::pos::extract::{Body, Id, Idempotency};
use crate::pos::{parse, render, wire};

/// `GET /wallet/getinfo`
pub(crate) async fn info(
    _wallet: WalletAdmin,
    State(pos): State<Pos>,
) -> Result<Json<wire::Info>, Error> {
    let info = pos.service.node_info().await?;
    Ok(Json(render::info(&info, &pos.settings.version)))
}

/// `GET /wallet/getbalance`
pub(crate) async fn balance(
    _wallet: WalletAdmin,
    State(pos): State<Pos>,
) -> Result<Json<wire::Balance>, Error> {
    let balance = pos.service.house_balance().await?;
    Ok(Json(render::balance(&balance)))
}

/// `POST /wallet/newaddress`, and `GET` for those who think of it as reading.
pub(crate) async fn new_address(
    _wallet: WalletAdmin,
    State(pos): State<Pos>,
) -> Result<Json<wire::Address>, Error> {
    let address = pos.service.new_address().await?;
    Ok(Json(wire::Address { address }))
}

/// `GET /wallet/channels`
pub(crate) async fn channels(
    _wallet: WalletAdmin,
    State(pos): State<Pos>,
) -> Result<Json<Vec<wire::Channel>>, Error> {
    let info = pos.service.node_info().await?;
    Ok(Json(info.channels.iter().map(render::channel).collect()))
}

/// `POST /wallet/channels`
pub(crate) async fn open_channel(
    _wallet: WalletAdmin,
    State(pos): State<Pos>,
    Idempotency(key): Idempotency,
    Body(request): Body<wire::OpenChannel>,
) -> Result<Response, Error> {
    let wanted = parse::open_channel(&request, key)?;
    let user_channel_id = match pos.service.open_channel(wanted).await {
        Ok(ChannelOpening::Funded(channel)) => {
            let answer = Json(render::channel_opening(channel));
            return Ok((StatusCode::CREATED, answer).into_response());
        }
        Ok(ChannelOpening::Pending { user_channel_id }) => user_channel_id,
        Err(ServiceError::Unknown) => None,
        Err(error) => return Err(error.into()),
    };
    let answer = Json(render::channel_pending(user_channel_id));
    Ok((StatusCode::ACCEPTED, answer).into_response())
}

/// `POST /wallet/channels/{channelId}/splicein`
pub(crate) async fn splice_in(
    _wallet: WalletAdmin,
    State(pos): State<Pos>,
    Id(channel): Id<String>,
    Idempotency(key): Idempotency,
    Body(request): Body<wire::Splice>,
) -> Result<Json<wire::Splicing>, Error> {
    let amount = parse::splice(&request)?;
    let keyed = key.map(|key| parse::splice_key("splicein", key, &channel, amount));
    let spliced = pos.service.splice(&channel, SpliceWay::In, amount, keyed);
    let spliced = spliced.await?;
    Ok(Json(render::splicing(spliced)))
}

/// `POST /wallet/channels/{channelId}/spliceout`
pub(crate) async fn splice_out(
    _wallet: WalletAdmin,
    State(pos): State<Pos>,
    Id(channel): Id<String>,
    Idempotency(key): Idempotency,
    Body(request): Body<wire::Splice>,
) -> Result<Json<wire::Splicing>, Error> {
    let amount = parse::splice(&request)?;
    let keyed = key.map(|key| parse::splice_key("spliceout", key, &channel, amount));
    let spliced = pos.service.splice(&channel, SpliceWay::Out, amount, keyed);
    let spliced = spliced.await?;
    Ok(Json(render::splicing(spliced)))
}
