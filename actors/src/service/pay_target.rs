//! Paying whoever a text stands for, and what that would cost. Owns which way the money goes; the rules
//! are the ledger's.

use std::time::Duration;

use till::id::{PaymentId, Preimage, RequestHash};
use till::invoice::Description;
use till::ledger::entity::Idempotency;
use till::ledger::{
    Command, Done, IdempotencyKey, Origin, Reference, Refusal, TransferOrder, WalletRef,
};
use till::meta::Meta;
use till::money::{Msat, Sat};
use till::node::SendTarget;
use till::payment::Payment;
use till::time::Timestamp;

use super::Service;
use super::holders::random;
use super::payments::{Order, invalid};
use super::targets::{Own, Recipient, TargetError, Via, Whereabouts};
use super::types::{DecodedInvoice, DecodedOffer, ServiceError};

/// Parts per million in the whole.
const MILLION: u128 = 1_000_000;
/// A fee cap may be this part of the amount: a twentieth.
const FEE_CAP_SHARE: u64 = 20;
/// And it may be so much for any amount.
const MIN_FEE_CAP_LIMIT: Sat = match Sat::new(10_000) {
    Some(sat) => sat,
    None => Sat::MAX,
};

/// A payment to whoever a text stands for.
#[derive(Clone, Debug)]
pub struct TargetOrder {
    /// Who pays.
    pub wallet: WalletRef,
    /// Where it was asked for.
    pub origin: Origin,
    /// Whom, as the payer named them.
    pub target: String,
    /// How much; `None` for what an invoice or an offer asks.
    pub amount: Option<Msat>,
    /// The most that routing may cost; `None` for the configured share.
    pub fee_cap: Option<Msat>,
    /// What the house takes of a payment that leaves the till, in millionths of the amount.
    pub service_fee_ppm: u32,
    /// For how long a failure that may pass is followed by another attempt, in seconds; 0 for never.
    pub retry_secs: u32,
    /// Makes a repeat the same payment.
    pub idempotency: Option<(IdempotencyKey, RequestHash)>,
    /// What its payer tells about it.
    pub meta: Meta,
}

/// What a payment would take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// What would be set aside for routing.
    pub fee_cap: Msat,
    /// What the house would take.
    pub service_fee: Msat,
}

impl Price {
    /// All of it, with the amount.
    fn total(self, amount: Msat) -> Option<Msat> {
        amount
            .checked_add(self.fee_cap)?
            .checked_add(self.service_fee)
    }
}

impl Service {
    /// Pays whoever a text stands for and waits up to `wait` for the outcome. The payment goes on when
    /// the wait is over or the caller goes away. A repeat under the same key calls nobody.
    ///
    /// # Errors
    /// [`TargetError`] if the payment was not begun; only [`ServiceError::Unknown`] leaves that open.
    pub async fn pay_target(
        &self,
        wanted: TargetOrder,
        here: Whereabouts<'_>,
        wait: Duration,
    ) -> Result<Payment, TargetError> {
        if let Some(id) = self.paid_under_key(&wanted)? {
            return Ok(self.payment_outcome(id, wait).await?);
        }
        let recipient = self.recipient(&wanted.target, here).await?;
        let amount = recipient.amount(wanted.amount)?;
        if !recipient.internal {
            check_fee_cap(amount, wanted.fee_cap)?;
        }
        let paid = match recipient.via {
            Via::Invoice(bolt11, invoice) => {
                self.pay_invoice_of(wanted, (bolt11, *invoice), amount, wait)
                    .await
            }
            Via::Lnurl(request) => {
                let offered = self.lnurl_invoice(&request, amount, None).await?;
                let invoice = self.decode(&offered.bolt11)?;
                let mut wanted = wanted;
                let action = offered.success_action.as_ref();
                wanted.meta.success_action = action.map(|action| action.to_json().to_string());
                self.pay_invoice_of(wanted, (offered.bolt11, invoice), amount, wait)
                    .await
            }
            Via::Offer(offer) => self.pay_offer_of(wanted, *offer, amount, wait).await,
            Via::Wallet(to) => self.transfer(wanted, *to, amount, wait).await,
        };
        Ok(paid?)
    }

