//! From requests to what the service is asked. Owns the rules between fields; the rules of single
//! fields are in [`field`](super::field).

mod onchain;

pub(super) use onchain::*;
mod offer;

use till::access::Role;
use till::id::RequestHash;
use till::invoice::Description;
use till::ledger::{IdempotencyKey, Origin, WalletRef};
use till::meta::Meta;
use till::money::{Msat, Sat};
use till::time::Timestamp;
use till_actors::node::OpenChannelRequest;
use till_actors::service::{
    DecodedInvoice, InvoiceQuery, NewChannel, NewInvoice, NewPayment, PaymentQuery,
};

use super::field::{self, Invalid};
use super::setup::SetupWish;
use super::wire;
use crate::guard::Secret;

pub(super) use offer::{new_offer, offer_payment};

/// Rows of a page, where the caller does not say.
const DEFAULT_PAGE_ROWS: usize = 20;
/// Rows of a page at most.
const MAX_PAGE_ROWS: usize = 1_000;

/// Somebody who says who they are.
pub(super) struct Login {
    /// The name they gave.
    pub(super) name: String,
    /// What they typed.
    pub(super) secret: Secret,
    /// Whether that is the PIN.
    pub(super) is_pin: bool,
}

pub(super) fn login(request: wire::LoginRequest) -> Result<Login, Invalid> {
    let name = field::name("name", &request.name)?;
    let (secret, is_pin) = match (request.pin, request.password) {
        (Some(pin), None) => (pin, true),
        (None, Some(password)) => (password, false),
        (Some(_), Some(_)) | (None, None) => {
            return Err(Invalid::new("pin", "or password must be sent, one of them"));
        }
    };
    field::attempt(if is_pin { "pin" } else { "password" }, secret.reveal())?;
    Ok(Login {
        name,
        secret,
        is_pin,
    })
}

pub(super) fn setup(request: wire::SetupRequest) -> SetupWish {
    SetupWish {
        name: request.user_name,
        password: request.user_password,
        pin: request.user_pin,
        wallet_password: request.wallet_password,
        business_name: request.business_name,
        business_currency: request.business_currency,
    }
}

/// A member of staff to be added, with their secrets still to be hashed.
pub(super) struct NewStaff {
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) password: Secret,
    pub(super) pin: Secret,
}

pub(super) fn new_staff(request: wire::NewUser) -> Result<NewStaff, Invalid> {
    field::password("password", request.password.reveal())?;
    field::pin("pin", request.pin.reveal())?;
    Ok(NewStaff {
        name: field::name("name", &request.name)?,
        role: role(request.role),
        password: request.password,
        pin: request.pin,
    })
}

/// What becomes different of a member of staff, with their secrets still to be hashed.
pub(super) struct ChangedStaff {
    pub(super) name: Option<String>,
    pub(super) role: Option<Role>,
    pub(super) password: Option<Secret>,
    pub(super) pin: Option<Secret>,
}

pub(super) fn changed_staff(request: wire::ChangedUser) -> Result<ChangedStaff, Invalid> {
    let wire::ChangedUser {
        name,
        password,
        pin,
        role: wanted,
    } = request;
    if name.is_none() && password.is_none() && pin.is_none() && wanted.is_none() {
        let rule = "pin, password or role must be sent, one of them at least";
        return Err(Invalid::new("name,", rule));
    }
    if let Some(password) = &password {
        field::password("password", password.reveal())?;
    }
    if let Some(pin) = &pin {
        field::pin("pin", pin.reveal())?;
    }
    let name = name.map(|name| field::name("name", &name)).transpose()?;
    Ok(ChangedStaff {
        name,
        role: wanted.map(role),
        password,
        pin,
    })
}

const fn role(role: wire::Role) -> Role {
    match role {
        wire::Role::Cashier => Role::Cashier,
        wire::Role::Admin => Role::Admin,
    }
}

pub(super) fn new_invoice(request: wire::InvoiceRequest) -> Result<NewInvoice, Invalid> {
    let amount = request.amount_sat;
    let amount = amount.map(|sat| field::amount("amountSat", sat.0));
    let external_id = request.external_id;
    let external_id = external_id.map(|text| field::external_id("externalId", text));
    let webhook_url = request.webhook_url;
    let webhook_url = webhook_url.map(|text| field::webhook_url("webhookUrl", text));
    let expiry_secs = request.expiry_seconds;
    let expiry_secs = expiry_secs.map(|secs| field::expiry("expirySeconds", secs.0));
    Ok(NewInvoice {
        wallet: WalletRef::House,
        origin: Origin::Pos,
        amount: amount.transpose()?.map(Sat::to_msat),
        description: description(request.description, request.description_hash)?,
        external_id: external_id.transpose()?,
        webhook_url: webhook_url.transpose()?,
        expiry_secs: expiry_secs.transpose()?,
        hold: None,
        meta: Meta::default(),
        idempotency: None,
    })
}

