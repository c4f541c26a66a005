//! Offers (BOLT 12): making, finding, decoding and paying them. The one place besides `invoices` that
//! uses LDK's parser; how a payment then goes its way is the same for both.

use std::str::FromStr;
use std::time::Duration;

use bitcoin::constants::ChainHash;
use ldk_node::lightning::offers::offer::{Amount, Offer as ParsedOffer};
use till::id::OfferId;
use till::invoice::MAX_DESCRIPTION_BYTES;
use till::ledger::entity::Counters;
use till::ledger::{Command, Origin, Refusal, WalletRef};
use till::meta::Meta;
use till::money::Msat;
use till::node::SendTarget;
use till::offer::{MAX_PAYER_NOTE_BYTES, Offer};
use till::payment::Payment;
use till::time::Timestamp;

use super::payments::{Order, invalid};
use super::types::{DecodedOffer, NewOffer, NewOfferPayment, ServiceError};
use super::{Service, network_name};
use crate::node::OfferRequest;

/// The longest text that is looked at; real offers have some hundred characters, more with many paths.
const MAX_OFFER_BYTES: usize = 8_192;

impl Service {
    /// Makes an offer: on disk before it is returned, so that whatever is paid to it finds its wallet.
    ///
    /// # Errors
    /// [`ServiceError::InvalidRequest`] for what cannot be in an offer, [`ServiceError::Node`] while
    /// the node is not running, or has no peer through which others would find it.
    pub async fn create_offer(&self, wanted: NewOffer) -> Result<Offer, ServiceError> {
        self.check_offer(&wanted)?;
        self.make_offer(wanted, false).await
    }

    /// The wallet's one offer for any amount, made at the first call and the same ever after.
    ///
    /// # Errors
    /// As [`create_offer`](Self::create_offer), at the first call only.
    pub async fn standing_offer(
        &self,
        wallet: WalletRef,
        origin: Origin,
    ) -> Result<Offer, ServiceError> {
        if let Some(offer) = self.find_standing(wallet)? {
            return Ok(offer);
        }
        let wanted = NewOffer {
            wallet,
            origin,
            amount: None,
            description: None,
            expiry_secs: None,
        };
        self.make_offer(wanted, true).await
    }

    fn find_standing(&self, wallet: WalletRef) -> Result<Option<Offer>, ServiceError> {
        let counters = self.row::<Counters>(&wallet)?;
        match counters.and_then(|counters| counters.standing_offer) {
            Some(id) => self.row::<Offer>(&id),
            None => Ok(None),
        }
    }

    async fn make_offer(&self, wanted: NewOffer, standing: bool) -> Result<Offer, ServiceError> {
        let request = OfferRequest {
            amount: wanted.amount,
            description: wanted.description.clone().unwrap_or_default(),
            expiry_secs: wanted.expiry_secs,
        };
        let made = self
            .parts
            .node
            .call(move |node| node.create_offer(&request))
            .await?;
        let offer = Offer {
            id: made.id,
            text: made.text,
            wallet: wanted.wallet,
            origin: wanted.origin,
            amount: wanted.amount,
            description: wanted.description,
            expires_at: made.expires_at,
            created_at: Timestamp::default(),
            standing,
        };
        let keep = Command::KeepOffer(Box::new(offer));
        self.parts.ledger.execute(keep).await?;
        let kept = if standing {
            // Somebody else may have been first: then theirs is the one.
            self.find_standing(wanted.wallet)?
        } else {
            self.row::<Offer>(&made.id)?
        };
        kept.ok_or(ServiceError::Unknown)
    }

    fn check_offer(&self, wanted: &NewOffer) -> Result<(), ServiceError> {
        let description = wanted.description.as_deref().unwrap_or_default();
        if description.len() > MAX_DESCRIPTION_BYTES {
            return Err(invalid(&format!(
                "a description has at most {MAX_DESCRIPTION_BYTES} bytes"
            )));
        }
        let max = self.parts.policy.max_amount;
        match wanted.amount {
            Some(amount) if amount.is_zero() => Err(invalid("the amount must be above zero")),
            Some(amount) if amount > max => Err(invalid(&format!("the amount exceeds {max}"))),
            Some(_) | None => Ok(()),
        }
    }

