//! The JSON of the control API.

use serde::{Deserialize, Serialize};

use crate::world::{LnbitsWallet, LnbotAccount};

/// `GET /info`
#[derive(Clone, Debug, Serialize)]
pub struct Info {
    pub(super) tilld: TillInfo,
    pub(super) pos: PosInfo,
    /// Absent where the till has not answered, or is of before it had this surface.
    pub(super) lnbits: Option<LnbitsInfo>,
    /// Absent where the till has not answered, or lets nobody register.
    pub(super) lnbot: Option<LnbotAccount>,
    pub(super) customer: NodeInfo,
    pub(super) lsp: NodeInfo,
    pub(super) esplora: String,
    pub(super) chain: &'static str,
    pub(super) height: u32,
}

impl Info {
    /// The account on the ln.bot surface.
    pub(crate) fn lnbot_account(&self) -> Option<&LnbotAccount> {
        self.lnbot.as_ref()
    }

    /// The wallets on the LNbits surface.
    pub(crate) fn lnbits_wallets(&self) -> Option<&[LnbitsWallet]> {
        self.lnbits.as_ref().map(|lnbits| lnbits.wallets.as_slice())
    }
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TillInfo {
    pub(super) url: String,
    pub(super) node_id: String,
    pub(super) node_address: String,
    /// Absent while it does not run.
    pub(super) pid: Option<u32>,
    pub(super) data_dir: String,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PosInfo {
    pub(super) name: String,
    pub(super) pin: String,
    pub(super) password: String,
    pub(super) wallet_password: String,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NodeInfo {
    pub(super) node_id: String,
    pub(super) node_address: String,
}

/// Names as the LNbits surface has them.
#[derive(Clone, Debug, Serialize)]
pub(super) struct LnbitsInfo {
    pub(super) username: String,
    pub(super) password: String,
    pub(super) wallets: Vec<LnbitsWallet>,
}

/// `POST /pay`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Pay {
    pub(super) invoice: Option<String>,
    pub(super) offer: Option<String>,
    pub(super) amount_sat: Option<u64>,
    pub(super) payer_note: Option<String>,
}

/// `POST /pay`, once paid.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Paid {
    pub(super) payment_hash: String,
    pub(super) preimage: String,
    pub(super) fee_msat: u64,
}

/// `POST /invoice`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewInvoice {
    pub(super) amount_sat: Option<u64>,
    #[serde(default)]
    pub(super) memo: String,
    pub(super) expiry_seconds: Option<u32>,
    #[serde(default)]
    pub(super) hold: bool,
}

/// `POST /invoice`, once made.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Invoice {
    pub(super) invoice: String,
    pub(super) payment_hash: String,
}

/// `POST /settle`, `POST /cancel`
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Hash {
    pub(super) payment_hash: String,
}

/// `POST /offer`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewOffer {
    pub(super) amount_sat: Option<u64>,
}

/// `POST /offer`, once made.
#[derive(Debug, Serialize)]
pub(super) struct Offer {
    pub(super) offer: String,
}

/// `POST /fund`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Fund {
    pub(super) address: String,
    pub(super) amount_sat: u64,
    #[serde(default)]
    pub(super) confirm: bool,
}

/// `POST /fund`, once sent.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Funded {
    pub(super) tx_id: String,
}

/// `POST /mine`
#[derive(Debug, Deserialize)]
pub(super) struct Mine {
    #[serde(default = "one")]
    pub(super) blocks: u32,
}

/// `POST /reorg`
#[derive(Debug, Deserialize)]
pub(super) struct Reorg {
    #[serde(default = "one")]
    pub(super) depth: u32,
}

fn one() -> u32 {
    1
}

/// `POST /mine`, `POST /reorg`, `POST /sync`
#[derive(Debug, Serialize)]
pub(super) struct Tip {
    pub(super) height: u32,
    pub(super) tip: String,
}

/// `POST /channel`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewChannel {
    pub(super) from: From,
    pub(super) amount_sat: u64,
    #[serde(default)]
    pub(super) push_sat: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum From {
    Customer,
    Till,
}

/// `POST /channel`, once usable.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Opened {
    pub(super) funding_tx_id: String,
    pub(super) output_index: u32,
}

/// A row of `GET /channels`
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Channel {
    pub(super) channel_id: String,
    pub(super) peer: Option<String>,
    pub(super) capacity_sat: u64,
    pub(super) balance_sat: u64,
    pub(super) inbound_liquidity_sat: u64,
    pub(super) usable: bool,
    pub(super) closing: bool,
}

/// What stops and starts answer.
#[derive(Debug, Serialize)]
pub(super) struct Running {
    pub(super) running: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pid: Option<u32>,
}
