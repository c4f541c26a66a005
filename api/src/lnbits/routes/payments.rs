//! Invoices and payments: made, paid, looked at.

use std::time::Instant;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use till::id::{PaymentHash, RequestHash};
use till::invoice::{Invoice, State as InvoiceState};
use till::ledger::{IdempotencyKey, Refusal, WalletRef};
use till::payment::{Outcome, Payment, State as PaymentState};
use till_actors::service::{DecodedInvoice, RowName, ServiceError};

use super::withdrawals;
use crate::lnbits::access::{AnyKey, MaybeKey, Opened};
use crate::lnbits::body::Body;
use crate::lnbits::error::Error;
use crate::lnbits::fiat::Priced;
use crate::lnbits::{Dialect, Lnbits, parse, render, wire};

/// A caller's key for a request, and the digest of what it asks for.
pub(super) type Keyed = Option<(IdempotencyKey, RequestHash)>;

/// `POST /payments`: makes an invoice, or pays one.
pub(crate) async fn create(
    AnyKey(opened): AnyKey,
    State(lnbits): State<Lnbits>,
    headers: HeaderMap,
    Body(request): Body<wire::CreatePayment>,
) -> Result<(StatusCode, Json<wire::Payment>), Error> {
    let keyed = parse::keyed(&headers, opened.account(), &request)?;
    let webhook = request.webhook.as_deref().filter(|url| !url.is_empty());
    if let Some(url) = webhook {
        parse::check_callback(&lnbits.service, url)?;
    }
    let made = if request.out.unwrap_or(true) {
        pay(&lnbits, &opened, request, keyed).await?
    } else {
        receive(&lnbits, &opened, request, keyed).await?
    };
    Ok((StatusCode::CREATED, Json(made)))
}

async fn receive(
    lnbits: &Lnbits,
    opened: &Opened,
    request: wire::CreatePayment,
    keyed: Keyed,
) -> Result<wire::Payment, Error> {
    let dialect = lnbits.settings.dialect;
    if !opened.may.receive {
        let detail = "Wallet does not have permission to create invoices.";
        return Err(match dialect {
            Dialect::Documented => Error::new(StatusCode::FORBIDDEN, detail),
            Dialect::V1 => Error::payment(detail),
        });
    }
    let withdrawal = parse::withdrawal(dialect, &request)?;
    if let Some(withdrawal) = &withdrawal {
        parse::check_callback(&lnbits.service, withdrawal.callback())?;
    }
    // Taken before there is an invoice: whoever finds none can ask again.
    let place = withdrawal.as_ref().map(|_| lnbits.places.take());
    let _place = place.transpose()?;
    // A repeat is the same invoice, whatever its currency is worth by now.
    let mut invoice = match lnbits.service.invoice_under(&keyed).await? {
        Some(made) => made,
        None => make(lnbits, opened, request, keyed).await?,
    };
    if let Some(withdrawal) = withdrawal {
        invoice = withdrawals::hand_in(lnbits, invoice, &withdrawal).await?;
    }
    Ok(render::invoice(dialect, &invoice, wallet_id(opened)))
}

async fn make(
    lnbits: &Lnbits,
    opened: &Opened,
    request: wire::CreatePayment,
    keyed: Keyed,
) -> Result<Invoice, Error> {
    let dialect = lnbits.settings.dialect;
    let asked = parse::amount(dialect, request.amount.as_ref(), request.unit.as_deref())?;
    let wanted = parse::Wanted {
        wallet: opened.account(),
        priced: Priced::new(lnbits, asked, opened.wallet.currency.as_deref()).await?,
        keyed,
    };
    let wanted = parse::new_invoice(dialect, wanted, request)?;
    let invoice = lnbits.service.create_invoice(wanted).await;
    invoice.map_err(|error| match (error, dialect) {
        (ServiceError::Refused(Refusal::HashInUse), Dialect::V1) => {
            Error::payment("invoice with payment hash already exists").unlike_failed("pending")
        }
        (error, Dialect::V1 | Dialect::Documented) => error.into(),
    })
}