    /// The offer of this till's with this id.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read.
    pub async fn offer(&self, id: OfferId) -> Result<Option<Offer>, ServiceError> {
        self.row(&id)
    }

    /// Pays an offer and waits up to `wait` for the outcome. The payment goes on when the wait is over
    /// or the caller goes away; a row that is still pending is no failure. Every call is a payment of
    /// its own: only an idempotency key makes two of them the same.
    ///
    /// # Errors
    /// [`ServiceError`] if the payment was not begun; only [`ServiceError::Unknown`] leaves that
    /// open.
    pub async fn pay_offer(
        &self,
        wanted: NewOfferPayment,
        wait: Duration,
    ) -> Result<Payment, ServiceError> {
        let note = wanted.payer_note.as_deref().unwrap_or_default();
        if note.len() > MAX_PAYER_NOTE_BYTES {
            return Err(invalid(&format!(
                "a note to the recipient has at most {MAX_PAYER_NOTE_BYTES} bytes"
            )));
        }
        let offer = self.decode_offer(&wanted.offer)?;
        // It was on disk before anybody could see it, so there is no race to be lost here.
        if self.row::<Offer>(&offer.id)?.is_some() {
            return Err(Refusal::SelfPayment.into());
        }
        let amount = amount_to_pay(wanted.amount, &offer)?;
        let order = Order {
            target: SendTarget::Offer {
                text: offer.text,
                payer_note: wanted.payer_note,
            },
            wallet: wanted.wallet,
            origin: wanted.origin,
            amount,
            fee_cap: wanted.fee_cap,
            description: offer.description,
            expires_at: offer.expires_at.unwrap_or(Timestamp::from_millis(u64::MAX)),
            idempotency: wanted.idempotency,
            meta: Meta::default(),
            named: None,
            service_fee: Msat::ZERO,
            retry_secs: 0,
        };
        self.carry_out(order, wait).await
    }

    /// Reads a BOLT 12 offer of this till's network.
    ///
    /// # Errors
    /// [`ServiceError::InvalidOffer`] says what is wrong with it, or why it cannot be paid from here.
    pub fn decode_offer(&self, text: &str) -> Result<DecodedOffer, ServiceError> {
        let offer = parse(text)?;
        let network = self.parts.network;
        if !offer.supports_chain(ChainHash::using_genesis_block(network)) {
            return Err(bad(&format!("it is not for {}", network_name(network))));
        }
        let amount = match offer.amount() {
            Some(Amount::Bitcoin { amount_msats }) => {
                let amount = Msat::new(amount_msats);
                Some(amount.ok_or_else(|| bad("its amount is too large"))?)
            }
            Some(Amount::Currency { .. }) => {
                return Err(bad("it asks for a currency other than bitcoin"));
            }
            None => None,
        };
        let millis = |expiry: Duration| u64::try_from(expiry.as_millis()).unwrap_or(u64::MAX);
        Ok(DecodedOffer {
            id: OfferId::from_bytes(offer.id().0),
            amount,
            description: offer.description().map(|text| text.to_string()),
            issuer: offer.issuer().map(|text| text.to_string()),
            expires_at: offer
                .absolute_expiry()
                .map(|expiry| Timestamp::from_millis(millis(expiry))),
            signing_key: offer.issuer_signing_pubkey().map(|key| key.to_string()),
            text: offer.to_string(),
        })
    }
}

/// What the payer gives has to cover what the offer asks for.
fn amount_to_pay(given: Option<Msat>, offer: &DecodedOffer) -> Result<Msat, ServiceError> {
    match (offer.amount, given) {
        (Some(asked), Some(given)) if given < asked => Err(invalid(&format!(
            "the amount is below what the offer asks for, {asked}"
        ))),
        (Some(_) | None, Some(given)) => Ok(given),
        (Some(asked), None) => Ok(asked),
        (None, None) => Err(invalid("the offer leaves the amount open: give one")),
    }
}

fn parse(text: &str) -> Result<ParsedOffer, ServiceError> {
    if text.len() > MAX_OFFER_BYTES {
        return Err(bad("it is too long"));
    }
    // The parser's own words are for its authors.
    ParsedOffer::from_str(text.trim()).map_err(|_| bad("it cannot be read as one (BOLT 12)"))
}

fn bad(why: &str) -> ServiceError {
    ServiceError::InvalidOffer(why.to_owned())
}
