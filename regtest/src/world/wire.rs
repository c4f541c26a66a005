//! The till's POS surface as JSON: the fields that a world reads and writes, and no others.

use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InitialSetup<'a> {
    pub(super) user_name: &'a str,
    pub(super) user_password: &'a str,
    pub(super) user_pin: &'a str,
    pub(super) wallet_password: &'a str,
    pub(super) business_name: &'a str,
}

#[derive(Debug, Serialize)]
pub(super) struct Login<'a> {
    pub(super) name: &'a str,
    pub(super) pin: &'a str,
}

#[derive(Debug, Serialize)]
pub(super) struct WalletAuth<'a> {
    pub(super) password: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OpenChannel {
    pub(super) node_id: String,
    pub(super) address: String,
    pub(super) amount_sat: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) push_sat: Option<u64>,
    pub(super) announce: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewInvoice<'a> {
    pub(super) amount_sat: u64,
    pub(super) description: &'a str,
    pub(super) external_id: &'a str,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Initialized {
    pub(super) initialized: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Address {
    pub(super) address: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NodeInfo {
    pub(super) node_id: String,
    pub(super) block_height: u32,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Balance {
    pub(super) balance_sat: u64,
}

/// An invoice of the till's.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct TillInvoice {
    /// What it is locked to, hexadecimal.
    pub payment_hash: String,
    /// The BOLT 11 text.
    pub serialized: String,
}

/// A row of the till's incoming payments.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Incoming {
    /// What has come in.
    pub received_sat: u64,
    /// How it stands.
    pub status: IncomingStatus,
    /// When the invoice was made, in ms since the epoch.
    pub created_at: u64,
    /// When the money was credited, in ms since the epoch.
    pub completed_at: Option<u64>,
}

/// How an incoming payment stands.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "UPPERCASE")]
pub enum IncomingStatus {
    /// Not paid yet.
    Pending,
    /// Credited.
    Received,
    /// Too late.
    Expired,
    /// Waiting for a word.
    Held,
    /// Called off.
    Cancelled,
}

/// A channel of the till's, as the till tells it.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct TillChannel {
    /// `NORMAL`, `OPENING`, `CLOSING` or `OFFLINE`.
    pub state: String,
    /// BOLT 2 channel id.
    pub channel_id: String,
    /// The other side's public key.
    pub counterparty: Option<String>,
    /// Its size.
    pub capacity_sat: u64,
    /// What is the till's in it.
    pub balance_sat: u64,
    /// What can be received through it.
    pub inbound_liquidity_sat: u64,
    /// The transaction that holds its money, once known.
    pub funding_tx_id: Option<String>,
}

impl TillChannel {
    /// Whether it can be used now.
    pub fn usable(&self) -> bool {
        self.state == "NORMAL"
    }

    /// Whether it is on its way out.
    pub fn closing(&self) -> bool {
        self.state == "CLOSING"
    }
}
