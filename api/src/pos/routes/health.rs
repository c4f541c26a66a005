//! How the till is. Owns the difference between alive (do not restart it) and ready (send it
//! customers).

use axum::Json;
use axum::extract::State;

use crate::http::PAYMENTS_HELD;
use crate::pos::Pos;
use crate::pos::error::{Case, Error};
use crate::pos::{render, wire};

/// `GET /healthz`: the process answers, whatever else it can do.
pub(crate) async fn alive() -> Json<wire::Status> {
    Json(wire::Status { status: "ok" })
}

/// `GET /readyz`: payments can be made and taken; or taken only, which a notice says then: a till that was
/// restored sells before it pays.
pub(crate) async fn ready(State(pos): State<Pos>) -> Result<Json<wire::Ready>, Error> {
    let readiness = pos.service.readiness().await;
    if readiness.ready {
        let notice = readiness.holds_payments.then_some(PAYMENTS_HELD);
        let status = "ready";
        return Ok(Json(wire::Ready { status, notice }));
    }
    let reason = readiness.reason.unwrap_or_else(|| "not ready".to_owned());
    Err(Error::new(Case::NodeUnavailable, reason))
}

/// `GET /api/health`: for people and dashboards; 200 as long as there is an answer.
pub(crate) async fn health(State(pos): State<Pos>) -> Json<wire::Health> {
    let readiness = pos.service.readiness().await;
    Json(render::health(&pos.settings, readiness, pos.service.now()))
}
