//! What callers tell about payments afterwards: more in `extra`, other labels.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Map, Value};
use till::ledger::{MetaOf, Refusal};
use till::meta::{ExtraChange, MetaChange};
use till_actors::service::ServiceError;

use super::payments::{Side, side};
use crate::lnbits::access::AdminKey;
use crate::lnbits::body::Body;
use crate::lnbits::error::Error;
use crate::lnbits::{Lnbits, parse, wire};

/// How often a change of `extra` is tried while others change it, too.
const MAX_TRIES: u32 = 16;

/// A JSON object of a caller's.
type Extra = Map<String, Value>;

/// `PATCH /payments/extra`: what is there stays as it is.
pub(crate) async fn add_extra(
    AdminKey(opened): AdminKey,
    State(lnbits): State<Lnbits>,
    Body(request): Body<wire::AddExtra>,
) -> Result<Json<wire::Payment>, Error> {
    let dialect = lnbits.settings.dialect;
    // The answer shows the payment.
    if !opened.may.view {
        let detail = "The wallet is shared without that permission.";
        return Err(Error::new(StatusCode::FORBIDDEN, detail));
    }
    let hash = parse::hash(&request.payment_hash).ok_or_else(Error::unknown_payment)?;
    let more = parse::extra(dialect, request.extra)?;
    let of = marked(&side(&lnbits, &opened, hash).await?);
    change_extra(&lnbits, of, |mut extra| {
        let twice = more.keys().filter(|key| extra.contains_key(*key));
        let twice: Vec<&str> = twice.map(String::as_str).collect();
        if !twice.is_empty() {
            let detail = format!("Extra keys already exist: {}.", twice.join(", "));
            return Err(Error::new(StatusCode::BAD_REQUEST, detail));
        }
        extra.extend(more.clone());
        parse::extra(dialect, Value::Object(extra))
    })
    .await?;
    let side = self::side(&lnbits, &opened, hash).await?;
    Ok(Json(side.render(dialect, &opened)))
}

/// Changes `extra` of an invoice or a payment, by what it is by then.
pub(super) async fn change_extra(
    lnbits: &Lnbits,
    of: MetaOf,
    change: impl Fn(Extra) -> Result<Extra, Error>,
) -> Result<(), Error> {
    for _ in 0..MAX_TRIES {
        let (before, extra) = extra_of(lnbits, of).await?;
        let after = Some(Value::Object(change(extra)?).to_string());
        let wanted = MetaChange {
            extra: Some(ExtraChange { before, after }),
            ..MetaChange::default()
        };
        match lnbits.service.change_meta(of, wanted).await {
            // Somebody else has changed it meanwhile: look again.
            Err(ServiceError::Refused(Refusal::WrongState)) => {}
            done => return Ok(done?),
        }
    }
    Err(Error::busy("Others are changing it, try again"))
}

/// `extra` of an invoice or a payment: as it is stored, and as it reads.
pub(super) async fn extra_of(
    lnbits: &Lnbits,
    of: MetaOf,
) -> Result<(Option<String>, Extra), Error> {
    let meta = match of {
        MetaOf::Invoice(hash) => lnbits.service.invoice(hash).await?.map(|row| row.meta),
        MetaOf::Payment(id) => lnbits.service.payment(id).await?.map(|row| row.meta),
    };
    let stored = meta.ok_or_else(Error::unknown_payment)?.extra;
    let read = stored.as_deref().map(serde_json::from_str);
    Ok((
        stored.clone(),
        read.and_then(Result::ok).unwrap_or_default(),
    ))
}

/// `PUT /payments/{checking_id}/labels`: they take the place of those before.
pub(crate) async fn set_labels(
    AdminKey(opened): AdminKey,
    State(lnbits): State<Lnbits>,
    Path(checking_id): Path<String>,
    Body(request): Body<wire::SetLabels>,
) -> Result<Json<wire::Success>, Error> {
    let labels = parse::labels(lnbits.settings.dialect, request.labels)?;
    let hash = parse::hash(&checking_id).ok_or_else(Error::unknown_payment)?;
    let side = side(&lnbits, &opened, hash).await?;
    let change = MetaChange {
        labels: Some(labels),
        ..MetaChange::default()
    };
    lnbits.service.change_meta(marked(&side), change).await?;
    Ok(Json(wire::Success {
        success: true,
        message: "Payment labels updated.",
    }))
}

/// What is marked.
fn marked(side: &Side) -> MetaOf {
    match side {
        Side::Outgoing(payment) => MetaOf::Payment(payment.id),
        Side::Incoming(invoice) => MetaOf::Invoice(invoice.hash),
    }
}
