//! Lightning addresses for any wallet in the world (LUD-06, LUD-12, LUD-16, LUD-21), at the root of the
//! host. Owns the documents and their errors; what it makes is a stranger's invoice as any other.

use std::net::IpAddr;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use till::address::Address;
use till::id::PaymentHash;
use till::invoice::Description;
use till::ledger::WalletRef;
use till::money::Msat;
use till_actors::service::NewInvoice;
use tower_http::cors::{Any, CorsLayer};

use super::error::Error;
use super::named::{self, Named};
use super::parse::{MAX_AMOUNT_SAT, MAX_COMMENT_CHARS};
use super::{Lnbot, parse, wire};
use crate::http::{Problem, Remote, shield};

/// The least that can be sent, in msat.
const MIN_MSAT: u64 = 1_000;

/// What payers' wallets ask for, to be merged at the root. Any origin may call, without credentials.
pub(super) fn router(lnbot: &Lnbot) -> Router {
    let behind = |routes: Router<Lnbot>| {
        let cors = CorsLayer::new().allow_origin(Any).allow_methods(Any);
        let shielded = shield(routes, &lnbot.settings.limits, render);
        shielded.layer(cors).with_state(lnbot.clone())
    };
    let documents = Router::new().route("/{name}", get(document));
    let answers = Router::new()
        .route("/{name}/callback", get(callback))
        .route("/{name}/verify/{hash}", get(verify));
    Router::new()
        .nest_service("/.well-known/lnurlp", behind(documents))
        .nest_service("/lnurlp", behind(answers))
}

/// What is wrong, as LNURL says it: with status 200, but where a program that knows no LNURL should
/// see it, too.
struct Refused {
    status: StatusCode,
    reason: String,
    retry_after_secs: Option<u64>,
}

impl Refused {
    fn new(reason: impl Into<String>) -> Self {
        Self {
            status: StatusCode::OK,
            reason: reason.into(),
            retry_after_secs: None,
        }
    }

    fn unknown(what: &str) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            ..Self::new(format!("{what} not found."))
        }
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        let (status, reason, retry_after_secs) = error.parts();
        let is_ours = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
        Self {
            status: if is_ours { status } else { StatusCode::OK },
            reason,
            retry_after_secs,
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let body = Json(json!({"status": "ERROR", "reason": self.reason}));
        let mut response = (self.status, body).into_response();
        if let Some(secs) = self.retry_after_secs {
            response.headers_mut().insert(RETRY_AFTER, secs.into());
        }
        response
    }
}

fn render(problem: Problem) -> Response {
    let is_unknown = problem == Problem::UnknownRoute;
    let error = Error::from(problem);
    match is_unknown {
        true => Refused::unknown("Address").into_response(),
        false => Refused::from(error).into_response(),
    }
}

/// `GET /.well-known/lnurlp/{name}`
async fn document(
    Remote(address): Remote,
    State(lnbot): State<Lnbot>,
    Path(name): Path<String>,
) -> Result<Json<wire::PayRequest>, Refused> {
    lnbot.count_lnurl(address)?;
    let (payee, _) = lnbot.payee(&name).await?;
    Ok(Json(wire::PayRequest {
        tag: "payRequest",
        callback: format!("{}/callback", lnbot.lnurlp(&payee)),
        min_sendable: MIN_MSAT,
        max_sendable: lnbot.most().get(),
        metadata: lnbot.metadata(&payee),
        comment_allowed: MAX_COMMENT_CHARS,
    }))
}

/// What a payer's wallet sends; what else it sends is let be.
#[derive(Deserialize)]
struct Asked {
    /// In msat.
    amount: Option<String>,
    comment: Option<String>,
}

