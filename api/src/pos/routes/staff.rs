//! Staff accounts. Owns no rule; who may be added is checked in [`parse`](crate::pos::parse), and
//! that names are unique by the ledger.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use crate::pos::Pos;
use crate::pos::access::{Admin, Staff, hash};
use crate::pos::error::Error;
use crate::pos::extract::Body;
use crate::pos::{parse, render, wire};

/// `GET /users/me`
pub(crate) async fn me(staff: Staff) -> Json<wire::User> {
    Json(render::user(&staff.user))
}

/// `GET /users`
pub(crate) async fn list(
    _admin: Admin,
    State(pos): State<Pos>,
) -> Result<Json<Vec<wire::User>>, Error> {
    let users = pos.service.users().await?;
    Ok(Json(users.iter().map(render::user).collect()))
}

/// `POST /users`
pub(crate) async fn add(
    Admin(staff): Admin,
    State(pos): State<Pos>,
    Body(request): Body<wire::NewUser>,
) -> Result<(StatusCode, Json<wire::User>), Error> {
    let new = parse::new_staff(request)?;
    let (password, pin) = (new.password, new.pin);
    let hashing = move || Ok((hash(&password)?, hash(&pin)?));
    let (password, pin) = pos.gate.hash(hashing).await?;
    let user = pos
        .service
        .add_user(staff.user.id, new.name, new.role, password, pin)
        .await?;
    Ok((StatusCode::CREATED, Json(render::user(&user))))
}
