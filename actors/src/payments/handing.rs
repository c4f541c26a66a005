//! Payments that are being handed over: between the reservation and the node's answer. The check
//! leaves them alone, however long that takes. A process that dies forgets them, and hands nothing
//! over any more.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use till::id::{PaymentHash, PaymentId};
use till::ledger::PaymentOrder;
use till::node::SendTarget;
use till::payment::Payment;

/// What a payment is known by before it has a row: another attempt keeps the first one's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    Invoice(PaymentHash),
    Offer(PaymentId),
}

/// Those that are under way, and how many callers want each; the ledger refuses all but one. Cheap
/// to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Handing(Arc<Mutex<HashMap<Key, usize>>>);

/// One of them, until it is dropped.
#[derive(Debug)]
pub(super) struct Handed {
    all: Handing,
    key: Key,
}

impl Handing {
    /// To be called before the money is set aside.
    pub(super) fn begin(&self, order: &PaymentOrder) -> Handed {
        self.hand(match &order.target {
            SendTarget::Bolt11 { hash, .. } => Key::Invoice(*hash),
            SendTarget::Offer { .. } => Key::Offer(order.id),
        })
    }

    /// To be called before another attempt is begun.
    pub(super) fn again(&self, id: PaymentId, hash: Option<PaymentHash>) -> Handed {
        self.hand(hash.map_or(Key::Offer(id), Key::Invoice))
    }

    fn hand(&self, key: Key) -> Handed {
        *self.keys().entry(key).or_default() += 1;
        let all = self.clone();
        Handed { all, key }
    }

    pub(super) fn has(&self, payment: &Payment) -> bool {
        let keys = self.keys();
        let by_hash = payment.hash.map(Key::Invoice);
        keys.contains_key(&Key::Offer(payment.id))
            || by_hash.is_some_and(|key| keys.contains_key(&key))
    }

    fn keys(&self) -> MutexGuard<'_, HashMap<Key, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Handed {
    fn drop(&mut self) {
        let mut keys = self.all.keys();
        if let Some(count) = keys.get_mut(&self.key) {
            *count -= 1;
        }
        keys.retain(|_, count| *count > 0);
    }
}
