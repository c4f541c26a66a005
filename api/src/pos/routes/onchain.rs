//! On-chain payments, fee bumps, and channels that are closed. Owns what a caller is told while the
//! chain has not shown a transaction yet, which is never that it failed.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use crate::pos::Pos;
use crate::pos::access::WalletAdmin;
use crate::pos::error::Error;
use crate::pos::extract::{Body, Id, Idempotency, Params};
use crate::pos::{parse, render, wire};

/// `POST /wallet/payonchain`
pub(crate) async fn pay(
    _wallet: WalletAdmin,
    State(pos): State<Pos>,
    Idempotency(key): Idempotency,
    Body(request): Body<wire::PayOnchain>,
) -> Result<(StatusCode, Json<wire::PaidOnchain>), Error> {
    let wanted = parse::pay_onchain(&request, key)?;
    let spent = pos.service.pay_onchain(wanted).await?;
    Ok((seen(spent.seen), Json(render::paid_onchain(&spent))))
}

/// `POST /wallet/bumpfee`
pub(crate) async fn bump(
    _wallet: WalletAdmin,
    State(pos): State<Pos>,
    Idempotency(key): Idempotency,
    Body(request): Body<wire::BumpFee>,
) -> Result<(StatusCode, Json<wire::Bumped>), Error> {
    let wanted = parse::bump_fee(&request, key)?;
    let spent = pos.service.bump_fee(wanted).await?;
    Ok((seen(spent.seen), Json(render::bumped(&spent))))
}

/// `POST /wallet/closechannel`. The same wish again is the same closing, so that it needs no key.
pub(crate) async fn close_channel(
    _wallet: WalletAdmin,
    State(pos): State<Pos>,
    Body(request): Body<wire::CloseChannel>,
) -> Result<(StatusCode, Json<wire::ChannelClosing>), Error> {
    close(&pos, request).await
}

/// `DELETE /wallet/channels/{channelId}`: the money stays in the node's wallet.
pub(crate) async fn close_named(
    _wallet: WalletAdmin,
    State(pos): State<Pos>,
    Id(channel_id): Id<String>,
    Params(query): Params<wire::CloseQuery>,
) -> Result<(StatusCode, Json<wire::ChannelClosing>), Error> {
    let request = wire::CloseChannel {
        channel_id,
        address: None,
        feerate_sat_byte: None,
        force: query.force,
    };
    close(&pos, request).await
}

async fn close(
    pos: &Pos,
    request: wire::CloseChannel,
) -> Result<(StatusCode, Json<wire::ChannelClosing>), Error> {
    let wanted = parse::close_channel(request)?;
    let job = pos.service.close_channel(wanted).await?;
    let is_shown = job.state.closing_tx().is_some();
    Ok((seen(is_shown), Json(render::channel_closing(&job))))
}

const fn seen(seen: bool) -> StatusCode {
    if seen {
        StatusCode::OK
    } else {
        StatusCode::ACCEPTED
    }
}
