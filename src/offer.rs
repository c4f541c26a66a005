//! Offers of our own (BOLT 12): texts that can be paid any number of times. Owns the row; what each
//! payment brings is an [`Invoice`](crate::invoice::Invoice) of its own. It does not know how a text is
//! made, nor how it is paid.

use minicbor::{Decode, Encode};

use crate::id::OfferId;
use crate::ledger::{Origin, WalletRef};
use crate::money::Msat;
use crate::time::Timestamp;

/// The longest note that a payer may send along with a payment to an offer, in bytes. The node cuts
/// off what it receives beyond that.
pub const MAX_PAYER_NOTE_BYTES: usize = 512;

/// One offer, keyed by its id. It is on disk before anybody sees it, so that whatever is paid to it
/// finds its wallet.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Offer {
    /// What the node names with every payment to it.
    #[n(0)]
    pub id: OfferId,
    /// Its text.
    #[n(1)]
    pub text: String,
    /// Whose money it brings.
    #[n(2)]
    pub wallet: WalletRef,
    /// The surface that made it.
    #[n(3)]
    pub origin: Origin,
    /// The least that is asked for each time; `None` lets the payer choose.
    #[n(4)]
    pub amount: Option<Msat>,
    /// What the payer is shown.
    #[n(5)]
    pub description: Option<String>,
    /// From when on nobody can begin to pay it; `None` for never.
    #[n(6)]
    pub expires_at: Option<Timestamp>,
    /// When it was made.
    #[n(7)]
    pub created_at: Timestamp,
    /// Whether it is its wallet's one standing offer.
    #[n(8)]
    pub standing: bool,
}
