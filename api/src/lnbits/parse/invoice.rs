//! Requests for invoices.

use sha2::{Digest, Sha256};
use till::id::RequestHash;
use till::invoice::{Description, MAX_DESCRIPTION_BYTES};
use till::ledger::{IdempotencyKey, Origin, WalletRef};
use till::meta::Meta;
use till_actors::lnurl::{Document, WithdrawRequest};
use till_actors::service::{Hold, NewInvoice};

use super::{given, hash, meta};
use crate::lnbits::error::Error;
use crate::lnbits::fiat::Priced;
use crate::lnbits::{Dialect, wire};

/// The longest an invoice may be payable, in seconds: a year.
const MAX_EXPIRY_SECS: i64 = 365 * 86_400;

/// Who wants an invoice, and what they want it for.
pub(in crate::lnbits) struct Wanted {
    /// Whose money it will be.
    pub(in crate::lnbits) wallet: WalletRef,
    /// How much.
    pub(in crate::lnbits) priced: Priced,
    /// Makes a repeat the same invoice.
    pub(in crate::lnbits) keyed: Option<(IdempotencyKey, RequestHash)>,
}

/// Who shall pay an invoice as soon as it is there.
pub(in crate::lnbits) enum Withdrawal {
    /// A callback that has in it what names its request.
    Callback(String),
    /// A request to withdraw.
    Request(Box<WithdrawRequest>),
}

impl Withdrawal {
    /// Where the invoice goes.
    pub(in crate::lnbits) fn callback(&self) -> &str {
        match self {
            Self::Callback(url) => url,
            Self::Request(request) => &request.callback,
        }
    }
}

/// Who shall pay the invoice, if the request names somebody.
pub(in crate::lnbits) fn withdrawal(
    dialect: Dialect,
    request: &wire::CreatePayment,
) -> Result<Option<Withdrawal>, Error> {
    if let Some(answer) = &request.lnurl_withdraw {
        let no_request = |why: String| Error::field(dialect, "lnurl_withdraw", why);
        let body = serde_json::to_vec(answer).map_err(|error| no_request(error.to_string()))?;
        return match Document::read(&body) {
            Ok(Document::Withdraw(request)) => Ok(Some(Withdrawal::Request(Box::new(request)))),
            Ok(Document::Pay(_)) => Err(no_request("it is not to withdraw".to_owned())),
            Err(error) => Err(no_request(error.to_string())),
        };
    }
    Ok(given(request.lnurl_callback.clone()).map(Withdrawal::Callback))
}

/// The invoice that a request wants made.
pub(in crate::lnbits) fn new_invoice(
    dialect: Dialect,
    wanted: Wanted,
    mut request: wire::CreatePayment,
) -> Result<NewInvoice, Error> {
    let hold = hold(dialect, &mut request)?;
    let expiry_secs = expiry(dialect, request.expiry)?;
    let mut meta = meta::meta(dialect, &mut request)?;
    wanted.priced.note(&mut meta);
    let description = description(dialect, &mut request, &meta)?;
    Ok(NewInvoice {
        wallet: wanted.wallet,
        origin: Origin::Lnbits,
        amount: Some(wanted.priced.sat.to_msat()),
        description,
        external_id: meta.external_id.take(),
        webhook_url: meta.webhook_url.take(),
        expiry_secs,
        hold,
        meta,
        idempotency: wanted.keyed,
    })
}

fn hold(dialect: Dialect, request: &mut wire::CreatePayment) -> Result<Option<Hold>, Error> {
    let theirs = given(request.payment_hash.take());
    match (theirs, request.hold.unwrap_or(false)) {
        (Some(text), _) => {
            let hash = hash(&text).ok_or_else(|| {
                Error::field(dialect, "payment_hash", "must be 64 hexadecimal digits")
            })?;
            Ok(Some(Hold::Theirs(hash)))
        }
        (None, true) => Ok(Some(Hold::Ours)),
        (None, false) => Ok(None),
    }
}

/// Zero is the default, as it is for LNbits.
fn expiry(dialect: Dialect, secs: Option<i64>) -> Result<Option<u32>, Error> {
    let rule = || {
        let rule = format!("must be 1 to {MAX_EXPIRY_SECS} seconds (365 days)");
        Error::field(dialect, "expiry", rule)
    };
    match secs {
        None | Some(0) => Ok(None),
        Some(secs @ 1..=MAX_EXPIRY_SECS) => u32::try_from(secs).map(Some).map_err(|_| rule()),
        Some(_) => Err(rule()),
    }
}

/// What the payer is shown: the memo, or the hash of something longer.
fn description(
    dialect: Dialect,
    request: &mut wire::CreatePayment,
    meta: &Meta,
) -> Result<Description, Error> {
    let no_hex = |field: &str| {
        let detail = format!("'{field}' must be a valid hex string");
        Error::invalid(dialect, detail)
    };
    let hashed = given(request.description_hash.take());
    let unhashed = given(request.unhashed_description.take());
    let hashed = hashed.map(|text| {
        let mut bytes = [0; 32];
        let read = hex::decode_to_slice(text, &mut bytes);
        read.map(|()| bytes).map_err(|_| no_hex("description_hash"))
    });
    let unhashed = unhashed.map(|text| -> Result<[u8; 32], Error> {
        let bytes = hex::decode(text).map_err(|_| no_hex("unhashed_description"))?;
        Ok(Sha256::digest(bytes).into())
    });
    match (hashed.transpose()?, unhashed.transpose()?) {
        (Some(hash), Some(other)) if hash != other => {
            let why = "is not that of unhashed_description";
            Err(Error::field(dialect, "description_hash", why))
        }
        (Some(hash), _) | (None, Some(hash)) => Ok(Description::Hash(hash)),
        (None, None) => {
            let memo = meta.memo.clone().unwrap_or_default();
            if memo.len() > MAX_DESCRIPTION_BYTES {
                let rule = format!(
                    "ensure this value has at most {MAX_DESCRIPTION_BYTES} bytes, or send its hash"
                );
                return Err(Error::field(dialect, "memo", rule));
            }
            Ok(Description::Text(memo))
        }
    }
}
