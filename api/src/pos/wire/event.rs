//! Messages of the WebSocket.

use serde::{Deserialize, Serialize};

/// The query of `GET /ws/payments`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SocketQuery {
    pub(crate) since: Option<u64>,
}

/// A message: what happened, when, and its place in the order of all events.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Event {
    #[serde(flatten)]
    pub(crate) body: EventBody,
    pub(crate) event_id: u64,
    pub(crate) timestamp: u64,
}

/// The first message, which is no event.
#[derive(Serialize)]
pub(crate) struct Hello {
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
}

/// What happened.
#[derive(Serialize)]
#[serde(
    tag = "type",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub(crate) enum EventBody {
    PaymentReceived {
        amount_sat: u64,
        payment_hash: String,
        external_id: Option<String>,
        payer_note: Option<String>,
    },
    PaymentSent {
        payment_id: String,
        payment_hash: Option<String>,
        tx_id: Option<String>,
        amount_sat: u64,
        routing_fee_sat: u64,
        mining_fee_sat: u64,
    },
    PaymentFailed {
        payment_id: String,
        payment_hash: Option<String>,
        amount_sat: u64,
        reason: &'static str,
        message: &'static str,
    },
    InvoiceExpired {
        payment_hash: String,
        external_id: Option<String>,
    },
    ChannelOpened {
        channel_id: String,
        counterparty: String,
    },
    ChannelClosed {
        channel_id: String,
        counterparty: String,
    },
}
