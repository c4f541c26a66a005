//! A wallet's invoices and payments by their running numbers, and what strangers asked for.

use till::id::{PaymentHash, WalletId};
use till::invoice::Invoice;
use till::ledger::WalletRef;
use till::payment::Payment;

use super::Service;
use super::types::ServiceError;

impl Service {
    /// A wallet's invoices with numbers below `below`, newest first.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read.
    pub async fn invoices_below(
        &self,
        wallet: WalletId,
        below: Option<u32>,
        limit: usize,
    ) -> Result<Vec<Invoice>, ServiceError> {
        let wallet = WalletRef::Wallet(wallet);
        self.read(move |views| views.invoices_below(wallet, below, limit))
            .await
    }

    /// A wallet's outgoing payments, newest first: at most `limit`, of those with numbers below `below`.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read.
    pub async fn payments_below(
        &self,
        wallet: WalletRef,
        below: Option<u32>,
        limit: usize,
    ) -> Result<Vec<Payment>, ServiceError> {
        self.read(move |views| views.payments_below(wallet, below, limit))
            .await
    }

    /// The invoice of a hash that a stranger asked for, paid or not.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read.
    pub async fn strangers_invoice(
        &self,
        hash: PaymentHash,
    ) -> Result<Option<Invoice>, ServiceError> {
        let row = self.row::<Invoice>(&hash)?;
        Ok(row.filter(|invoice| invoice.unlisted && invoice.bolt11.is_some()))
    }
}
