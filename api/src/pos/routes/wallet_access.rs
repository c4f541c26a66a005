//! The second lock: the wallet password, and the token it is exchanged for. Owns the token's
//! cookie; the token is the service's.

use axum::Json;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderName};
use axum::response::AppendHeaders;
use till::ledger::Refusal;
use till_actors::service::ServiceError;

use crate::http::Remote;
use crate::pos::Pos;
use crate::pos::access::{Admin, Credentials, Denied, Guess, Key, Secret, Staff, WALLET};
use crate::pos::error::{Case, Error};
use crate::pos::extract::Body;
use crate::pos::{field, wire};

type WalletCookie = AppendHeaders<[(HeaderName, String); 1]>;

/// `POST /wallet/auth`
pub(crate) async fn open(
    Admin(staff): Admin,
    State(pos): State<Pos>,
    remote: Remote,
    Body(request): Body<wire::WalletAuthRequest>,
) -> Result<(WalletCookie, Json<wire::WalletOpened>), Error> {
    let epoch = try_password(&pos, &staff, remote, request.password).await?;
    let token = pos.service.grant_wallet_token(staff.session, epoch).await?;
    let now = pos.service.now();
    let expires_at = now.plus_secs(pos.settings.wallet_token_secs);
    let cookie = AppendHeaders([(SET_COOKIE, pos.settings.wallet_cookie(&token))]);
    let answer = wire::WalletOpened {
        message: "Login successful",
        wallet_token_expires_at: expires_at.as_millis(),
    };
    Ok((cookie, Json(answer)))
}

/// `POST /wallet/logout`
pub(crate) async fn close(
    _admin: Admin,
    State(pos): State<Pos>,
    headers: HeaderMap,
) -> Result<(WalletCookie, Json<wire::Status>), Error> {
    if let Some(token) = Credentials::of(&headers).wallet {
        match pos.service.revoke_wallet_token(token).await {
            Ok(()) | Err(ServiceError::Refused(Refusal::UnknownSession)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let cookie = AppendHeaders([(SET_COOKIE, pos.settings.deleted_cookie(WALLET))]);
    Ok((cookie, Json(wire::Status { status: "ok" })))
}

/// Tries the wallet password; the epoch of the one that was right.
async fn try_password(
    pos: &Pos,
    staff: &Staff,
    remote: Remote,
    secret: Secret,
) -> Result<u32, Error> {
    field::attempt("password", secret.reveal())?;
    let business = pos.service.business().await?;
    let epoch = business.as_ref().map_or(0, |shop| shop.wallet_epoch);
    let guess = Guess {
        account: Key::Wallet(staff.user.id),
        address: remote.0.map(Key::WalletFrom),
        secret,
        stored: business.map(|business| business.wallet_password),
    };
    match pos.gate.open(|| pos.service.now(), guess).await {
        Ok(()) => Ok(epoch),
        Err(Denied::Unheard(error)) => Err(error),
        Err(Denied::Wrong) => Err(Error::new(Case::InvalidPassword, "Invalid password")),
    }
}
