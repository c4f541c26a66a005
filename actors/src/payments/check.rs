//! Finds out what became of payments that no event will tell of: the process died between the
//! reservation and the node, or between the node and its disk.
//!
//! It never sends. It posts what the node's row proves, and voids only what two looks, some time
//! apart, show to be nowhere in any channel while every channel can be asked. When in doubt it
//! waits.

use std::collections::HashSet;

use till::id::PaymentHash;
use till::ledger::Command;
use till::money::Msat;
use till::payment::{FailureReason, Payment};

use super::actor::Args;
use crate::ledger::now;
use crate::node::{InFlight, NodePayment, NodePaymentStatus};
use crate::views::ViewError;

/// Younger payments are left to their events.
const LEAVE_ALONE_MILLIS: u64 = 120_000;

/// Remembers the last look.
#[derive(Debug)]
pub(crate) struct Check {
    args: Args,
    /// Payments that the last look found nowhere.
    absent: HashSet<PaymentHash>,
}

impl Check {
    pub(crate) fn new(args: Args) -> Self {
        Self {
            args,
            absent: HashSet::new(),
        }
    }

    /// Looks at every payment that has been pending for long.
    pub(crate) async fn look(&mut self) -> Result<(), ViewError> {
        let before = std::mem::take(&mut self.absent);
        if !self.args.gate.is_open() {
            return Ok(());
        }
        let old = |payment: &Payment| now().millis_since(payment.attempted_at) > LEAVE_ALONE_MILLIS;
        let pending: Vec<Payment> = self
            .args
            .views
            .pending_payments()?
            .into_iter()
            .filter(old)
            .collect();
        if pending.is_empty() {
            return Ok(());
        }
        let Ok(in_flight) = self.args.node.run(|node| node.in_flight()).await else {
            return Ok(());
        };
        for payment in pending {
            self.decide(&payment, &in_flight, &before).await;
        }
        Ok(())
    }

    async fn decide(
        &mut self,
        payment: &Payment,
        in_flight: &InFlight,
        before: &HashSet<PaymentHash>,
    ) {
        let hash = payment.hash;
        let Ok(row) = self.args.node.run(move |node| node.payment(hash)).await else {
            return;
        };
        let command = match row {
            Some(NodePayment {
                status: NodePaymentStatus::Succeeded,
                amount,
                fee,
                preimage,
                ..
            }) => {
                let fee = fee.unwrap_or(Msat::ZERO);
                Command::PostPayment {
                    hash,
                    preimage,
                    fee,
                    node_amount: amount,
                }
            }
            Some(_) | None if is_nowhere(hash, in_flight) => {
                if !before.contains(&hash) {
                    self.absent.insert(hash);
                    return;
                }
                let (attempt, reason) = (Some(payment.attempt), FailureReason::NeverSent);
                Command::VoidPayment {
                    hash,
                    attempt,
                    reason,
                }
            }
            Some(_) | None => return,
        };
        tracing::info!(payment_hash = %hash, ?command, "the check decided a payment");
        if let Err(error) = self.args.ledger.execute_for_node(command).await {
            tracing::warn!(payment_hash = %hash, %error, "the check could not book a payment");
        }
    }
}

/// Dust HTLCs show only as a sum: while there is any, one of them may be this payment's.
fn is_nowhere(hash: PaymentHash, in_flight: &InFlight) -> bool {
    in_flight.complete && in_flight.dust.is_zero() && !in_flight.hashes.contains(&hash)
}
