//! Invoices, payments, the node and its channels. Amounts are satoshis where the name ends in
//! `Sat`, times are milliseconds since the epoch; `fees` is in millisatoshis, as phoenixd has it.

use serde::{Deserialize, Serialize};

use super::Whole;

/// `POST /wallet/createinvoice`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InvoiceRequest {
    pub(crate) amount_sat: Option<Whole>,
    pub(crate) description: Option<String>,
    pub(crate) description_hash: Option<String>,
    pub(crate) external_id: Option<String>,
    pub(crate) expiry_seconds: Option<Whole>,
    pub(crate) webhook_url: Option<String>,
}

/// `POST /wallet/createinvoice`, once made.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InvoiceMade {
    pub(crate) amount_sat: Option<u64>,
    pub(crate) payment_hash: String,
    pub(crate) serialized: String,
    pub(crate) expires_at: u64,
    pub(crate) bip21: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) lsp_fee_sat: Option<u64>,
}

/// `POST /wallet/payinvoice`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PayRequest {
    pub(crate) amount_sat: Option<Whole>,
    pub(crate) invoice: String,
}

/// `POST /wallet/payinvoice` and `payoffer`, once paid.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Paid {
    pub(crate) recipient_amount_sat: u64,
    pub(crate) routing_fee_sat: u64,
    pub(crate) payment_id: String,
    pub(crate) payment_hash: Option<String>,
    pub(crate) payment_preimage: Option<String>,
}

/// `POST /wallet/payinvoice` and `payoffer`, while the outcome is not known.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PayPending {
    pub(crate) status: &'static str,
    pub(crate) payment_id: Option<String>,
    pub(crate) payment_hash: Option<String>,
    pub(crate) message: &'static str,
}

/// `POST /wallet/decodeinvoice`
#[derive(Deserialize)]
pub(crate) struct DecodeRequest {
    pub(crate) invoice: String,
}

/// `POST /wallet/decodeinvoice`
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Decoded {
    pub(crate) amount_sat: Option<u64>,
    pub(crate) description: Option<String>,
    pub(crate) description_hash: Option<String>,
    pub(crate) payment_hash: String,
    pub(crate) expires_at: u64,
    pub(crate) node_id: String,
}

/// `POST /wallet/decodeinvoice`, where the text is no invoice: the one answer without `message`.
#[derive(Serialize)]
pub(crate) struct NotDecoded {
    pub(crate) error: &'static str,
}

/// `GET /wallet/getinfo`
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Info {
    pub(crate) node_id: String,
    pub(crate) channels: Vec<Channel>,
    pub(crate) chain: String,
    pub(crate) block_height: u32,
    pub(crate) version: String,
}

/// A channel.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Channel {
    pub(crate) state: &'static str,
    pub(crate) channel_id: String,
    pub(crate) balance_sat: u64,
    pub(crate) inbound_liquidity_sat: u64,
    pub(crate) outbound_liquidity_sat: u64,
    pub(crate) capacity_sat: u64,
    pub(crate) funding_tx_id: Option<String>,
    pub(crate) counterparty: String,
    pub(crate) confirmations: Option<u32>,
    pub(crate) closing: Option<Closing>,
}

/// How a channel's closing stands.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Closing {
    pub(crate) tx_id: Option<String>,
    pub(crate) force: bool,
    pub(crate) spendable_at_height: Option<u32>,
    pub(crate) sweep: Option<super::Sweep>,
}

/// `POST /wallet/channels`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OpenChannel {
    pub(crate) node_id: String,
    pub(crate) address: String,
    pub(crate) amount_sat: Whole,
    pub(crate) push_sat: Option<Whole>,
    pub(crate) announce: Option<bool>,
}

/// `POST /wallet/channels`, once under way.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChannelOpening {
    pub(crate) state: &'static str,
    pub(crate) user_channel_id: String,
    pub(crate) channel_id: Option<String>,
    pub(crate) funding_tx_id: Option<String>,
}

/// `POST /wallet/channels`, while the outcome is not known.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChannelPending {
    pub(crate) status: &'static str,
    pub(crate) user_channel_id: Option<String>,
    pub(crate) message: &'static str,
}

/// `POST /wallet/channels/{channelId}/splicein` and `spliceout`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Splice {
    pub(crate) amount_sat: Whole,
    pub(crate) address: Option<String>,
}

/// The same, once the transaction is known.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Splicing {
    pub(crate) state: &'static str,
    pub(crate) channel_id: String,
    pub(crate) tx_id: Option<String>,
}

/// `GET /wallet/getbalance`
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Balance {
    pub(crate) balance_sat: u64,
    pub(crate) fee_credit_sat: u64,
    pub(crate) onchain_balance_sat: u64,
    pub(crate) onchain_spendable_sat: u64,
}

/// `POST /wallet/newaddress`
#[derive(Serialize)]
pub(crate) struct Address {
    pub(crate) address: String,
}

/// The query of `GET /wallet/payments/incoming` and `/outgoing`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ListQuery {
    pub(crate) from: Option<u64>,
    pub(crate) to: Option<u64>,
    pub(crate) limit: Option<usize>,
    pub(crate) offset: Option<usize>,
    pub(crate) all: Option<bool>,
    pub(crate) external_id: Option<String>,
}

/// An incoming payment, or an invoice that waits for one.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Incoming {
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) sub_type: &'static str,
    pub(crate) payment_hash: Option<String>,
    pub(crate) tx_id: Option<String>,
    pub(crate) preimage: Option<String>,
    pub(crate) amount_sat: Option<u64>,
    pub(crate) requested_sat: Option<u64>,
    pub(crate) received_sat: u64,
    pub(crate) fees: u64,
    pub(crate) description: Option<String>,
    pub(crate) external_id: Option<String>,
    pub(crate) payer_note: Option<String>,
    pub(crate) invoice: Option<String>,
    pub(crate) offer_id: Option<String>,
    pub(crate) status: &'static str,
    pub(crate) is_paid: bool,
    pub(crate) is_expired: bool,
    pub(crate) created_at: u64,
    pub(crate) expires_at: Option<u64>,
    pub(crate) completed_at: Option<u64>,
}

/// An outgoing payment.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Outgoing {
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) sub_type: &'static str,
    pub(crate) payment_id: String,
    pub(crate) payment_hash: Option<String>,
    pub(crate) tx_id: Option<String>,
    pub(crate) address: Option<String>,
    pub(crate) preimage: Option<String>,
    pub(crate) amount_sat: u64,
    pub(crate) sent: u64,
    pub(crate) fees: u64,
    pub(crate) routing_fee_sat: u64,
    pub(crate) description: Option<String>,
    pub(crate) payer_note: Option<String>,
    pub(crate) invoice: Option<String>,
    pub(crate) offer: Option<String>,
    pub(crate) status: &'static str,
    pub(crate) is_paid: bool,
    pub(crate) failure_reason: Option<&'static str>,
    pub(crate) created_at: u64,
    pub(crate) completed_at: Option<u64>,
}
