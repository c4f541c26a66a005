//! What a subscriber wants to hear of: a wallet, or one payment wherever it happens.

use till::id::PaymentHash;
use till::ledger::{Event, EventBody, WalletRef};

/// What a subscriber wants to hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// Everything that happens in a wallet.
    Wallet(WalletRef),
    /// What becomes of a payment between or into wallets, by its hash. Never the house's: whoever
    /// knows a hash need not be told what the owner of the till sells.
    Payment(PaymentHash),
}

impl Topic {
    pub(super) fn covers(self, event: &Event) -> bool {
        match self {
            Self::Wallet(wallet) => event.wallet == wallet,
            Self::Payment(hash) => {
                event.wallet != WalletRef::House && payment_hash(&event.body) == Some(hash)
            }
        }
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
