//! A wallet's invoices by their running numbers.

use till::id::{PaymentHash, WalletId};
use till::invoice::Invoice;
use till::ledger::WalletRef;

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

    /// The wallet's invoice with this number.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read.
    pub async fn invoice_numbered(
        &self,
        wallet: WalletId,
        number: u32,
    ) -> Result<Option<Invoice>, ServiceError> {
        let wallet = WalletRef::Wallet(wallet);
        self.read(move |views| views.invoice_numbered(wallet, number))
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
