//! LNURL: looking at a code, paying what is behind it, taking a withdrawal.

use std::time::Instant;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use serde_json::{Map, Value, json};
use till::ledger::Origin;
use till::payment::{Outcome, Payment, State as PaymentState};
use till_actors::lnurl::{Document, LnurlError};
use till_actors::service::{NewPayment, ServiceError};

use super::payments::{Keyed, refused};
use crate::lnbits::access::{AdminKey, AnyKey, Opened};
use crate::lnbits::body::Body;
use crate::lnbits::error::Error;
use crate::lnbits::misfit::{Misfit, ROOT};
use crate::lnbits::{Lnbits, parse, parse_lnurl, render, wire};

/// `POST /payments/lnurl`: asks the recipient for an invoice, checks it and pays it. For a repeat the
/// recipient would make another invoice, so it is not asked.
pub(crate) async fn pay(
    AdminKey(opened): AdminKey,
    State(lnbits): State<Lnbits>,
    headers: HeaderMap,
    Body(request): Body<wire::PayLnurl>,
) -> Result<Json<wire::Payment>, Error> {
    let dialect = lnbits.settings.dialect;
    let keyed = parse::keyed_lnurl(&headers, opened.account(), &request)?;
    let payment = match lnbits.service.payment_under(&keyed).await? {
        Some(made) => made,
        None => match ask_and_pay(&lnbits, &opened, &request, keyed).await? {
            Ok(made) => made,
            Err(refused) => return Ok(Json(*refused)),
        },
    };
    if let (PaymentState::Failed, Some(Outcome::Failed { reason, .. })) =
        (payment.state, &payment.outcome)
    {
        return Err((*reason).into());
    }
    let wallet = opened.wallet.id.to_string();
    Ok(Json(render::payment(dialect, &payment, wallet)))
}

/// The payment, or what real servers answer where none was begun.
async fn ask_and_pay(
    lnbits: &Lnbits,
    opened: &Opened,
    request: &wire::PayLnurl,
    idempotency: Keyed,
) -> Result<Result<Payment, Box<wire::Payment>>, Error> {
    let begun = Instant::now();
    let place = lnbits.places.take()?;
    let recipient = parse_lnurl::recipient(lnbits, request).await?;
    let amount = parse_lnurl::amount(lnbits, request).await?;
    let meta = parse_lnurl::meta(lnbits.settings.dialect, request)?;
    let comment = request.comment.as_deref();
    let offered = lnbits
        .service
        .lnurl_invoice(&recipient, amount, comment)
        .await?;
    drop(place);
    let wanted = NewPayment {
        wallet: opened.account(),
        origin: Origin::Lnbits,
        bolt11: String::new(),
        amount: None,
        fee_cap: None,
        idempotency,
        meta,
    };
    // What the recipient's server took is gone: the answer has to come before the request's time is over.
    let wait = lnbits.settings.payment_wait.saturating_sub(begun.elapsed());
    match lnbits.service.pay_offered(&offered, wanted, wait).await {
        Ok(payment) => Ok(Ok(payment)),
        Err(ServiceError::Refused(refusal)) => {
            let bolt11 = parse::pasted(&offered.bolt11);
            let invoice = lnbits.service.decode(bolt11)?;
            let told = refused(lnbits, opened, (&invoice, bolt11), refusal).await?;
            Ok(Err(Box::new(told)))
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /lnurlscan/{code}`: what the other side answers, and what LNbits makes of it.
pub(crate) async fn scan(
    AnyKey(_): AnyKey,
    State(lnbits): State<Lnbits>,
    Path(code): Path<String>,
) -> Result<Json<Map<String, Value>>, Error> {
    let _place = lnbits.places.take()?;
    let document = lnbits.service.lnurl_document(&code).await?;
    let (mut answer, kind, fixed, callback) = match document {
        Document::Pay(request) => {
            let mut answer = request.raw.clone();
            answer.insert("description".into(), json!(request.description()));
            let hash = hex::encode(request.description_hash());
            answer.insert("description_hash".into(), json!(hash));
            answer.insert("image".into(), json!(request.image()));
            (answer, "pay", request.min == request.max, request.callback)
        }
        Document::Withdraw(request) => {
            let fixed = request.min == request.max;
            (request.raw, "withdraw", fixed, request.callback)
        }
    };
    let host = callback.parse::<axum::http::Uri>().ok();
    let domain = host.and_then(|uri| uri.host().map(str::to_owned));
    answer.insert("domain".into(), json!(domain));
    answer.insert("kind".into(), json!(kind));
    answer.insert("fixed".into(), json!(fixed));
    Ok(Json(answer))
}

/// `POST /payments/{payment_request}/pay-with-nfc`: a customer's card pays an invoice of this till's.
/// Nobody proves who they are, so no other invoice is handed on.
pub(crate) async fn pay_with_nfc(
    State(lnbits): State<Lnbits>,
    Path(bolt11): Path<String>,
    Body(request): Body<wire::PayWithNfc>,
) -> Result<Json<wire::PaidWithNfc>, Error> {
    let _place = lnbits.places.take_for_card()?;
    let code = request.lnurl_w.trim();
    lnbits
        .service
        .check_lnurl(code)
        .map_err(|error| match error {
            LnurlError::NotAnAddress => {
                let place = ["body", "lnurl_w", ROOT, ROOT];
                Error::misfit(lnbits.settings.dialect, Misfit::url(&place))
            }
            LnurlError::Outbound(_)
            | LnurlError::Refused(_)
            | LnurlError::Wrong(_)
            | LnurlError::Asked(_) => error.into(),
        })?;
    let unknown = || Error::bad_request("The invoice is not one of this server's.");
    let decoded = lnbits.service.decode(&bolt11).map_err(|_| unknown())?;
    let invoice = lnbits.service.invoice(decoded.hash).await?;
    let invoice = invoice.filter(|invoice| invoice.origin == Origin::Lnbits);
    let invoice = invoice.ok_or_else(unknown)?;
    lnbits.service.lnurl_withdraw(code, &invoice).await?;
    Ok(Json(wire::PaidWithNfc {
        status: "OK",
        success: true,
        detail: "Payment sent",
    }))
}
