//! Paying, and finding payments.

use std::time::Duration;

use till::flow::Waiting;
use till::id::{PaymentHash, PaymentId, RequestHash};
use till::invoice::Description;
use till::ledger::entity::{Idempotency, OutgoingHash};
use till::ledger::{
    Command, IdempotencyKey, MetaOf, Origin, PaymentOrder, Reference, Refusal, WalletRef,
};
use till::meta::{Meta, MetaChange};
use till::money::Msat;
use till::node::SendTarget;
use till::payment::Payment;
use till::time::Timestamp;

use super::Service;
use super::invoices::{bare, no_randomness};
use super::types::{DecodedInvoice, NewPayment, PaymentQuery, ServiceError};

impl Service {
    /// Pays an invoice and waits up to `wait` for the outcome. The payment goes on when the wait
    /// is over or the caller goes away; a row that is still pending is no failure.
    ///
    /// # Errors
    /// [`ServiceError`] if the payment was not begun; only [`ServiceError::Unknown`] leaves that
    /// open.
    pub async fn pay(&self, wanted: NewPayment, wait: Duration) -> Result<Payment, ServiceError> {
        let invoice = self.decode(&wanted.bolt11)?;
        let amount = amount_to_pay(&wanted, &invoice)?;
        let order = Order {
            target: SendTarget::Bolt11 {
                text: bare(&wanted.bolt11).to_owned(),
                hash: invoice.hash,
            },
            wallet: wanted.wallet,
            origin: wanted.origin,
            amount,
            fee_cap: wanted.fee_cap,
            description: match invoice.description {
                Description::Text(text) => Some(text),
                Description::Hash(_) => None,
            },
            expires_at: invoice.expires_at,
            idempotency: wanted.idempotency,
            meta: wanted.meta,
            named: None,
            service_fee: Msat::ZERO,
            retry_secs: 0,
        };
        self.carry_out(order, wait).await
    }

    /// Sets the money aside, has the payment made, and waits up to `wait` for the outcome.
    pub(super) async fn carry_out(
        &self,
        order: Order,
        wait: Duration,
    ) -> Result<Payment, ServiceError> {
        let order = self.order(order).await?;
        let id = self.parts.payments.start(order).await?;
        self.payment_outcome(id, wait).await
    }

    /// A payment as it stands when it is final, or when `wait` is over.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read; [`ServiceError::Unknown`] if there is no such
    /// payment.
    pub async fn payment_outcome(
        &self,
        id: PaymentId,
        wait: Duration,
    ) -> Result<Payment, ServiceError> {
        let views = &self.parts.views;
        let decided = views.wait_for(wait, |views| {
            let payment = views.get::<Payment>(&id)?;
            // What one wallet holds for another may be held for a day: nobody waits for that.
            let is_told = |payment: &Payment| payment.internal || payment.state.is_final();
            Ok(payment.filter(is_told))
        });
        match decided.await? {
            Some(payment) => Ok(payment),
            None => self.row::<Payment>(&id)?.ok_or(ServiceError::Unknown),
        }
    }

    async fn order(&self, wanted: Order) -> Result<PaymentOrder, ServiceError> {
        let amount = wanted.amount;
        if amount.is_zero() || amount > self.parts.policy.max_amount {
            return Err(invalid(
                "the amount is zero or above the configured maximum",
            ));
        }
        let fee_cap = match wanted.fee_cap {
            Some(cap) => cap,
            None => self
                .parts
                .policy
                .fees
                .fee_cap(amount)
                .ok_or_else(|| invalid("the amount"))?,
        };
        let mut id = [0; 16];
        getrandom::fill(&mut id).map_err(no_randomness)?;
        Ok(PaymentOrder {
            id: PaymentId::from_bytes(id),
            target: wanted.target,
            wallet: wanted.wallet,
            origin: wanted.origin,
            amount,
            fee_cap,
            description: wanted.description,
            expires_at: wanted.expires_at,
            spendable: self.node_balances().await?.spendable,
            idempotency: wanted.idempotency,
            cleared: None,
            meta: wanted.meta,
            named: wanted.named,
            service_fee: wanted.service_fee,
            retry_secs: wanted.retry_secs,
        })
    }