fn description(text: Option<String>, hash: Option<String>) -> Result<Description, Invalid> {
    match (text, hash) {
        (Some(_), Some(_)) => Err(Invalid::new(
            "description",
            "and descriptionHash exclude each other",
        )),
        (None, Some(hash)) => {
            let mut bytes = [0; 32];
            hex::decode_to_slice(&hash, &mut bytes)
                .map_err(|_| Invalid::new("descriptionHash", "must be 64 hexadecimal digits"))?;
            Ok(Description::Hash(bytes))
        }
        (text, None) => {
            let text = field::description("description", text.unwrap_or_default())?;
            Ok(Description::Text(text))
        }
    }
}

/// The text of an invoice or offer as it may be pasted or scanned: with spaces around it, or as a URI.
pub(super) fn pasted(text: &str) -> &str {
    let text = text.trim();
    match text.split_at_checked("lightning:".len()) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("lightning:") => rest,
        Some(_) | None => text,
    }
}

/// The order to pay `invoice`, which `request` names. `amountSat` may repeat the invoice's amount,
/// so that a till can say what it thinks it pays; it must be there if the invoice leaves it open.
pub(super) fn new_payment(
    request: &wire::PayRequest,
    invoice: &DecodedInvoice,
    idempotency_key: Option<String>,
) -> Result<NewPayment, Invalid> {
    let given = request.amount_sat;
    let given = given.map(|sat| field::amount("amountSat", sat.0));
    let given = given.transpose()?;
    let amount = match (invoice.amount, given) {
        (None, None) => {
            let rule = "is required: the invoice leaves the amount to the payer";
            return Err(Invalid::new("amountSat", rule));
        }
        (None, Some(sat)) => Some(sat.to_msat()),
        (Some(own), Some(sat)) if field::asked_sat(own) != sat => {
            let rule = format!(
                "must be the invoice's own amount, {}",
                field::asked_sat(own)
            );
            return Err(Invalid::new("amountSat", rule));
        }
        (Some(_), Some(_) | None) => None,
    };
    let bolt11 = pasted(&request.invoice).to_owned();
    Ok(NewPayment {
        wallet: WalletRef::House,
        origin: Origin::Pos,
        idempotency: idempotency_key.map(|key| idempotency(key, &bolt11, amount)),
        bolt11,
        amount,
        fee_cap: None,
        meta: Meta::default(),
    })
}

/// What makes two requests the same: the invoice, whatever its case, and an amount where the
/// payer chose it.
fn idempotency(key: String, bolt11: &str, amount: Option<Msat>) -> (IdempotencyKey, RequestHash) {
    let bolt11 = bolt11.to_ascii_lowercase();
    let amount_msat = amount.map_or(0, Msat::get);
    let canonical = format!("payinvoice\n{bolt11}\n{amount_msat}");
    let key = IdempotencyKey {
        origin: Origin::Pos,
        wallet: WalletRef::House,
        operation: "payinvoice".to_owned(),
        key,
    };
    (key, RequestHash::of(canonical.as_bytes()))
}

pub(super) fn open_channel(
    request: &wire::OpenChannel,
    idempotency_key: Option<String>,
) -> Result<NewChannel, Invalid> {
    let capacity = field::amount("amountSat", request.amount_sat.0)?;
    let push = Sat::new(request.push_sat.map_or(0, |sat| sat.0));
    let push = push
        .filter(|push| *push < capacity)
        .ok_or_else(|| Invalid::new("pushSat", "must be less than amountSat"))?;
    let request = OpenChannelRequest {
        node_id: field::node_id("nodeId", &request.node_id)?,
        address: field::peer_address("address", &request.address)?,
        capacity,
        push: push.to_msat(),
        announce: request.announce.unwrap_or(false),
    };
    Ok(NewChannel {
        idempotency: idempotency_key.map(|key| opening_key(key, &request)),
        request,
    })
}

