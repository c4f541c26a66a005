//! L402: sell by tokens, judge them, and buy where others sell so.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use till::invoice::Description;
use till::ledger::{Origin, WalletRef};
use till::meta::Meta;
use till::money::{Msat, Sat};
use till::payment::Outcome;
use till::time::Timestamp;
use till_actors::service::{NewInvoice, TargetOrder};

use crate::lnbot::access::OwnWallet;
use crate::lnbot::body::Body;
use crate::lnbot::error::Error;
use crate::lnbot::l402::{Authorization, Challenge, Mint, is_caveat};
use crate::lnbot::{Lnbot, parse, render, wire};

/// How long a token is good if its seller does not say, in seconds.
const DEFAULT_EXPIRY_SECS: u64 = 3_600;
/// The longest that one can be good, in seconds: a year.
const MAX_EXPIRY_SECS: u64 = 31_536_000;
/// How long its invoice can be paid at most, in seconds.
const MAX_INVOICE_EXPIRY_SECS: u64 = 3_600;
/// The most caveats that a seller adds.
const MAX_CAVEATS: usize = 20;
/// The longest of them, in bytes.
const MAX_CAVEAT_BYTES: usize = 256;
/// How long an answer waits for the outcome if the buyer does not say, in seconds.
const DEFAULT_WAIT_SECS: u64 = 60;
/// The longest that it waits, in seconds.
pub(crate) const MAX_WAIT_SECS: u64 = 120;

/// `POST /wallets/{wallet_id}/l402/challenges`
pub(crate) async fn challenge(
    OwnWallet(wallet): OwnWallet,
    State(lnbot): State<Lnbot>,
    Body(request): Body<wire::NewChallenge>,
) -> Result<Json<wire::Challenge>, Error> {
    let amount = parse::amount(request.amount)?;
    let good_for = within("expirySeconds", request.expiry_seconds, MAX_EXPIRY_SECS)?;
    let good_for = good_for.unwrap_or(DEFAULT_EXPIRY_SECS);
    let caveats = caveats(request.caveats.unwrap_or_default())?;
    let payable_for = good_for.min(MAX_INVOICE_EXPIRY_SECS);
    let wanted = NewInvoice {
        wallet: WalletRef::Wallet(wallet.id),
        origin: Origin::Lnbot,
        amount: Some(amount),
        description: Description::Text(
            parse::text("description", request.description)?.unwrap_or_default(),
        ),
        external_id: None,
        webhook_url: None,
        expiry_secs: u32::try_from(payable_for).ok(),
        hold: None,
        idempotency: None,
        meta: Meta::default(),
    };
    let made = lnbot.service.create_invoice(wanted).await?;
    let invoice = made.bolt11.unwrap_or_default();
    // By the node's clock the invoice may end a moment later than by ours, and must not outlive the token.
    let payable_until = lnbot.service.decode(&invoice)?.expires_at;
    let expires_at = made.created_at.plus_secs(good_for).max(payable_until);
    let mut token_id = [0; 32];
    getrandom::fill(&mut token_id).map_err(|error| Error::internal(&error))?;
    let named = (made.hash, token_id);
    let mint = Mint::of(&lnbot.service, wallet.id);
    let macaroon = mint.make(named, lnbot.settings.domain(), expires_at, caveats);
    let challenge = Challenge {
        macaroon: macaroon.to_text(),
        invoice,
    };
    Ok(Json(wire::Challenge {
        www_authenticate: challenge.to_header(),
        macaroon: challenge.macaroon,
        invoice: challenge.invoice,
        payment_hash: made.hash.to_string(),
        expires_at: wire::moment(Timestamp::from_millis(expires_at.as_secs() * 1_000)),
    }))
}

