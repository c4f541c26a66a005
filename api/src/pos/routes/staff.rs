//! Staff accounts. Owns no rule; who may be added is checked in [`parse`](crate::pos::parse), that
//! names are unique and one administrator is left by the ledger.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use till::id::UserId;
use till::ledger::UserChange;

use crate::guard::hash;
use crate::pos::Pos;
use crate::pos::access::{Admin, Staff};
use crate::pos::error::Error;
use crate::pos::extract::{Body, Id};
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

/// `PATCH /users/{id}`
pub(crate) async fn change(
    Admin(staff): Admin,
    State(pos): State<Pos>,
    Id(id): Id<UserId>,
    Body(request): Body<wire::ChangedUser>,
) -> Result<Json<wire::User>, Error> {
    let new = parse::changed_staff(request)?;
    let (password, pin) = (new.password, new.pin);
    let hashing = move || {
        let password = password.map(|password| hash(&password)).transpose()?;
        Ok((password, pin.map(|pin| hash(&pin)).transpose()?))
    };
    let (password, pin) = pos.gate.hash(hashing).await?;
    let change = UserChange {
        name: new.name,
        role: new.role,
        password,
        pin,
    };
    let user = pos.service.change_user(staff.user.id, id, change).await?;
    Ok(Json(render::user(&user)))
}

/// `DELETE /users/{id}`
pub(crate) async fn delete(
    Admin(staff): Admin,
    State(pos): State<Pos>,
    Id(id): Id<UserId>,
) -> Result<Json<wire::Message>, Error> {
    pos.service.delete_user(staff.user.id, id).await?;
    let message = "User deleted";
    Ok(Json(wire::Message { message }))
}

/// `DELETE /users/{id}/sessions`
pub(crate) async fn end_sessions(
    Admin(staff): Admin,
    State(pos): State<Pos>,
    Id(id): Id<UserId>,
) -> Result<Json<wire::Message>, Error> {
    pos.service.end_sessions(staff.user.id, id).await?;
    let message = "Sessions ended";
    Ok(Json(wire::Message { message }))
}