/// What makes two requests for a channel the same: all that is said of it.
fn opening_key(key: String, request: &OpenChannelRequest) -> (IdempotencyKey, RequestHash) {
    let OpenChannelRequest {
        node_id,
        address,
        capacity,
        push,
        announce,
    } = request;
    let (sat, msat) = (capacity.get(), push.get());
    let canonical = format!("openchannel\n{node_id}\n{address}\n{sat}\n{msat}\n{announce}");
    let key = IdempotencyKey {
        origin: Origin::Pos,
        wallet: WalletRef::House,
        operation: "openchannel".to_owned(),
        key,
    };
    (key, RequestHash::of(canonical.as_bytes()))
}

/// What makes two splices the same: the channel, the way and the amount.
pub(super) fn splice_key(
    operation: &str,
    key: String,
    channel: &str,
    amount: Sat,
) -> (IdempotencyKey, RequestHash) {
    let canonical = format!("{operation}\n{channel}\n{}", amount.get());
    let key = IdempotencyKey {
        origin: Origin::Pos,
        wallet: WalletRef::House,
        operation: operation.to_owned(),
        key,
    };
    (key, RequestHash::of(canonical.as_bytes()))
}

/// How much to splice. An address must not be passed over in silence: what comes out of a channel goes
/// to the till's own wallet.
pub(super) fn splice(request: &wire::Splice) -> Result<Sat, Invalid> {
    if request.address.is_some() {
        let why = "must be left out: a splice goes to the till's own on-chain wallet";
        return Err(Invalid::new("address", why));
    }
    field::amount("amountSat", request.amount_sat.0)
}

/// A page of a list: the part of the query that both directions share.
struct Page {
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    offset: usize,
    limit: usize,
}

/// How many rows a page has.
pub(super) fn limit(limit: Option<usize>) -> Result<usize, Invalid> {
    let limit = limit.unwrap_or(DEFAULT_PAGE_ROWS);
    if (1..=MAX_PAGE_ROWS).contains(&limit) {
        return Ok(limit);
    }
    let rule = format!("must be 1 to {MAX_PAGE_ROWS}");
    Err(Invalid::new("limit", rule))
}

fn page(query: &wire::ListQuery) -> Result<Page, Invalid> {
    let limit = limit(query.limit)?;
    if let (Some(from), Some(to)) = (query.from, query.to)
        && from > to
    {
        return Err(Invalid::new("from", "must not be after to"));
    }
    Ok(Page {
        from: query.from.map(Timestamp::from_millis),
        to: query.to.map(Timestamp::from_millis),
        offset: query.offset.unwrap_or(0),
        limit,
    })
}

pub(super) fn incoming(query: wire::ListQuery) -> Result<InvoiceQuery, Invalid> {
    let page = page(&query)?;
    let external_id = query.external_id;
    let external_id = external_id.map(|text| field::external_id("externalId", text));
    Ok(InvoiceQuery {
        wallet: WalletRef::House,
        paid_only: !query.all.unwrap_or(false),
        from: page.from,
        to: page.to,
        external_id: external_id.transpose()?,
        offset: page.offset,
        limit: page.limit,
    })
}

/// Two moments, both included; `None` leaves an end open.
pub(super) struct Range {
    pub(super) from: Option<Timestamp>,
    pub(super) to: Option<Timestamp>,
}

pub(super) fn export(request: wire::ExportRequest) -> Result<Range, Invalid> {
    let span = |field, moment: Option<wire::Moment>| match moment {
        Some(wire::Moment::Millis(millis)) => Ok(Some(field::Span::at(millis))),
        Some(wire::Moment::Text(text)) => field::span(field, &text).map(Some),
        None => Ok(None),
    };
    let from = span("from", request.from)?.map(|span| span.first);
    let to = span("to", request.to)?.map(|span| span.last);
    if let (Some(from), Some(to)) = (from, to)
        && from > to
    {
        return Err(Invalid::new("from", "must not be after to"));
    }
    Ok(Range { from, to })
}

pub(super) fn outgoing(query: &wire::ListQuery) -> Result<PaymentQuery, Invalid> {
    let page = page(query)?;
    Ok(PaymentQuery {
        wallet: WalletRef::House,
        include_failed: query.all.unwrap_or(false),
        from: page.from,
        to: page.to,
        offset: page.offset,
        limit: page.limit,
    })
}

#[cfg(test)]
mod tests;
