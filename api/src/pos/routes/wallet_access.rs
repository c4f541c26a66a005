//! The second lock: the wallet password, and the token it is exchanged for. Owns the token's
//! cookie, and that a wrong guess is noted where that matters; the token is the service's.

use axum::Json;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderName};
use axum::response::AppendHeaders;
use till::access::AccessAction;
use till::ledger::Refusal;
use till_actors::abort::periphery;
use till_actors::service::ServiceError;

use crate::guard::{Denied, Guess, Key, Secret, hash};
use crate::http::Remote;
use crate::pos::Pos;
use crate::pos::access::{Admin, Credentials, Staff, WALLET, WalletAdmin};
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
    let tried = try_password(&pos, &staff, remote, request.password).await;
    let epoch = tried?.ok_or_else(wrong_password)?;
    let token = pos.service.grant_wallet_token(staff.session, epoch).await?;
    Ok(opened(&pos, &token, "Login successful"))
}

/// `POST /wallet/password`
pub(crate) async fn change_password(
    WalletAdmin(staff): WalletAdmin,
    State(pos): State<Pos>,
    remote: Remote,
    Body(request): Body<wire::NewWalletPassword>,
) -> Result<(WalletCookie, Json<wire::WalletOpened>), Error> {
    field::password("newPassword", request.new_password.reveal())?;
    let wrong = AccessAction::WalletPasswordRefused;
    let epoch = try_noted(&pos, &staff, remote, request.current_password, wrong).await?;
    let password = pos.gate.hash(move || hash(&request.new_password)).await?;
    let (by, session) = (staff.user.id, staff.session);
    let changed = pos
        .service
        .change_wallet_password(by, session, epoch, password);
    Ok(opened(&pos, &changed.await?, "Wallet password changed"))
}

/// A new token's cookie, and what is said with it.
fn opened(
    pos: &Pos,
    token: &str,
    message: &'static str,
) -> (WalletCookie, Json<wire::WalletOpened>) {
    let now = pos.service.now();
    let expires_at = now.plus_secs(pos.settings.wallet_token_secs);
    let cookie = AppendHeaders([(SET_COOKIE, pos.settings.wallet_cookie(token))]);
    let answer = wire::WalletOpened {
        message,
        wallet_token_expires_at: expires_at.as_millis(),
    };
    (cookie, Json(answer))
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

/// Tries the wallet password, and notes a wrong one as `wrong` before it says so, whether the
/// caller waits for that or not. The epoch of the one that was right.
pub(super) async fn try_noted(
    pos: &Pos,
    staff: &Staff,
    remote: Remote,
    secret: Secret,
    wrong: AccessAction,
) -> Result<u32, Error> {
    let (pos, staff) = (pos.clone(), staff.clone());
    let trying = async move {
        match try_password(&pos, &staff, remote, secret).await? {
            Some(epoch) => Ok(epoch),
            None => {
                pos.service.note_access(staff.user.id, wrong).await?;
                Err(wrong_password())
            }
        }
    };
    let tried = tokio::spawn(periphery(trying)).await;
    tried.map_err(|e| Error::internal(&e))?
}

/// Tries the wallet password; the epoch of the one that was right, `None` for a wrong one.
async fn try_password(
    pos: &Pos,
    staff: &Staff,
    remote: Remote,
    secret: Secret,
) -> Result<Option<u32>, Error> {
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
        Ok(()) => Ok(Some(epoch)),
        Err(Denied::Wrong) => Ok(None),
        Err(Denied::Unheard(why)) => Err(why.into()),
    }
}

fn wrong_password() -> Error {
    Error::new(Case::InvalidPassword, "Invalid password")
}
