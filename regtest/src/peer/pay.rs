//! Paying: send, then wait for the node's word.

use std::str::FromStr as _;
use std::time::Duration;

use ldk_node::NodeError;
use ldk_node::lightning::ln::channelmanager::PaymentId;
use ldk_node::lightning::offers::offer::Offer;
use ldk_node::lightning_invoice::Bolt11Invoice;
use ldk_node::payment::PaymentStatus;

use super::seen::PayOutcome;
use super::{Peer, PeerError};
use crate::wait;

/// How long a payment is waited for. A recipient that holds it can make it last longer.
const PAY_LIMIT: Duration = Duration::from_secs(120);

/// A payment that has arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paid {
    /// What it was locked to, hexadecimal.
    pub payment_hash: String,
    /// Proof of it, hexadecimal.
    pub preimage: String,
    /// What routing cost.
    pub fee_msat: u64,
}

impl Peer {
    /// Pays a BOLT 11 invoice and waits for the outcome. An amount is needed where the invoice
    /// leaves it open, and may exceed what the invoice asks for.
    ///
    /// # Errors
    /// [`PeerError::Invalid`] for what is no payable invoice, [`PeerError::PaymentFailed`] with the
    /// reason if it was not paid, [`PeerError::TimedOut`] if it is still in flight.
    pub async fn pay(&self, bolt11: &str, amount_msat: Option<u64>) -> Result<Paid, PeerError> {
        let invoice = Bolt11Invoice::from_str(bolt11.trim())
            .map_err(|error| PeerError::Invalid(format!("not a BOLT 11 invoice: {error}")))?;
        if invoice.amount_milli_satoshis().is_none() && amount_msat.is_none() {
            let message = "the invoice leaves the amount open: give one";
            return Err(PeerError::Invalid(message.to_owned()));
        }
        let expired = invoice.is_expired();
        let id = PaymentId(*AsRef::<[u8; 32]>::as_ref(invoice.payment_hash()));
        let sent = self.call(move |node| {
            match node.payment(&id).map(|row| row.status) {
                // LDK knows such a row's payment for good; its result is not to be forgotten.
                Some(PaymentStatus::Pending | PaymentStatus::Succeeded) => {
                    return Err(NodeError::DuplicatePayment);
                }
                Some(PaymentStatus::Failed) | None => {}
            }
            let payments = node.bolt11_payment();
            match amount_msat {
                Some(amount) => payments.send_using_amount(&invoice, amount, None),
                None => payments.send(&invoice, None),
            }
        });
        match sent.await? {
            Ok(id) => self.outcome(id).await,
            Err(NodeError::DuplicatePayment) => Err(failed("already paid, or being paid")),
            Err(NodeError::PaymentSendingFailed) if expired => Err(failed("invoice expired")),
            Err(NodeError::PaymentSendingFailed) => Err(failed("RouteNotFound")),
            Err(NodeError::InvalidAmount) => {
                let message = "the amount is below what the invoice asks for";
                Err(PeerError::Invalid(message.to_owned()))
            }
            Err(source) => Err(self.refused("pay the invoice", source)),
        }
    }

    /// Pays a BOLT 12 offer and waits for the outcome.
    ///
    /// # Errors
    /// As [`Self::pay`].
    pub async fn pay_offer(
        &self,
        offer: &str,
        amount_msat: Option<u64>,
        payer_note: Option<String>,
    ) -> Result<Paid, PeerError> {
        let offer = Offer::from_str(offer.trim())
            .map_err(|error| PeerError::Invalid(format!("not a BOLT 12 offer: {error:?}")))?;
        if offer.amount().is_none() && amount_msat.is_none() {
            let message = "the offer leaves the amount open: give one";
            return Err(PeerError::Invalid(message.to_owned()));
        }
        let sent = self.call(move |node| {
            let payments = node.bolt12_payment();
            match amount_msat {
                Some(amount) => payments.send_using_amount(&offer, amount, None, payer_note, None),
                None => payments.send(&offer, None, payer_note, None),
            }
        });
        match sent.await? {
            Ok(id) => self.outcome(id).await,
            Err(NodeError::InvalidAmount) => {
                let message = "the amount is below what the offer asks for";
                Err(PeerError::Invalid(message.to_owned()))
            }
            Err(source) => Err(self.refused("pay the offer", source)),
        }
    }

    async fn outcome(&self, id: PaymentId) -> Result<Paid, PeerError> {
        let mut seen = self.facts().seen.subscribe();
        let arrived = seen.wait_for(|seen| seen.payments.get(&id).is_some());
        wait::within("the payment to arrive or fail", PAY_LIMIT, arrived)
            .await?
            .map_err(|_closed| PeerError::Stopped(self.name().to_owned()))?;
        let mut outcome = None;
        self.facts().seen.send_if_modified(|seen| {
            outcome = seen.payments.take(&id);
            false
        });
        match outcome {
            Some(PayOutcome::Paid {
                hash,
                preimage,
                fee_msat,
            }) => Ok(Paid {
                payment_hash: hex::encode(hash.0),
                preimage: preimage.map_or_else(String::new, |preimage| hex::encode(preimage.0)),
                fee_msat,
            }),
            Some(PayOutcome::Failed { reason }) => {
                // A fast failure can leave the node's row pending, and that would block a retry.
                self.ask("clear a failed payment", move |node| {
                    node.remove_payment(&id)
                })
                .await?;
                Err(failed(&reason))
            }
            None => Err(failed("its outcome went to another caller")),
        }
    }
}

fn failed(reason: &str) -> PeerError {
    PeerError::PaymentFailed(reason.to_owned())
}
