//! What is said over the WebSocket.

use serde::Serialize;

use super::Payment;

/// To whoever listens with a wallet's key.
#[derive(Serialize)]
pub(crate) struct WalletNews {
    /// In whole satoshis, in both dialects.
    pub(crate) wallet_balance: u64,
    pub(crate) payment: Payment,
}

/// To whoever listens with a payment hash.
#[derive(Serialize)]
pub(crate) struct PaymentNews {
    pub(crate) pending: bool,
    pub(crate) status: &'static str,
}
