//! Accounts and logins. Owns how a name and a password become a login; guessing is the guard's to
//! stop.

use axum::Json;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderName, StatusCode};
use axum::response::AppendHeaders;
use serde_json::Map;
use till::holder::Holder;
use till::ledger::Origin;
use till_actors::service::NewHolder;

use crate::guard::{Denied, Guess, Key, hash};
use crate::http::Remote;
use crate::lnbits::bearer::Bearer;
use crate::lnbits::body::Body;
use crate::lnbits::dialect::iso;
use crate::lnbits::error::Error;
use crate::lnbits::{Lnbits, holding, wire};

/// How many wallets LNbits' own pages show at once if nobody says otherwise.
const VISIBLE_WALLETS: u32 = 10;

type LoginCookie = AppendHeaders<[(HeaderName, String); 1]>;

/// `POST /auth`
pub(crate) async fn login(
    State(lnbits): State<Lnbits>,
    remote: Remote,
    Body(request): Body<wire::Login>,
) -> Result<(LoginCookie, Json<wire::LoggedIn>), Error> {
    let holder = lnbits.service.holder_by_name(&request.username).await?;
    let guess = Guess {
        account: Key::holder(&request.username),
        address: remote.0.map(Key::LoginFrom),
        secret: request.password,
        stored: holder.as_ref().and_then(|holder| holder.password.clone()),
    };
    let tried = lnbits.gate.open(|| lnbits.service.now(), guess).await;
    match (tried, holder) {
        (Ok(()), Some(holder)) => logged_in(&lnbits, &holder),
        (Err(Denied::Unheard(why)), _) => Err(why.into()),
        (Err(Denied::Wrong), _) | (Ok(()), None) => {
            Err(Error::new(StatusCode::UNAUTHORIZED, "Invalid credentials."))
        }
    }
}

/// `POST /auth/register`, where anybody may.
pub(crate) async fn register(
    State(lnbits): State<Lnbits>,
    remote: Remote,
    Body(request): Body<wire::Register>,
) -> Result<(LoginCookie, Json<wire::LoggedIn>), Error> {
    refuse_closed(&lnbits, remote)?;
    let dialect = lnbits.settings.dialect;
    let name = holding::username(dialect, &request.username)?;
    holding::password(dialect, request.password.reveal())?;
    let repeat = request.password_repeat.as_ref();
    if repeat.is_some_and(|repeat| repeat.reveal() != request.password.reveal()) {
        return Err(Error::new(
            StatusCode::BAD_REQUEST,
            "Passwords do not match.",
        ));
    }
    let password = lnbits.gate.hash(move || hash(&request.password)).await?;
    let wanted = NewHolder {
        name: Some(name),
        password: Some(password),
        is_admin: false,
        wallet_name: Some(holding::DEFAULT_NAME.to_owned()),
    };
    let made = lnbits.service.add_holder(Origin::Lnbits, wanted).await;
    logged_in(&lnbits, &made?.0)
}

/// `POST /account`: a wallet of somebody who cannot log in, where anybody may have one.
pub(crate) async fn account(
    State(lnbits): State<Lnbits>,
    remote: Remote,
    Body(request): Body<wire::NewWallet>,
) -> Result<Json<wire::WalletEntry>, Error> {
    refuse_closed(&lnbits, remote)?;
    let name = request.name.as_deref().unwrap_or(holding::DEFAULT_NAME);
    let wanted = NewHolder {
        name: None,
        password: None,
        is_admin: false,
        wallet_name: Some(holding::wallet_name(lnbits.settings.dialect, name)?),
    };
    let (_, wallet) = lnbits.service.add_holder(Origin::Lnbits, wanted).await?;
    let missing = || Error::internal(&"a holder was made without a wallet");
    let wallet = wallet.ok_or_else(missing)?;
    Ok(Json(lnbits.entry(&wallet, None).await?))
}

/// `GET /auth`
pub(crate) async fn me(
    Bearer(id): Bearer,
    State(lnbits): State<Lnbits>,
) -> Result<Json<wire::Account>, Error> {
    let gone = || Error::new(StatusCode::UNAUTHORIZED, "Invalid access token.");
    let holder = lnbits.service.holder(id).await?.ok_or_else(gone)?;
    let dialect = lnbits.settings.dialect;
    let mut invitations = Vec::new();
    for shared in lnbits.service.shared_with(id).await? {
        if !shared.share.is_invited() {
            continue;
        }
        let from = lnbits.service.holder(shared.wallet.holder).await?;
        invitations.push(wire::Invitation {
            request_id: shared.share.id.to_string(),
            from_user_name: from.and_then(|from| from.name),
            to_wallet_id: shared.wallet.id.to_string(),
            to_wallet_name: shared.wallet.name,
            permissions: holding::permission_names(dialect, shared.share.permissions),
        });
    }
    Ok(Json(wire::Account {
        id: holder.id.to_string(),
        username: holder.name.clone(),
        activated: true,
        admin: holder.is_admin,
        super_user: false,
        has_password: holder.password.is_some(),
        created_at: iso(holder.created_at),
        updated_at: iso(holder.created_at),
        email: None,
        pubkey: None,
        external_id: None,
        extensions: Vec::new(),
        wallets: super::wallets::entries(&lnbits, id).await?,
        fiat_providers: Vec::new(),
        ui_customization: Map::new(),
        extra: wire::AccountExtra {
            provider: "lnbits",
            email_verified: false,
            first_name: None,
            last_name: None,
            display_name: None,
            picture: None,
            visible_wallet_count: VISIBLE_WALLETS,
            labels: Vec::new(),
            notifications: Map::new(),
            wallet_invite_requests: invitations,
        },
    }))
}

/// `POST /auth/logout`: all logins of the holder end, wherever they are. Whoever has none has logged
/// out.
pub(crate) async fn logout(
    login: Result<Bearer, Error>,
    State(lnbits): State<Lnbits>,
) -> Result<(LoginCookie, Json<wire::LoggedOut>), Error> {
    if let Ok(Bearer(holder)) = login {
        lnbits.service.end_logins(holder).await?;
    }
    let cookie = AppendHeaders([(SET_COOKIE, lnbits.login_cookie(""))]);
    let status = "success";
    Ok((cookie, Json(wire::LoggedOut { status })))
}

/// What is made stays for good, so nobody makes many at once.
fn refuse_closed(lnbits: &Lnbits, Remote(address): Remote) -> Result<(), Error> {
    match lnbits.settings.open_registration {
        true => lnbits.accounts.count(address).map_err(Error::too_many),
        false => Err(Error::new(
            StatusCode::FORBIDDEN,
            "Account creation is disabled.",
        )),
    }
}

fn logged_in(
    lnbits: &Lnbits,
    holder: &Holder,
) -> Result<(LoginCookie, Json<wire::LoggedIn>), Error> {
    let token = lnbits.tokens.issue(holder, lnbits.service.now());
    let access_token = token.map_err(|e| Error::internal(&e))?;
    let cookie = AppendHeaders([(SET_COOKIE, lnbits.login_cookie(&access_token))]);
    let token_type = "bearer";
    let answer = wire::LoggedIn {
        access_token,
        token_type,
    };
    Ok((cookie, Json(answer)))
}