/// `GET /lnurlp/{name}/callback`
async fn callback(
    Remote(address): Remote,
    State(lnbot): State<Lnbot>,
    Path(name): Path<String>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<wire::PayInvoice>, Refused> {
    lnbot.count_lnurl(address)?;
    let Query(asked) = asked.map_err(|_| Refused::new("The query cannot be read."))?;
    let (payee, found) = lnbot.payee(&name).await?;
    let msat = asked.amount.and_then(|amount| amount.parse::<u64>().ok());
    let most = lnbot.most();
    let amount = msat.and_then(Msat::new);
    let amount = amount.filter(|amount| amount.get() >= MIN_MSAT && *amount <= most);
    let range = || {
        let most = most.get();
        Refused::new(format!("amount must be {MIN_MSAT} to {most} msat."))
    };
    let amount = amount.ok_or_else(range)?;
    let comment = parse::comment(asked.comment)?;
    let hash = Sha256::digest(lnbot.metadata(&payee).as_bytes());
    let wallet = WalletRef::Wallet(found.wallet);
    let wanted = NewInvoice {
        description: Description::Hash(hash.into()),
        ..parse::new_invoice(wallet, amount, comment, payee.tag.clone())
    };
    let made = lnbot.invoice_for_stranger(address, wanted).await?;
    Ok(Json(wire::PayInvoice {
        pr: made.bolt11.unwrap_or_default(),
        routes: [],
        success_action: None,
        disposable: false,
        verify: format!("{}/verify/{}", lnbot.lnurlp(&payee), made.hash),
    }))
}

/// `GET /lnurlp/{name}/verify/{hash}`
async fn verify(
    Remote(address): Remote,
    State(lnbot): State<Lnbot>,
    Path((name, hash)): Path<(String, String)>,
) -> Result<Json<wire::Verified>, Refused> {
    lnbot.count_lnurl(address)?;
    let unknown = || Refused::unknown("Invoice");
    let (_, found) = lnbot.payee(&name).await?;
    let hash = hash.parse::<PaymentHash>().map_err(|_| unknown())?;
    let row = lnbot.service.strangers_invoice(hash).await;
    let row = row.map_err(Error::from)?;
    let row = row.filter(|row| row.wallet == WalletRef::Wallet(found.wallet));
    let row = row.ok_or_else(unknown)?;
    let settled = row.receipt.is_some();
    let preimage = row.preimage.filter(|_| settled);
    Ok(Json(wire::Verified {
        status: "OK",
        settled,
        preimage: preimage.map(|preimage| hex::encode(preimage.reveal())),
        pr: row.bolt11.unwrap_or_default(),
    }))
}

impl Lnbot {
    fn count_lnurl(&self, address: Option<IpAddr>) -> Result<(), Refused> {
        let counted = self.lnurl_calls.count(address);
        counted.map_err(|secs| Error::too_many(secs).into())
    }

    /// Whom a name in a path stands for.
    async fn payee(&self, text: &str) -> Result<(Named, Address), Refused> {
        let unknown = || Refused::unknown("Address");
        let payee = named::payee(text, self.settings.domain()).map_err(|_| unknown())?;
        let found = self.service.payable_address(&payee.name).await;
        let found = found.map_err(Error::from)?.ok_or_else(unknown)?;
        Ok((payee, found))
    }

    /// Where an address's answers are. A `+` is sent as it is in paths, but not by everybody.
    fn lnurlp(&self, payee: &Named) -> String {
        let user = payee.user().replace('+', "%2B");
        format!("{}/lnurlp/{user}", self.settings.public_url)
    }

    /// What the payer's wallet shows, and the invoice has the hash of.
    fn metadata(&self, payee: &Named) -> String {
        let address = self.full_address(&payee.user());
        let text = format!("Payment to {address}");
        json!([["text/identifier", address], ["text/plain", text]]).to_string()
    }

    fn most(&self) -> Msat {
        let surface = Msat::new(MAX_AMOUNT_SAT.saturating_mul(1_000));
        let tills = self.service.max_amount();
        surface.map_or(tills, |surface| surface.min(tills))
    }
}
