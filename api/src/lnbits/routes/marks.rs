//! What callers tell about payments afterwards: more in `extra`, other labels.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Map, Value};
use till::ledger::MetaOf;
use till::meta::Meta;

use super::payments::{Side, side};
use crate::lnbits::access::AdminKey;
use crate::lnbits::body::Body;
use crate::lnbits::error::Error;
use crate::lnbits::{Lnbits, parse, wire};

/// `PATCH /payments/extra`: what is there stays as it is.
pub(crate) async fn add_extra(
    AdminKey(opened): AdminKey,
    State(lnbits): State<Lnbits>,
    Body(request): Body<wire::AddExtra>,
) -> Result<Json<wire::Payment>, Error> {
    let dialect = lnbits.settings.dialect;
    let hash = parse::hash(&request.payment_hash).ok_or_else(Error::unknown_payment)?;
    let more = parse::extra(dialect, request.extra)?;
    let side = side(&lnbits, &opened, hash).await?;
    let (of, mut meta) = marked(&side);
    let known = meta.extra.as_deref().map(serde_json::from_str);
    let mut extra: Map<String, Value> = known.and_then(Result::ok).unwrap_or_default();
    let twice: Vec<&str> = more
        .keys()
        .filter(|key| extra.contains_key(*key))
        .map(String::as_str)
        .collect();
    if !twice.is_empty() {
        let detail = format!("Extra keys already exist: {}.", twice.join(", "));
        return Err(Error::new(StatusCode::BAD_REQUEST, detail));
    }
    extra.extend(more);
    let extra = parse::extra(dialect, Value::Object(extra))?;
    meta.extra = Some(Value::Object(extra).to_string());
    lnbits.service.set_meta(of, meta).await?;
    let side = self::side(&lnbits, &opened, hash).await?;
    Ok(Json(side.render(dialect, &opened)))
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
    let (of, meta) = marked(&side);
    let meta = Meta { labels, ..meta };
    lnbits.service.set_meta(of, meta).await?;
    Ok(Json(wire::Success {
        success: true,
        message: "Payment labels updated.",
    }))
}

/// What is told of a side, and what that is told about.
fn marked(side: &Side) -> (MetaOf, Meta) {
    match side {
        Side::Outgoing(payment) => (MetaOf::Payment(payment.id), payment.meta.clone()),
        Side::Incoming(invoice) => (MetaOf::Invoice(invoice.hash), invoice.meta.clone()),
    }
}