/// `POST /wallets/{wallet_id}/l402/verify`
pub(crate) async fn verify(
    OwnWallet(wallet): OwnWallet,
    State(lnbot): State<Lnbot>,
    Body(request): Body<wire::Token>,
) -> Result<Json<wire::Verdict>, Error> {
    let token = request.authorization.reveal().parse::<Authorization>();
    let garbage = "authorization is not \"L402 <macaroon>:<preimage>\"";
    let token = token.map_err(|_| Error::bad_request(garbage))?;
    let mint = Mint::of(&lnbot.service, wallet.id);
    let verdict = mint.judge(&token, lnbot.service.now());
    let (hash, caveats) = verdict.known.unzip();
    Ok(Json(wire::Verdict {
        valid: verdict.error.is_none(),
        payment_hash: hash.map(|hash| hash.to_string()),
        caveats,
        error: verdict.error,
    }))
}

/// `POST /wallets/{wallet_id}/l402/pay`
pub(crate) async fn pay(
    OwnWallet(wallet): OwnWallet,
    State(lnbot): State<Lnbot>,
    Body(request): Body<wire::PayChallenge>,
) -> Result<Json<wire::PaidChallenge>, Error> {
    let garbage = "wwwAuthenticate is not 'L402 macaroon=\"...\", invoice=\"...\"'";
    let challenge = request.www_authenticate.parse::<Challenge>();
    let challenge = challenge.map_err(|_| Error::bad_request(garbage))?;
    let secs = within("timeout", request.timeout, MAX_WAIT_SECS)?;
    let wait = match request.wait {
        Some(false) => Duration::ZERO,
        Some(true) | None => Duration::from_secs(secs.unwrap_or(DEFAULT_WAIT_SECS)),
    };
    let too_much = || Error::bad_request("maxFee is too large");
    let fee_cap = request.max_fee.map(|fee| msat(fee).ok_or_else(too_much));
    // Nothing but an invoice is paid here, whatever else could be a target.
    let hash = lnbot.service.decode(&challenge.invoice)?.hash;
    let order = TargetOrder {
        wallet: WalletRef::Wallet(wallet.id),
        origin: Origin::Lnbot,
        target: challenge.invoice.clone(),
        amount: None,
        fee_cap: fee_cap.transpose()?,
        service_fee_ppm: lnbot.settings.service_fee_ppm,
        retry_secs: lnbot.settings.retry_secs,
        idempotency: None,
        meta: Meta {
            external_id: parse::text("reference", request.reference)?,
            ..Meta::default()
        },
    };
    let here = lnbot.whereabouts();
    let paid = lnbot.service.pay_target(order, here, wait).await?;
    let preimage = match &paid.outcome {
        Some(Outcome::Sent(sent)) => sent.preimage.as_ref(),
        Some(Outcome::Failed { .. }) | None => None,
    };
    let shown = render::payment(&paid);
    Ok(Json(wire::PaidChallenge {
        authorization: preimage.map(|preimage| challenge.paid_with(preimage)),
        payment_hash: hash.to_string(),
        preimage: shown.preimage,
        amount: shown.amount,
        fee: shown.actual_fee,
        payment_number: shown.number,
        status: shown.status,
    }))
}

fn msat(sat: u64) -> Option<Msat> {
    Sat::new(sat).map(Sat::to_msat)
}

fn within(name: &str, given: Option<u64>, most: u64) -> Result<Option<u64>, Error> {
    match given {
        Some(secs) if secs == 0 || secs > most => {
            Err(Error::bad_request(format!("{name} is from 1 to {most}")))
        }
        Some(_) | None => Ok(given),
    }
}

fn caveats(given: Vec<String>) -> Result<Vec<String>, Error> {
    let is_good = |caveat: &String| caveat.len() <= MAX_CAVEAT_BYTES && is_caveat(caveat);
    if given.len() > MAX_CAVEATS || !given.iter().all(is_good) {
        let why = format!(
            "caveats are at most {MAX_CAVEATS} of the form key=value, with at most \
             {MAX_CAVEAT_BYTES} bytes each; an expiry is in seconds since 1970"
        );
        return Err(Error::bad_request(why));
    }
    Ok(given)
}