async fn pay(
    lnbits: &Lnbits,
    opened: &Opened,
    mut request: wire::CreatePayment,
    keyed: Keyed,
) -> Result<wire::Payment, Error> {
    if !opened.may.send {
        let detail = "Invoice (or Admin) key required.";
        return Err(Error::new(StatusCode::FORBIDDEN, detail));
    }
    let (dialect, wait) = (lnbits.settings.dialect, lnbits.settings.payment_wait);
    // A repeat is the same payment: no price is asked for, and nothing is looked at that may have changed.
    if let Some(made) = lnbits.service.payment_under(&keyed).await? {
        let made = lnbits.service.payment_outcome(made.id, wait).await?;
        return told(dialect, &made, opened);
    }
    let begun = Instant::now();
    let text = request.bolt11.take().unwrap_or_default();
    let bolt11 = parse::pasted(&text);
    if bolt11.is_empty() {
        return Err(Error::new(
            StatusCode::BAD_REQUEST,
            "Missing BOLT11 invoice",
        ));
    }
    let invoice = lnbits.service.decode(bolt11);
    let invoice = invoice.map_err(|_| undecodable(dialect))?;
    let asked = match (invoice.amount, &request.amount) {
        (Some(amount), _) => parse::Asked::Sat(amount.to_sat_ceil()),
        (None, None) => return Err(Error::payment("Amountless invoices not supported.")),
        (None, asked) => parse::amount(dialect, asked.as_ref(), request.unit.as_deref())?,
    };
    let priced = Priced::new(lnbits, asked, opened.wallet.currency.as_deref()).await?;
    let what = (&invoice, bolt11, &priced);
    let wanted = parse::new_payment(dialect, opened.account(), what, request, keyed)?;
    // What a price took is gone: the answer has to come before the request's time is over.
    let wait = wait.saturating_sub(begun.elapsed());
    match lnbits.service.pay(wanted, wait).await {
        Ok(payment) => told(dialect, &payment, opened),
        Err(ServiceError::Refused(refusal)) => {
            refused(lnbits, opened, (&invoice, bolt11), refusal).await
        }
        Err(error) => Err(error.into()),
    }
}

fn undecodable(dialect: Dialect) -> Error {
    let detail = "Bolt11 decoding failed.";
    match dialect {
        Dialect::Documented => Error::new(StatusCode::BAD_REQUEST, detail),
        Dialect::V1 => Error::payment(detail),
    }
}

/// A payment that has a row. Real servers answer 201 even if it has failed.
fn told(dialect: Dialect, payment: &Payment, opened: &Opened) -> Result<wire::Payment, Error> {
    match (dialect, payment.state, &payment.outcome) {
        (Dialect::Documented, PaymentState::Failed, Some(Outcome::Failed { reason, .. })) => {
            Err((*reason).into())
        }
        (Dialect::Documented | Dialect::V1, _, _) => {
            Ok(render::payment(dialect, payment, wallet_id(opened)))
        }
    }
}

/// A payment that the ledger does not begin. Nothing has changed.
pub(super) async fn refused(
    lnbits: &Lnbits,
    opened: &Opened,
    (invoice, bolt11): (&DecodedInvoice, &str),
    refusal: Refusal,
) -> Result<wire::Payment, Error> {
    let dialect = lnbits.settings.dialect;
    let is_over = matches!(refusal, Refusal::InvoiceExpired | Refusal::InvoiceCancelled);
    if is_over && dialect == Dialect::V1 {
        let (wallet, now) = (wallet_id(opened), lnbits.service.now());
        return Ok(render::refused(dialect, (invoice, bolt11), wallet, now));
    }
    if let (Refusal::NotCleared(id), Dialect::V1) = (&refusal, dialect) {
        let failed = lnbits.service.payment(*id).await?;
        if let Some(failed) = failed.filter(|failed| failed.wallet == opened.account()) {
            return told(dialect, &failed, opened);
        }
    }
    if is_anothers(lnbits, opened, &refusal).await? {
        return Err(Error::payment(
            "The invoice is paid, or being paid, by somebody else.",
        ));
    }
    let is_own = lnbits.service.invoice(invoice.hash).await?.is_some();
    if matches!(refusal, Refusal::AlreadyPaid(_)) && !is_own {
        let error = Error::payment("Payment already paid.");
        return Err(match dialect {
            Dialect::Documented => error,
            Dialect::V1 => error.unlike_failed("success"),
        });
    }
    if matches!(refusal, Refusal::InvoiceCancelled | Refusal::HashInUse) {
        return Err(Error::payment(refusal.to_string()));
    }
    Err(refusal.into())
}

