//! On-chain payments and closings of channels. Amounts are satoshis, feerates satoshis per virtual
//! byte.

use serde::{Deserialize, Serialize};

use super::Whole;

/// `POST /wallet/payonchain`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PayOnchain {
    pub(crate) amount_sat: Whole,
    pub(crate) address: String,
    pub(crate) feerate_sat_byte: Option<Whole>,
}

/// `POST /wallet/payonchain`; with `status` and `message` while the chain source has not seen it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PaidOnchain {
    #[serde(flatten)]
    pub(crate) pending: Option<NotSeen>,
    pub(crate) payment_id: String,
    pub(crate) tx_id: String,
    pub(crate) amount_sat: u64,
    pub(crate) fees_sat: u64,
}

/// A transaction that is on its way to the chain source.
#[derive(Serialize)]
pub(crate) struct NotSeen {
    pub(crate) status: &'static str,
    pub(crate) message: &'static str,
}

/// `POST /wallet/bumpfee`: a bare feerate, or one with the transaction that it is for.
#[derive(Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "expected a feerate in sat/vB, or {txId, feerateSatByte}"
)]
pub(crate) enum BumpFee {
    Bare(Whole),
    #[serde(rename_all = "camelCase")]
    Named {
        tx_id: Option<String>,
        feerate_sat_byte: Whole,
    },
}

/// `POST /wallet/bumpfee`; with `status` and `message` while the chain source has not seen it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Bumped {
    #[serde(flatten)]
    pub(crate) pending: Option<NotSeen>,
    pub(crate) payment_id: String,
    pub(crate) tx_id: String,
    pub(crate) new_feerate_sat_byte: u64,
    pub(crate) additional_fees_sat: u64,
}

/// `POST /wallet/closechannel`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CloseChannel {
    pub(crate) channel_id: String,
    pub(crate) address: Option<String>,
    pub(crate) feerate_sat_byte: Option<Whole>,
    pub(crate) force: Option<bool>,
}

/// The query of `DELETE /wallet/channels/{channelId}`
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CloseQuery {
    pub(crate) force: Option<bool>,
}

/// `POST /wallet/closechannel`; `txId` is null while the chain source has not shown it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChannelClosing {
    pub(crate) tx_id: Option<String>,
    pub(crate) channel_id: String,
    pub(crate) force: bool,
    pub(crate) sweep: Option<Sweep>,
}

/// What becomes of a closed channel's money.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Sweep {
    pub(crate) status: &'static str,
    pub(crate) address: String,
    pub(crate) feerate_sat_byte: Option<u64>,
    pub(crate) payment_id: Option<String>,
}
