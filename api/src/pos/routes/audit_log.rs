//! The access log: who read the seed, took the books along, or changed who may do what. Owns no
//! line; they are written by the ledger, before the deed is answered.

use axum::Json;
use axum::extract::State;

use crate::pos::Pos;
use crate::pos::access::WalletAdmin;
use crate::pos::error::Error;
use crate::pos::extract::Params;
use crate::pos::{parse, render, wire};

/// `GET /wallet/auditlog`
pub(crate) async fn list(
    _wallet: WalletAdmin,
    State(pos): State<Pos>,
    Params(query): Params<wire::LogQuery>,
) -> Result<Json<Vec<wire::LogLine>>, Error> {
    let limit = parse::limit(query.limit)?;
    let offset = query.offset.unwrap_or(0);
    let notes = pos.service.access_notes(offset, limit).await?;
    Ok(Json(notes.iter().map(render::log_line).collect()))
}
