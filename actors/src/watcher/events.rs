//! What each node event does. Every effect is durable before the event is acknowledged, and
//! harmless when the event comes twice.

use std::time::Duration;

use till::id::{PaymentHash, Preimage};
use till::invoice::{Invoice, State as InvoiceState};
use till::ledger::{Command, Refusal};
use till::money::Msat;
use till::treasury::{Channel, ChannelState};

use super::actor::Args;
use crate::ledger::{Done, LedgerError};
use crate::node::{ChannelChange, NodeEvent};

/// How long to wait before the ledger is asked again after it gave no answer.
const ASK_AGAIN: Duration = Duration::from_millis(200);

/// Applies events.
#[derive(Debug)]
pub(crate) struct Events {
    pub(super) args: Args,
}

impl Events {
    pub(super) fn new(args: Args) -> Self {
        Self { args }
    }

    /// Whether the event may be acknowledged; not if the till is stopping.
    pub(super) async fn apply(&self, event: NodeEvent) -> bool {
        match event {
            NodeEvent::Claimable {
                hash,
                amount,
                lsp_fee,
                deadline_height,
            } => {
                tracing::info!(payment_hash = %hash, amount_msat = amount.get(), "HTLC claimable");
                self.claimable(hash, amount, lsp_fee, deadline_height).await
            }
            NodeEvent::Received {
                hash,
                amount,
                lsp_fee,
            } => {
                let done = self
                    .book(Command::BookReceipt {
                        hash,
                        amount,
                        lsp_fee,
                    })
                    .await;
                tracing::info!(payment_hash = %hash, amount_msat = amount.get(), "payment received");
                done
            }
            NodeEvent::Sent {
                hash,
                preimage,
                fee,
            } => self.sent(hash, preimage, fee).await,
            NodeEvent::SendFailed {
                hash: Some(hash),
                reason,
            } => {
                tracing::info!(payment_hash = %hash, ?reason, "payment failed");
                self.book(Command::VoidPayment {
                    hash,
                    attempt: None,
                    reason,
                })
                .await
            }
            NodeEvent::SendFailed { hash: None, reason } => {
                tracing::warn!(?reason, "a payment without a hash failed");
                true
            }
            NodeEvent::Channel {
                change,
                user_channel_id,
                channel_id,
                counterparty,
                funding,
            } => {
                let channel = Channel {
                    user_channel_id,
                    channel_id,
                    counterparty: counterparty.unwrap_or_default(),
                    funding_tx: funding.map(|(tx, _)| tx),
                    funding_index: funding.map_or(0, |(_, index)| index),
                    got: self.given_by_peer(user_channel_id).await,
                    given: Msat::ZERO,
                    state: state_after(change),
                };
                self.book(Command::RecordChannel(channel)).await
            }
            NodeEvent::Other(what) => noted(&what),
        }
    }

    async fn sent(&self, hash: PaymentHash, preimage: Option<Preimage>, fee: Msat) -> bool {
        let row = self.args.node.run(move |node| node.payment(hash)).await;
        let node_amount = row.ok().flatten().and_then(|row| row.amount);
        tracing::info!(payment_hash = %hash, fee_msat = fee.get(), "payment sent");
        self.book(Command::PostPayment {
            hash,
            preimage,
            fee,
            node_amount,
        })
        .await
    }

    async fn claimable(
        &self,
        hash: PaymentHash,
        amount: Msat,
        lsp_fee: Msat,
        deadline_height: Option<u32>,
    ) -> bool {
        let intend = Command::IntendClaim {
            hash,
            amount,
            lsp_fee,
            deadline_height,
        };
        match self.ask(intend).await {
            Ok(_) => {
                tracing::info!(payment_hash = %hash, "claim intended");
                match self.args.views.get::<Invoice>(&hash) {
                    Ok(Some(invoice)) => self.claim(&invoice, amount).await,
                    Ok(None) => tracing::error!(%hash, "an invoice vanished under its claim"),
                    Err(error) => tracing::error!(%hash, %error, "an invoice cannot be read"),
                }
                true
            }
            Err(LedgerError::Refused(refusal)) => {
                self.fail_back(hash, &refusal).await;
                true
            }
            Err(_) => false,
        }
    }

    /// Repeats claims that were intended before the last stop: they may never have reached the
    /// node, or not its disk. Claiming twice is harmless.
    pub(super) async fn claim_again(&self) {
        let claiming = match self.args.views.claiming() {
            Ok(claiming) => claiming,
            Err(error) => crate::abort::abort(&format!("claims cannot be read: {error}")),
        };
        for invoice in claiming {
            if let (InvoiceState::Claiming, Some(claim)) = (invoice.state, invoice.claim) {
                tracing::info!(payment_hash = %invoice.hash, "claiming again after a restart");
                self.claim(&invoice, claim.amount).await;
            }
        }
    }

    /// The money is ours only when the node reports it: a failed claim is repeated at the next
    /// start, or the payer gets the money back at the deadline.
    async fn claim(&self, invoice: &Invoice, amount: Msat) {
        let (hash, preimage) = (invoice.hash, invoice.preimage.clone());
        let claimed = self
            .args
            .node
            .run(move |node| node.claim(hash, amount, &preimage))
            .await;
        if let Err(error) | Ok(Err(error)) = claimed {
            tracing::error!(payment_hash = %hash, %error, "the node did not claim");
        }
    }

    async fn fail_back(&self, hash: PaymentHash, refusal: &Refusal) {
        tracing::info!(payment_hash = %hash, %refusal, "HTLC refused");
        let failed = self.args.node.run(move |node| node.fail(hash)).await;
        if let Err(error) | Ok(Err(error)) = failed {
            tracing::warn!(payment_hash = %hash, %error, "the node did not fail an HTLC back");
        }
    }

    /// What the peer gave us when it opened this channel: all that is ours in it when it is new.
    async fn given_by_peer(&self, user_channel_id: [u8; 16]) -> Msat {
        let channels = self
            .args
            .node
            .run(|node| node.channels())
            .await
            .unwrap_or_default();
        let found = channels
            .iter()
            .find(|channel| channel.user_channel_id == user_channel_id);
        match found {
            Some(channel) if !channel.is_outbound => channel.balance.to_msat(),
            Some(_) | None => Msat::ZERO,
        }
    }

    /// Carries out a command that cannot be refused for a reason that would go away.
    async fn book(&self, command: Command) -> bool {
        match self.ask(command).await {
            Ok(_) => true,
            Err(LedgerError::Refused(refusal)) => {
                // Only an amount above all money ends here; the queue must not stall on it.
                tracing::error!(%refusal, "the ledger refused what the node reports");
                true
            }
            Err(_) => false,
        }
    }

    async fn ask(&self, command: Command) -> Result<Done, LedgerError> {
        loop {
            match self.args.ledger.execute_for_node(command.clone()).await {
                Err(LedgerError::Unknown | LedgerError::Busy) => {
                    tracing::warn!("the ledger gave no answer to a node event; asking again");
                    tokio::time::sleep(ASK_AGAIN).await;
                }
                answer => return answer,
            }
        }
    }
}

fn state_after(change: ChannelChange) -> ChannelState {
    match change {
        ChannelChange::Pending => ChannelState::Pending,
        ChannelChange::Ready => ChannelState::Ready,
        ChannelChange::Closed => ChannelState::Closed,
    }
}

/// Nothing to book: acknowledged at once.
fn noted(what: &str) -> bool {
    tracing::info!(what, "node event");
    true
}