    /// The payment that was made under the order's key, if there was one.
    fn paid_under_key(&self, wanted: &TargetOrder) -> Result<Option<PaymentId>, ServiceError> {
        let Some((key, request)) = &wanted.idempotency else {
            return Ok(None);
        };
        let Some(known) = self.row::<Idempotency>(key)? else {
            return Ok(None);
        };
        match known.reference {
            Reference::Payment(id) if known.request == *request => Ok(Some(id)),
            Reference::Payment(_)
            | Reference::Opening(_)
            | Reference::Splice(_)
            | Reference::Invoice(_) => Err(Refusal::IdempotencyConflict.into()),
        }
    }

    async fn pay_invoice_of(
        &self,
        wanted: TargetOrder,
        (bolt11, invoice): (String, DecodedInvoice),
        amount: Msat,
        wait: Duration,
    ) -> Result<Payment, ServiceError> {
        let target = SendTarget::Bolt11 {
            text: bolt11.trim().to_owned(),
            hash: invoice.hash,
        };
        let description = match invoice.description {
            Description::Text(text) => Some(text),
            Description::Hash(_) => None,
        };
        let order = order(wanted, target, amount, description, invoice.expires_at)?;
        self.carry_out(order, wait).await
    }

    async fn pay_offer_of(
        &self,
        wanted: TargetOrder,
        offer: DecodedOffer,
        amount: Msat,
        wait: Duration,
    ) -> Result<Payment, ServiceError> {
        let target = SendTarget::Offer {
            text: offer.text,
            payer_note: None,
        };
        let expires_at = offer.expires_at.unwrap_or(Timestamp::from_millis(u64::MAX));
        let order = order(wanted, target, amount, offer.description, expires_at)?;
        self.carry_out(order, wait).await
    }

    /// To a wallet of this till's: at once, for nothing, and without the node.
    async fn transfer(
        &self,
        wanted: TargetOrder,
        to: Own,
        amount: Msat,
        wait: Duration,
    ) -> Result<Payment, ServiceError> {
        if amount.is_zero() || amount > self.parts.policy.max_amount {
            return Err(invalid(
                "the amount is zero or above the configured maximum",
            ));
        }
        let is_over = |offer: &DecodedOffer| offer.expires_at.is_some_and(|at| at <= self.now());
        if to.offer.as_ref().is_some_and(is_over) {
            return Err(Refusal::InvoiceExpired.into());
        }
        let id = PaymentId::from_bytes(random()?);
        let described = to
            .offer
            .as_ref()
            .and_then(|offer| offer.description.clone());
        let transfer = TransferOrder {
            id,
            preimage: Preimage::from_bytes(random()?),
            from: wanted.wallet,
            to: to.wallet,
            origin: wanted.origin,
            amount,
            description: described.unwrap_or_default(),
            named: wanted.target,
            offer: to.offer.map(|offer| offer.id),
            tag: to.tag,
            idempotency: wanted.idempotency,
            meta: wanted.meta,
        };
        let transfer = Command::Transfer(Box::new(transfer));
        let id = match self.parts.ledger.execute(transfer).await? {
            Done::Repeat(Reference::Payment(earlier)) => earlier,
            Done::Repeat(Reference::Opening(_) | Reference::Splice(_) | Reference::Invoice(_)) => {
                return Err(Refusal::IdempotencyConflict.into());
            }
            Done::Changed | Done::Unchanged => id,
        };
        self.payment_outcome(id, wait).await
    }

    /// What a payment of `amount` that leaves the till would take, unless its payer says otherwise.
    #[must_use]
    pub fn price(&self, amount: Msat, service_fee_ppm: u32) -> Option<Price> {
        Some(Price {
            fee_cap: self.fee_reserve(amount)?,
            service_fee: service_fee(amount, service_fee_ppm)?,
        })
    }

    /// The most that a wallet can send to somebody who takes any amount, in whole satoshis, after fees.
    ///
    /// # Errors
    /// [`ServiceError::Node`] while the node is not running.
    pub async fn max_sendable(
        &self,
        wallet: WalletRef,
        recipient: &Recipient,
        service_fee_ppm: u32,
    ) -> Result<Sat, ServiceError> {
        let WalletRef::Wallet(id) = wallet else {
            return Ok(Sat::ZERO); // The house pays on its own surface.
        };
        let available = self.wallet_balance(id).await?.available;
        let most = recipient.max.unwrap_or(self.parts.policy.max_amount);
        let most = most.min(self.parts.policy.max_amount).min(available);
        let sendable = match recipient.internal {
            true => most.to_sat_floor(),
            false => {
                let channels = self.node_balances().await?.spendable;
                self.most_with_fees(most.to_sat_floor(), (available, channels), service_fee_ppm)
            }
        };
        let least = recipient.min.unwrap_or(Msat::ZERO);
        Ok(match sendable.to_msat() < least {
            true => Sat::ZERO,
            false => sendable,
        })
    }

