//! Payments: made, priced, listed, looked at.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use till::money::{Msat, Sat};
use till_actors::service::{Recipient, Whereabouts};

use crate::lnbot::access::OwnWallet;
use crate::lnbot::body::Body;
use crate::lnbot::error::Error;
use crate::lnbot::page::Page;
use crate::lnbot::{Lnbot, id, order, render, wire};

/// `POST /wallets/{wallet_id}/payments`
pub(crate) async fn create(
    wallet: OwnWallet,
    State(lnbot): State<Lnbot>,
    Body(request): Body<wire::NewPayment>,
) -> Result<Json<wire::Payment>, Error> {
    let wanted = order::read(wallet.account(), request, &lnbot.settings)?;
    let wait = lnbot.settings.payment_wait;
    let here = lnbot.whereabouts();
    let payment = lnbot.service.pay_target(wanted, here, wait).await?;
    Ok(Json(lnbot.payment(&payment)))
}

/// `GET /wallets/{wallet_id}/payments`
pub(crate) async fn list(
    wallet: OwnWallet,
    State(lnbot): State<Lnbot>,
    page: Page,
) -> Result<Json<Vec<wire::Payment>>, Error> {
    let (account, below) = (wallet.account(), page.below);
    let found = lnbot.service.payments_below(account, below, page.limit);
    let found = found.await?;
    Ok(Json(found.iter().map(|row| lnbot.payment(row)).collect()))
}

/// `GET /wallets/{wallet_id}/payments/{name}`: by number or by hash.
pub(crate) async fn one(
    wallet: OwnWallet,
    State(lnbot): State<Lnbot>,
    Path((_, name)): Path<(String, String)>,
) -> Result<Json<wire::Payment>, Error> {
    let unknown = || Error::not_found("Payment not found.");
    let name = id::row_name(&name).ok_or_else(unknown)?;
    let payment = lnbot.service.payment_named(wallet.account(), name)?;
    Ok(Json(lnbot.payment(&payment.ok_or_else(unknown)?)))
}

/// What is to be priced.
#[derive(Deserialize)]
pub(crate) struct Pricing {
    target: Option<String>,
    amount: Option<String>,
}

/// `GET /wallets/{wallet_id}/payments/resolve`
pub(crate) async fn resolve(
    wallet: OwnWallet,
    State(lnbot): State<Lnbot>,
    query: Result<Query<Pricing>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<wire::Resolved>, Error> {
    let Query(asked) = query.map_err(|_| Error::bad_request("the query cannot be read"))?;
    let target = asked.target.filter(|target| !target.trim().is_empty());
    let target = target.ok_or_else(|| Error::bad_request("target is missing"))?;
    let given = asked.amount.filter(|text| !text.is_empty());
    let given = given.map(|text| text.parse().map_err(|_| order::amount_rule()));
    let given = given.transpose()?.map(order::amount).transpose()?;
    let recipient = lnbot
        .service
        .recipient(&target, lnbot.whereabouts())
        .await?;
    // The range is looked at as it would be in paying; no amount at all is no mistake here.
    let amount = match given.or(recipient.asked) {
        Some(_) => Some(recipient.amount(given)?),
        None => None,
    };
    let ppm = lnbot.settings.service_fee_ppm;
    let account = wallet.account();
    let max_sendable = match amount {
        Some(_) => None,
        None => Some(lnbot.service.max_sendable(account, &recipient, ppm).await?),
    };
    Ok(Json(lnbot.resolved(&recipient, amount, max_sendable)?))
}

impl Lnbot {
    /// Where this till is.
    pub(super) fn whereabouts(&self) -> Whereabouts<'_> {
        Whereabouts {
            domain: self.settings.domain(),
            doh_url: self.settings.doh_url.as_deref(),
        }
    }

    /// A payment with what it waits for.
    fn payment(&self, row: &till::payment::Payment) -> wire::Payment {
        render::payment_waiting(row, self.service.waits_for(row.id))
    }

    /// What routing will cost nobody can say before: the node is asked for no route in vain.
    fn resolved(
        &self,
        recipient: &Recipient,
        amount: Option<Msat>,
        max_sendable: Option<Sat>,
    ) -> Result<wire::Resolved, Error> {
        let too_large = || Error::bad_request("the amount is too large");
        let price = match amount {
            Some(amount) if !recipient.internal => {
                let price = self.service.price(amount, self.settings.service_fee_ppm);
                Some(price.ok_or_else(too_large)?)
            }
            Some(_) | None => None,
        };
        let shown = amount.map(render::sat_ceil);
        let free = shown.filter(|_| recipient.internal).map(|_| 0);
        let bounds = (recipient.min, recipient.max);
        Ok(wire::Resolved {
            kind: render::target_kind(recipient.kind),
            min: bounds.0.map(render::sat_ceil),
            max: bounds.1.map(|most| render::sat_floor(Some(most))),
            fixed: recipient.asked.is_some() || (bounds.0.is_some() && bounds.0 == bounds.1),
            amount: shown,
            internal: recipient.internal,
            network_fee_estimate: free,
            service_fee: free.or(price.map(|price| render::sat_ceil(price.service_fee))),
            max_fee: free.or(price.map(|price| render::sat_ceil(price.fee_cap))),
            total: shown.filter(|_| recipient.internal),
            max_sendable: max_sendable.map(Sat::get),
            fee_warning: None,
        })
    }
}
