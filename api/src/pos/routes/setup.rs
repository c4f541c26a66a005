//! The first set-up. Owns its two routes; the rules are in [`setup`](crate::pos::setup), and that
//! of two who come at once only one succeeds is the ledger's doing.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use till::ledger::Refusal;

use crate::pos::Pos;
use crate::pos::error::Error;
use crate::pos::extract::Body;
use crate::pos::{parse, render, wire};

/// `GET /initial-setup`
pub(crate) async fn state(State(pos): State<Pos>) -> Result<Json<wire::SetupState>, Error> {
    let initialized = pos.service.business().await?.is_some();
    Ok(Json(wire::SetupState { initialized }))
}

/// `POST /initial-setup`
pub(crate) async fn set_up(
    State(pos): State<Pos>,
    Body(request): Body<wire::SetupRequest>,
) -> Result<(StatusCode, Json<wire::SetupDone>), Error> {
    // Asked first so that a till in use does not spend three hashes on every passer-by.
    if pos.service.business().await?.is_some() {
        return Err(Refusal::AlreadyInitialized.into());
    }
    let wish = parse::setup(request).check()?;
    let setup = pos.gate.hash(move || wish.hash()).await?;
    let user = pos.service.initialize(setup).await?;
    let done = wire::SetupDone {
        message: "Initial setup completed",
        user_id: user.id.to_string(),
        role_id: render::role_id(user.role),
    };
    Ok((StatusCode::CREATED, Json(done)))
}
