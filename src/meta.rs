//! What a caller tells about an invoice or a payment beside money: kept, shown again, never acted on
//! by the ledger. Bounds are the surfaces'.

use minicbor::{Decode, Encode};

/// A caller's own words about an invoice or a payment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Meta {
    /// What the caller calls it, where that is not the invoice's description.
    #[n(0)]
    pub memo: Option<String>,
    /// A JSON object, as text.
    #[n(1)]
    pub extra: Option<String>,
    /// What kind of thing it is: counted and filtered by.
    #[n(2)]
    pub tag: Option<String>,
    /// The program that asked for it.
    #[n(3)]
    pub extension: Option<String>,
    /// What the caller sorts it under.
    #[n(4)]
    pub labels: Vec<String>,
    /// The caller's own reference, where the row has no field for it (payments).
    #[n(5)]
    pub external_id: Option<String>,
    /// Where the caller wants to be told, for a payment; an invoice has a field of its own.
    #[n(6)]
    pub webhook_url: Option<String>,
    /// What the webhook's receiver answered last: an HTTP status, or what is wrong in a word.
    #[n(7)]
    pub webhook_status: Option<String>,
    /// What an LNURL recipient says after payment (LUD-09), as JSON text.
    #[n(8)]
    pub success_action: Option<String>,
}
