//! The questions: what is behind a code, an invoice for an amount, money for an invoice.

use reqwest::Url;
use serde_json::Value;
use till::money::Msat;

use super::document::{object, text};
use super::{Document, LnurlError, PayRequest, SuccessAction, WithdrawRequest};
use crate::outbound::{Outbound, Request};

/// An invoice that somebody offers to be paid by. Not believed yet: whoever pays it checks that it asks
/// for what was agreed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    /// BOLT 11.
    pub bolt11: String,
    /// What the recipient says once it is paid.
    pub success_action: Option<SuccessAction>,
}

/// What is behind an address.
pub(crate) async fn fetch(outbound: &Outbound, url: &str) -> Result<Document, LnurlError> {
    let answer = outbound.call(url, Request::Get).await?;
    Document::read(&answer.body)
}

/// Asks for an invoice over `amount`.
pub(crate) async fn invoice_for(
    outbound: &Outbound,
    request: &PayRequest,
    amount: Msat,
    comment: Option<&str>,
) -> Result<Offered, LnurlError> {
    if amount < request.min || amount > request.max {
        let (min, max) = (request.min, request.max);
        let why = format!("The amount must be between {min} and {max}");
        return Err(LnurlError::Asked(why));
    }
    let comment = comment.filter(|comment| !comment.is_empty());
    let allowed = request.comment_allowed;
    if comment.is_some_and(|comment| comment.chars().count() > allowed) {
        let why = format!("The comment may have {allowed} characters");
        return Err(LnurlError::Asked(why));
    }
    let msat = amount.get().to_string();
    let mut pairs = vec![("amount", msat.as_str())];
    pairs.extend(comment.map(|comment| ("comment", comment)));
    let answer = call(outbound, &request.callback, &pairs).await?;
    let bolt11 = text(&answer, "pr").ok_or(LnurlError::Wrong("there is no invoice in it"))?;
    let action = answer.get("successAction").and_then(Value::as_object);
    Ok(Offered {
        bolt11: bolt11.to_owned(),
        success_action: action.and_then(|raw| SuccessAction::read(raw, &request.callback)),
    })
}

/// Asks for an invoice to be paid. Whether it is will show when the money comes.
pub(crate) async fn withdraw(
    outbound: &Outbound,
    request: &WithdrawRequest,
    bolt11: &str,
    amount: Msat,
) -> Result<(), LnurlError> {
    if amount < request.min || amount > request.max {
        let (min, max) = (request.min, request.max);
        let why = format!("The amount must be between {min} and {max}");
        return Err(LnurlError::Asked(why));
    }
    let pairs = [("k1", request.k1.as_str()), ("pr", bolt11)];
    call(outbound, &request.callback, &pairs).await.map(|_| ())
}

/// The same with a callback that has in it what names its request.
pub(crate) async fn hand_in(
    outbound: &Outbound,
    callback: &str,
    bolt11: &str,
) -> Result<(), LnurlError> {
    call(outbound, callback, &[("pr", bolt11)])
        .await
        .map(|_| ())
}

async fn call(
    outbound: &Outbound,
    callback: &str,
    pairs: &[(&str, &str)],
) -> Result<serde_json::Map<String, Value>, LnurlError> {
    let mut url = Url::parse(callback).map_err(|_| LnurlError::Wrong("callback"))?;
    url.query_pairs_mut().extend_pairs(pairs);
    let answer = outbound.call(url.as_str(), Request::Get).await?;
    object(&answer.body)
}
