//! Login, refresh and logout. Owns the pair of session cookies; the session is the service's.

use axum::Json;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderName};
use axum::response::{AppendHeaders, IntoResponse, Response};
use till::access::User;
use till::id::SessionId;
use till::ledger::Refusal;
use till_actors::service::{OpenedSession, ServiceError};

use crate::guard::{Denied, Guess, Key};
use crate::http::Remote;
use crate::pos::Pos;
use crate::pos::access::{ACCESS, Access, Credentials, REFRESH, WALLET};
use crate::pos::error::{Case, Error};
use crate::pos::extract::Body;
use crate::pos::parse::{self, Login};
use crate::pos::{render, wire};

type SessionCookies = AppendHeaders<[(HeaderName, String); 2]>;

/// `POST /auth/login`
pub(crate) async fn login(
    State(pos): State<Pos>,
    remote: Remote,
    Body(request): Body<wire::LoginRequest>,
) -> Result<(SessionCookies, Json<wire::LoggedIn>), Error> {
    let user = identify(&pos, remote, parse::login(request)?).await?;
    let lifetime_secs = pos.settings.refresh_token_secs;
    let opened = pos.service.open_session(&user, lifetime_secs).await?;
    let (_token, cookies) = session_cookies(&pos, &user, &opened)?;
    let answer = wire::LoggedIn {
        message: "Login successful",
        user: render::user(&user),
    };
    Ok((cookies, Json(answer)))
}

/// `POST /auth/refresh`
pub(crate) async fn refresh(
    State(pos): State<Pos>,
    headers: HeaderMap,
) -> Result<(SessionCookies, Json<wire::Refreshed>), Error> {
    let refused = || Error::new(Case::Unauthorized, "Invalid refresh token");
    let token = Credentials::of(&headers).refresh.ok_or_else(refused)?;
    let opened = rotate(&pos, token).await?.ok_or_else(refused)?;
    let user = pos.service.user(opened.user).await?.ok_or_else(refused)?;
    let (access_token, cookies) = session_cookies(&pos, &user, &opened)?;
    let answer = wire::Refreshed {
        message: "Token refreshed",
        access_token,
    };
    Ok((cookies, Json(answer)))
}

/// `POST /auth/logout`: always succeeds; whoever has no session has logged out.
pub(crate) async fn logout(State(pos): State<Pos>, headers: HeaderMap) -> Result<Response, Error> {
    if let Some(session) = session_of(&pos, &Credentials::of(&headers)).await? {
        match pos.service.end_session(session).await {
            Ok(()) | Err(ServiceError::Refused(Refusal::UnknownSession)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let deleted = [ACCESS, REFRESH, WALLET];
    let deleted = deleted.map(|name| (SET_COOKIE, pos.settings.deleted_cookie(name)));
    let message = "Logout successful";
    Ok((AppendHeaders(deleted), Json(wire::Message { message })).into_response())
}

async fn identify(pos: &Pos, remote: Remote, login: Login) -> Result<User, Error> {
    let user = pos.service.user_by_name(&login.name).await?;
    let stored = user.as_ref().map(|user| match login.is_pin {
        true => user.pin.clone(),
        false => user.password.clone(),
    });
    let guess = Guess {
        account: Key::login(&login.name),
        address: remote.0.map(Key::LoginFrom),
        secret: login.secret,
        stored,
    };
    match (pos.gate.open(|| pos.service.now(), guess).await, user) {
        (Ok(()), Some(user)) => Ok(user),
        (Err(Denied::Unheard(why)), _) => Err(why.into()),
        (Err(Denied::Wrong), _) | (Ok(()), None) => {
            Err(Error::new(Case::InvalidCredentials, "Invalid credentials"))
        }
    }
}

async fn rotate(pos: &Pos, token: &str) -> Result<Option<OpenedSession>, Error> {
    let lifetime_secs = pos.settings.refresh_token_secs;
    Ok(pos.service.rotate_session(token, lifetime_secs).await?)
}

/// Which session to end: the access token names it, even when it has expired, or else the refresh
/// token does, once it has been exchanged.
async fn session_of(pos: &Pos, tokens: &Credentials<'_>) -> Result<Option<SessionId>, Error> {
    let access = tokens
        .access
        .and_then(|token| pos.tokens.read_expired(token));
    match (access, tokens.refresh) {
        (Some(access), _) => Ok(Some(access.session)),
        (None, Some(token)) => Ok(rotate(pos, token).await?.map(|opened| opened.session)),
        (None, None) => Ok(None),
    }
}

/// A new access token of the session, and the cookies for both tokens.
fn session_cookies(
    pos: &Pos,
    user: &User,
    opened: &OpenedSession,
) -> Result<(String, SessionCookies), Error> {
    let role = render::role_name(user.role);
    let access = Access {
        user: user.id,
        session: opened.session,
    };
    let token = pos
        .tokens
        .issue(access, role, pos.service.now())
        .map_err(|e| Error::internal(&e))?;
    let access = pos.settings.access_cookie(&token);
    let refresh = pos.settings.refresh_cookie(&opened.refresh_token);
    let cookies = AppendHeaders([(SET_COOKIE, access), (SET_COOKIE, refresh)]);
    Ok((token, cookies))
}