    /// The largest amount up to `most` whose price a wallet and the channels bear: fees grow with it.
    fn most_with_fees(&self, most: Sat, (own, channels): (Msat, Msat), ppm: u32) -> Sat {
        let bears = |sat: u64| {
            let amount = Sat::new(sat)?.to_msat();
            let price = self.price(amount, ppm)?;
            let sent = amount.checked_add(price.fee_cap)?;
            Some(price.total(amount)? <= own && sent <= channels)
        };
        let (mut low, mut high) = (0, most.get());
        while low < high {
            let middle = high - (high - low) / 2;
            match bears(middle) {
                Some(true) => low = middle,
                Some(false) | None => high = middle - 1,
            }
        }
        Sat::new(low).unwrap_or(Sat::ZERO)
    }
}

fn order(
    wanted: TargetOrder,
    target: SendTarget,
    amount: Msat,
    description: Option<String>,
    expires_at: Timestamp,
) -> Result<Order, ServiceError> {
    let service_fee = service_fee(amount, wanted.service_fee_ppm);
    Ok(Order {
        target,
        wallet: wanted.wallet,
        origin: wanted.origin,
        amount,
        fee_cap: wanted.fee_cap,
        description,
        expires_at,
        idempotency: wanted.idempotency,
        meta: wanted.meta,
        named: Some(wanted.target),
        retry_secs: wanted.retry_secs,
        service_fee: service_fee.ok_or_else(|| invalid("the amount"))?,
    })
}

/// A share of the amount, in whole satoshis, a started one counting.
fn service_fee(amount: Msat, ppm: u32) -> Option<Msat> {
    let exact = (u128::from(amount.get()) * u128::from(ppm)).div_ceil(MILLION);
    let msat = u64::try_from(exact).ok().and_then(Msat::new)?;
    Some(msat.to_sat_ceil().to_msat())
}

/// A cap that is far above any fee is a mistake of the caller's.
fn check_fee_cap(amount: Msat, cap: Option<Msat>) -> Result<(), TargetError> {
    let share = Sat::new(amount.to_sat_floor().get() / FEE_CAP_SHARE);
    let max = share.map_or(MIN_FEE_CAP_LIMIT, |share| share.max(MIN_FEE_CAP_LIMIT));
    match cap {
        Some(cap) if cap.is_zero() || cap > max.to_msat() => Err(TargetError::FeeCap { max }),
        Some(_) | None => Ok(()),
    }
}

impl Recipient {
    /// What is paid, by what is asked and what is given.
    ///
    /// # Errors
    /// [`TargetError::NeedsAmount`] and [`TargetError::OutOfRange`].
    pub fn amount(&self, given: Option<Msat>) -> Result<Msat, TargetError> {
        if let (None, Some(asked)) = (self.min, self.asked) {
            // An invoice's own amount may not be in whole satoshis.
            let shown = asked.to_sat_ceil();
            return match given {
                Some(given) if given != asked && given != shown.to_msat() => {
                    let (min, max) = (shown, shown);
                    Err(TargetError::OutOfRange { min, max })
                }
                Some(_) | None => Ok(asked),
            };
        }
        let amount = given.or(self.asked).ok_or(TargetError::NeedsAmount)?;
        let (least, most) = (self.min, self.max);
        let is_below = least.is_some_and(|least| amount < least);
        let is_above = most.is_some_and(|most| amount > most);
        match is_below || is_above {
            true => Err(TargetError::OutOfRange {
                min: least.unwrap_or(Msat::ZERO).to_sat_ceil(),
                max: most.unwrap_or(Sat::MAX.to_msat()).to_sat_floor(),
            }),
            false => Ok(amount),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_house_takes_is_in_whole_satoshis() {
        let fee = |sat, ppm| {
            let amount = Sat::new(sat).map(Sat::to_msat)?;
            service_fee(amount, ppm).map(Msat::get)
        };
        assert_eq!(fee(1_000, 0), Some(0));
        assert_eq!(fee(1_000, 2_500), Some(3_000));
        assert_eq!(fee(1, 2_500), Some(1_000));
        assert_eq!(fee(1_000_000, 2_500), Some(2_500_000));
        assert_eq!(fee(Sat::MAX.get(), u32::MAX), None);
    }
}