    /// The payment with this id.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read.
    pub async fn payment(&self, id: PaymentId) -> Result<Option<Payment>, ServiceError> {
        self.row(&id)
    }

    /// The outgoing payment of a hash.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read.
    pub async fn payment_by_hash(
        &self,
        hash: PaymentHash,
    ) -> Result<Option<Payment>, ServiceError> {
        match self.row::<OutgoingHash>(&hash)? {
            Some(found) => self.row(&found.payment),
            None => Ok(None),
        }
    }

    /// The payment that was made under a key before, if one was.
    ///
    /// # Errors
    /// [`Refusal::IdempotencyConflict`] if something else was asked for under it.
    pub async fn payment_under(
        &self,
        keyed: &Option<(IdempotencyKey, RequestHash)>,
    ) -> Result<Option<Payment>, ServiceError> {
        let Some((key, request)) = keyed else {
            return Ok(None);
        };
        let Some(known) = self.row::<Idempotency>(key)? else {
            return Ok(None);
        };
        match known.reference {
            Reference::Payment(id) if known.request == *request => self.row(&id),
            Reference::Payment(_)
            | Reference::Invoice(_)
            | Reference::Opening(_)
            | Reference::Splice(_) => Err(ServiceError::Refused(Refusal::IdempotencyConflict)),
        }
    }

    /// Changes what is told about an invoice or a payment; what is not named stays as it is.
    ///
    /// # Errors
    /// [`ServiceError::Refused`] if there is no such row, or the change rests on something that is not
    /// there any more ([`WrongState`](till::ledger::Refusal::WrongState)).
    pub async fn change_meta(&self, of: MetaOf, change: MetaChange) -> Result<(), ServiceError> {
        let change = Box::new(change);
        let command = Command::ChangeMeta { of, change };
        self.parts.ledger.execute(command).await?;
        Ok(())
    }

    /// What a pending payment waits for, if the check has looked at it since the start.
    #[must_use]
    pub fn waits_for(&self, id: PaymentId) -> Option<Waiting> {
        self.parts.payments.waits_for(id)
    }

    /// A wallet's outgoing payments, newest first.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read.
    pub async fn payments(&self, query: PaymentQuery) -> Result<Vec<Payment>, ServiceError> {
        self.read(move |views| views.payments(&query)).await
    }
}

/// What is to be paid, once its invoice or offer has been read.
pub(super) struct Order {
    pub(super) target: SendTarget,
    pub(super) wallet: WalletRef,
    pub(super) origin: Origin,
    pub(super) amount: Msat,
    pub(super) fee_cap: Option<Msat>,
    pub(super) description: Option<String>,
    pub(super) expires_at: Timestamp,
    pub(super) idempotency: Option<(IdempotencyKey, RequestHash)>,
    pub(super) meta: Meta,
    /// What its payer named as the recipient, where that was not the invoice itself.
    pub(super) named: Option<String>,
    /// What the house takes for it.
    pub(super) service_fee: Msat,
    /// For how long a failure that may pass is followed by another attempt, in seconds.
    pub(super) retry_secs: u32,
}

fn amount_to_pay(wanted: &NewPayment, invoice: &DecodedInvoice) -> Result<Msat, ServiceError> {
    match (invoice.amount, wanted.amount) {
        (Some(asked), Some(given)) if asked != given => {
            Err(invalid("the amount differs from the invoice's own"))
        }
        (Some(asked), _) => Ok(asked),
        (None, Some(given)) => Ok(given),
        (None, None) => Err(invalid("the invoice leaves the amount open: give one")),
    }
}

pub(super) fn invalid(what: &str) -> ServiceError {
    ServiceError::InvalidRequest(what.to_owned())
}
