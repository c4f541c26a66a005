//! What a peer has learnt from its node's events. Pure: events in, facts out.
//!
//! The node tells each thing once and forgets it; whoever waits for a payment or a channel looks
//! here. Bounded: the oldest facts go first.

use std::borrow::Borrow;
use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use ldk_node::bitcoin::OutPoint;
use ldk_node::lightning::ln::channelmanager::PaymentId;
use ldk_node::lightning_types::payment::{PaymentHash, PaymentPreimage};
use ldk_node::{Event, UserChannelId};

/// Most facts of one kind that are remembered.
const MAX_FACTS: usize = 10_000;

/// A bounded map that forgets what was put in first.
#[derive(Debug)]
pub(super) struct Recent<K, V> {
    values: HashMap<K, V>,
    order: VecDeque<K>,
}

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Recent {
            values: HashMap::new(),
            order: VecDeque::new(),
        }
    }
}

impl<K: Copy + Eq + Hash, V> Recent<K, V> {
    pub(super) fn put(&mut self, key: K, value: V) {
        if self.values.insert(key, value).is_none() {
            self.order.push_back(key);
        }
        if self.order.len() > MAX_FACTS
            && let Some(oldest) = self.order.pop_front()
        {
            self.values.remove(&oldest);
        }
    }

    pub(super) fn get<Q>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.values.get(key)
    }

    pub(super) fn take(&mut self, key: &K) -> Option<V> {
        let value = self.values.remove(key)?;
        self.order.retain(|kept| kept != key);
        Some(value)
    }
}

/// How a payment of ours ended.
#[derive(Clone, Debug)]
pub(super) enum PayOutcome {
    Paid {
        hash: PaymentHash,
        preimage: Option<PaymentPreimage>,
        fee_msat: u64,
    },
    Failed {
        reason: String,
    },
}

/// HTLCs that wait for our word.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    pub(super) amount_msat: u64,
}

/// How far the opening of a channel is.
#[derive(Clone, Debug)]
pub(super) enum Opening {
    Funded(OutPoint),
    Closed(String),
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) payments: Recent<PaymentId, PayOutcome>,
    pub(super) held: Recent<PaymentHash, Held>,
    pub(super) received: Recent<PaymentHash, u64>,
    pub(super) openings: Recent<u128, Opening>,
}

impl Seen {
    /// Takes in an event. Idempotent: the node may tell a thing twice.
    pub(super) fn note(&mut self, event: Event) {
        match event {
            Event::PaymentSuccessful {
                payment_id,
                payment_hash,
                payment_preimage,
                fee_paid_msat,
            } => self.payments.put(
                payment_id.unwrap_or(PaymentId(payment_hash.0)),
                PayOutcome::Paid {
                    hash: payment_hash,
                    preimage: payment_preimage,
                    fee_msat: fee_paid_msat.unwrap_or(0),
                },
            ),
            Event::PaymentFailed {
                payment_id,
                payment_hash,
                reason,
            } => {
                if let Some(id) = payment_id.or(payment_hash.map(|hash| PaymentId(hash.0))) {
                    let reason = reason.map_or("unknown reason".to_owned(), |r| format!("{r:?}"));
                    self.payments.put(id, PayOutcome::Failed { reason });
                }
            }
            Event::PaymentReceived {
                payment_hash,
                amount_msat,
                ..
            } => {
                self.held.take(&payment_hash);
                self.received.put(payment_hash, amount_msat);
            }
            Event::PaymentClaimable {
                payment_hash,
                claimable_amount_msat,
                ..
            } => {
                let amount_msat = claimable_amount_msat;
                self.held.put(payment_hash, Held { amount_msat });
            }
            Event::ChannelPending {
                user_channel_id: UserChannelId(id),
                funding_txo,
                ..
            } => self.openings.put(id, Opening::Funded(funding_txo)),
            Event::ChannelClosed {
                user_channel_id: UserChannelId(id),
                reason,
                ..
            } => {
                let reason = reason.map_or("unknown reason".to_owned(), |r| r.to_string());
                self.openings.put(id, Opening::Closed(reason));
            }
            // Whether a channel is usable is asked of the node; forwards and splices are nobody's
            // concern here.
            Event::ChannelReady { .. }
            | Event::PaymentForwarded { .. }
            | Event::SplicePending { .. }
            | Event::SpliceFailed { .. } => {}
        }
    }
}