/// Whether the payment that is in the way is another wallet's. How that one stands is nobody else's
/// business, and least of all the outcome of what was asked for here.
async fn is_anothers(lnbits: &Lnbits, opened: &Opened, refusal: &Refusal) -> Result<bool, Error> {
    let (Refusal::InFlight(id) | Refusal::AlreadyPaid(id)) = refusal else {
        return Ok(false);
    };
    let payment = lnbits.service.payment(*id).await?;
    let theirs = payment.filter(|payment| payment.wallet != opened.account());
    // That an invoice of this server's is paid, its payer may know: LNbits says so.
    let is_said =
        |payment: &Payment| payment.internal && matches!(refusal, Refusal::AlreadyPaid(_));
    Ok(theirs.is_some_and(|payment| !is_said(&payment)))
}

/// `GET /payments/{checking_id}`: the outgoing or the incoming side, as this wallet has it. Whoever has
/// no key is told on real servers whether it is paid, and nothing else.
pub(crate) async fn one(
    MaybeKey(opened): MaybeKey,
    State(lnbits): State<Lnbits>,
    Path(checking_id): Path<String>,
) -> Result<Response, Error> {
    let hash = parse::hash(&checking_id).ok_or_else(Error::unknown_payment)?;
    let Some(opened) = opened else {
        let paid = is_paid(&lnbits, hash).await?;
        return Ok(Json(wire::IsPaid { paid }).into_response());
    };
    let details = side(&lnbits, &opened, hash).await?;
    let details = details.render(lnbits.settings.dialect, &opened);
    let answer = wire::Status {
        paid: details.status == "success",
        status: details.status,
        preimage: details.preimage.clone(),
        details,
    };
    Ok(Json(answer).into_response())
}

/// Of wallets' payments only: the house's are nobody's business.
async fn is_paid(lnbits: &Lnbits, hash: PaymentHash) -> Result<bool, Error> {
    let invoice = lnbits.service.invoice(hash).await?;
    let invoice = invoice.filter(|invoice| invoice.wallet != WalletRef::House);
    let payment = lnbits.service.payment_by_hash(hash).await?;
    let payment = payment.filter(|payment| payment.wallet != WalletRef::House);
    if invoice.is_none() && payment.is_none() {
        return Err(Error::unknown_payment());
    }
    let came = invoice.is_some_and(|invoice| invoice.state == InvoiceState::Paid);
    let went = payment.is_some_and(|payment| payment.state == PaymentState::Succeeded);
    Ok(came || went)
}

/// What a wallet has of a payment.
pub(super) enum Side {
    /// It pays.
    Outgoing(Box<Payment>),
    /// It is paid.
    Incoming(Box<Invoice>),
}

impl Side {
    /// As the wallet sees it.
    pub(super) fn render(&self, dialect: Dialect, opened: &Opened) -> wire::Payment {
        let wallet = wallet_id(opened);
        match self {
            Self::Outgoing(payment) => render::payment(dialect, payment, wallet),
            Self::Incoming(invoice) => render::invoice(dialect, invoice, wallet),
        }
    }
}

/// What the wallet has of the payment with this hash: what went out comes first.
pub(super) async fn side(
    lnbits: &Lnbits,
    opened: &Opened,
    hash: PaymentHash,
) -> Result<Side, Error> {
    let name = RowName::Hash(hash);
    if let Some(payment) = lnbits.service.payment_named(opened.account(), name)? {
        return Ok(Side::Outgoing(Box::new(payment)));
    }
    let invoice = lnbits.service.invoice(hash).await?;
    let invoice = invoice.filter(|invoice| invoice.wallet == opened.account());
    let invoice = invoice.ok_or_else(Error::unknown_payment)?;
    Ok(Side::Incoming(Box::new(invoice)))
}

fn wallet_id(opened: &Opened) -> String {
    opened.wallet.id.to_string()
}
