//! What a subscriber wants to hear of: a wallet, or one payment wherever it happens.

use till::id::PaymentHash;
use till::ledger::{Event, EventBody, WalletRef};

/// What a subscriber wants to hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Everything that happens in a wallet.
    Wallet(WalletRef),
    /// What becomes of a payment between or into wallets, by its hash. Never the house's: whoever
    /// knows a hash need not be told what the owner of the till sells.
    Payment(PaymentHash),
}

impl Topic {
    /// The topics that an event belongs to.
    pub(super) fn of(event: &Event) -> impl Iterator<Item = Self> + use<> {
        let hash = payment_hash(&event.body).filter(|_| event.wallet != WalletRef::House);
        [Some(Self::Wallet(event.wallet)), hash.map(Self::Payment)]
            .into_iter()
            .flatten()
    }

    pub(super) fn covers(self, event: &Event) -> bool {
        Self::of(event).any(|topic| topic == self)
    }
}

/// The payment that an event is about, if it is about one that has a hash.
fn payment_hash(body: &EventBody) -> Option<PaymentHash> {
    match body {
        EventBody::PaymentReceived { hash, .. }
        | EventBody::PaymentSent { hash, .. }
        | EventBody::InvoiceExpired { hash, .. }
        | EventBody::InvoiceHeld { hash, .. }
        | EventBody::InvoiceCreated { hash }
        | EventBody::InvoiceCancelled { hash, .. } => Some(*hash),
        EventBody::PaymentFailed { hash, .. } => *hash,
        EventBody::ChannelOpened { .. }
        | EventBody::ChannelClosed { .. }
        | EventBody::SpendMined { .. }
        | EventBody::PaymentCreated { .. }
        | EventBody::Alarm(_) => None,
    }
}
