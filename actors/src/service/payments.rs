//! Paying, and finding payments.

use std::time::Duration;

use till::flow::Waiting;
use till::id::{PaymentHash, PaymentId};
use till::invoice::Description;
use till::ledger::PaymentOrder;
use till::ledger::entity::OutgoingHash;
use till::node::SendTarget;
use till::payment::{Payment, State as PaymentState};

use super::Service;
use super::invoices::no_randomness;
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
        let order = self.order(wanted, invoice).await?;
        let id = self.parts.payments.start(order).await?;
        let views = &self.parts.views;
        let decided = views.wait_for(wait, |views| {
            let payment = views.get::<Payment>(&id)?;
            Ok(payment.filter(|payment| payment.state != PaymentState::Pending))
        });
        match decided.await? {
            Some(payment) => Ok(payment),
            None => self.row::<Payment>(&id)?.ok_or(ServiceError::Unknown),
        }
    }

    async fn order(
        &self,
        wanted: NewPayment,
        invoice: DecodedInvoice,
    ) -> Result<PaymentOrder, ServiceError> {
        let invalid = |what: &str| ServiceError::InvalidRequest(what.to_owned());
        let amount = match (invoice.amount, wanted.amount) {
            (Some(asked), Some(given)) if asked != given => {
                return Err(invalid("the amount differs from the invoice's own"));
            }
            (Some(asked), _) => asked,
            (None, Some(given)) => given,
            (None, None) => return Err(invalid("the invoice leaves the amount open: give one")),
        };
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
            target: SendTarget::Bolt11 {
                text: wanted.bolt11.trim().to_owned(),
                hash: invoice.hash,
            },
            wallet: wanted.wallet,
            origin: wanted.origin,
            amount,
            fee_cap,
            description: match invoice.description {
                Description::Text(text) => Some(text),
                Description::Hash(_) => None,
            },
            expires_at: invoice.expires_at,
            spendable: self.node_balances().await?.spendable,
            idempotency: wanted.idempotency,
            cleared: None,
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
