//! `GET /ws/{key-or-hash}`: what happens in a wallet, or to one payment, as it happens. Owns who may
//! listen and what they hear; how a socket lives and ends is [`crate::socket`]'s. Nobody but the till
//! says anything here: LNbits lets anybody push messages to others' sockets, this surface has no such
//! route.

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use till::id::{PaymentHash, WalletId};
use till::invoice::State as InvoiceState;
use till::ledger::{Event, EventBody, WalletRef};
use till::money::MSAT_PER_SAT;
use till::payment::State as PaymentState;
use till_actors::hub::{Listener, Topic};
use till_actors::service::ServiceError;
use tokio::sync::OwnedSemaphorePermit;

use super::access::{Opened, opened_by_key};
use super::error::Error;
use super::{Lnbits, render, wire};
use crate::socket::{self, Audience, Goodbye, Resume, json};

/// Sockets at once that show no key but only a payment hash: anybody may have that from an invoice,
/// and they must leave room for tills and for those who own a wallet.
pub(super) const MAX_STRANGERS: usize = 256;

const NO_LONGER_GOOD: &str = "the key is no longer good";

/// `GET /ws/{item}`: with either key of a wallet, or with a payment hash.
pub(super) async fn connect(
    State(lnbits): State<Lnbits>,
    Path(item): Path<String>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Error> {
    let upgrade =
        upgrade.map_err(|refused| Error::new(StatusCode::BAD_REQUEST, refused.body_text()))?;
    let every = lnbits.settings.ping_interval;
    // Before the upgrade, so that whoever may not listen is told so with a status.
    match item.parse::<PaymentHash>() {
        Ok(hash) => {
            let payment = OnePayment::of(lnbits.clone(), hash)?;
            let topic = Topic::Payment(hash);
            let events = lnbits
                .service
                .subscribe(topic, None, Listener::Till)
                .await?;
            if payment.standing().await?.is_none() {
                return Err(Error::unknown_payment());
            }
            Ok(socket::open(upgrade, every, Resume::Never, events, payment))
        }
        Err(_not_a_hash) => {
            let opened = opened_by_key(&lnbits, &item).await?;
            if !opened.may.view {
                return Err(Error::new(StatusCode::FORBIDDEN, "Not allowed to view."));
            }
            let topic = Topic::Wallet(opened.account());
            let owner = Listener::Holder(opened.wallet.holder);
            let events = lnbits.service.subscribe(topic, None, owner).await?;
            let wallet = OneWallet::of(lnbits, item, &opened);
            Ok(socket::open(upgrade, every, Resume::Never, events, wallet))
        }
    }
}

/// What could not be read now can be read after the client has come back.
fn broken(error: &ServiceError) -> Goodbye {
    tracing::warn!(%error, "a subscriber could not be told");
    Goodbye::Broken
}

/// Listens to a wallet.
struct OneWallet {
    lnbits: Lnbits,
    key: String,
    id: WalletId,
    account: WalletRef,
}

impl OneWallet {
    fn of(lnbits: Lnbits, key: String, opened: &Opened) -> Self {
        Self {
            lnbits,
            key,
            id: opened.wallet.id,
            account: opened.account(),
        }
    }

    async fn received(&self, hash: PaymentHash) -> Result<Option<wire::Payment>, ServiceError> {
        let invoice = self.lnbits.service.invoice(hash).await?;
        let invoice = invoice.filter(|invoice| invoice.wallet == self.account);
        let (dialect, id) = (self.lnbits.settings.dialect, self.id.to_string());
        Ok(invoice.map(|invoice| render::invoice(dialect, &invoice, id)))
    }

    async fn sent(&self, event: &Event) -> Result<Option<wire::Payment>, ServiceError> {
        let EventBody::PaymentSent { id, .. } = &event.body else {
            return Ok(None);
        };
        let payment = self.lnbits.service.payment(*id).await?;
        let (dialect, wallet) = (self.lnbits.settings.dialect, self.id.to_string());
        Ok(payment.map(|payment| render::payment(dialect, &payment, wallet)))
    }

    async fn news(&self, event: &Event) -> Result<Option<wire::WalletNews>, ServiceError> {
        let payment = match &event.body {
            EventBody::PaymentReceived { hash, .. } => self.received(*hash).await?,
            EventBody::PaymentSent { .. } => self.sent(event).await?,
            // Nothing was credited or debited, so a client of LNbits expects no word.
            EventBody::PaymentFailed { .. }
            | EventBody::InvoiceExpired { .. }
            | EventBody::InvoiceHeld { .. }
            | EventBody::InvoiceCancelled { .. }
            | EventBody::InvoiceCreated { .. }
            | EventBody::PaymentCreated { .. }
            | EventBody::ChannelOpened { .. }
            | EventBody::ChannelClosed { .. }
            | EventBody::SpendMined { .. }
            | EventBody::Alarm(_) => None,
        };
        let Some(payment) = payment else {
            return Ok(None);
        };
        let balance = self.lnbits.balance(self.id).await?;
        Ok(Some(wire::WalletNews {
            wallet_balance: balance.get() / MSAT_PER_SAT,
            payment,
        }))
    }
}

impl Audience for OneWallet {
    async fn greeting(&mut self) -> Result<Option<String>, Goodbye> {
        Ok(None)
    }

    async fn words(&mut self, event: &Event) -> Result<Option<String>, Goodbye> {
        match self.news(event).await.map_err(|error| broken(&error))? {
            Some(news) => json(&news),
            None => Ok(None),
        }
    }

    async fn welcome(&mut self) -> Result<(), Goodbye> {
        match opened_by_key(&self.lnbits, &self.key).await {
            Ok(opened) if opened.may.view => Ok(()),
            Ok(_) => Err(Goodbye::Unwelcome(NO_LONGER_GOOD)),
            Err(error) if error.is_refusal() => Err(Goodbye::Unwelcome(NO_LONGER_GOOD)),
            // That nobody could say is no reason to cut off a shop; the next ping asks again.
            Err(_busy) => Ok(()),
        }
    }
}

/// Listens to what becomes of a payment.
struct OnePayment {
    lnbits: Lnbits,
    hash: PaymentHash,
    /// What it was told last: an internal payment has two events, and a failed one can be tried again.
    told: Option<&'static str>,
    _place: OwnedSemaphorePermit,
}

impl OnePayment {
    fn of(lnbits: Lnbits, hash: PaymentHash) -> Result<Self, Error> {
        let place = std::sync::Arc::clone(&lnbits.strangers).try_acquire_owned();
        let full = |_| Error::busy("Too many are listening");
        Ok(Self {
            hash,
            told: None,
            _place: place.map_err(full)?,
            lnbits,
        })
    }

    /// Where the payment stands, if some wallet knows it. The house's are nobody's business.
    async fn standing(&self) -> Result<Option<&'static str>, ServiceError> {
        let service = &self.lnbits.service;
        let invoice = service.invoice(self.hash).await?;
        if let Some(invoice) = invoice.filter(|invoice| invoice.wallet != WalletRef::House) {
            return Ok(Some(match invoice.state {
                InvoiceState::Paid => SUCCESS,
                InvoiceState::Expired | InvoiceState::Abandoned | InvoiceState::Cancelled => FAILED,
                InvoiceState::Draft
                | InvoiceState::Open
                | InvoiceState::Claiming
                | InvoiceState::Held => PENDING,
            }));
        }
        let payment = service.payment_by_hash(self.hash).await?;
        let payment = payment.filter(|payment| payment.wallet != WalletRef::House);
        Ok(payment.map(|payment| match payment.state {
            PaymentState::Succeeded => SUCCESS,
            PaymentState::Failed => FAILED,
            PaymentState::Pending | PaymentState::Waiting => PENDING,
        }))
    }

    /// The words for where it stands, once for each outcome.
    fn once(&mut self, status: &'static str) -> Result<Option<String>, Goodbye> {
        if status == PENDING || self.told == Some(status) {
            return Ok(None);
        }
        self.told = Some(status);
        json(&wire::PaymentNews {
            pending: false,
            status,
        })
    }
}

const PENDING: &str = "pending";
const SUCCESS: &str = "success";
const FAILED: &str = "failed";

impl Audience for OnePayment {
    /// Whoever comes late hears at once what they have missed.
    async fn greeting(&mut self) -> Result<Option<String>, Goodbye> {
        let standing = self.standing().await.map_err(|error| broken(&error))?;
        self.once(standing.unwrap_or(PENDING))
    }

    async fn words(&mut self, event: &Event) -> Result<Option<String>, Goodbye> {
        match &event.body {
            EventBody::PaymentReceived { .. } | EventBody::PaymentSent { .. } => self.once(SUCCESS),
            EventBody::PaymentFailed { .. }
            | EventBody::InvoiceExpired { .. }
            | EventBody::InvoiceCancelled { .. } => self.greeting().await,
            EventBody::InvoiceHeld { .. }
            | EventBody::InvoiceCreated { .. }
            | EventBody::PaymentCreated { .. }
            | EventBody::ChannelOpened { .. }
            | EventBody::ChannelClosed { .. }
            | EventBody::SpendMined { .. }
            | EventBody::Alarm(_) => Ok(None),
        }
    }

    async fn welcome(&mut self) -> Result<(), Goodbye> {
        Ok(())
    }
}
