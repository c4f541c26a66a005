//! One invoice or payment of a wallet, as its owner names it. Owns that nobody finds another's.

use till::id::PaymentHash;
use till::invoice::Invoice;
use till::ledger::WalletRef;
use till::payment::Payment;

use super::{Service, ServiceError};

/// How the owner of a wallet names an invoice or a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowName {
    /// By its running number in the wallet.
    Number(u32),
    /// By its payment hash.
    Hash(PaymentHash),
}

impl Service {
    /// A wallet's issued invoice.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read.
    pub fn invoice_named(
        &self,
        wallet: WalletRef,
        name: RowName,
    ) -> Result<Option<Invoice>, ServiceError> {
        let found = match name {
            RowName::Number(number) => self.parts.views.invoice_numbered(wallet, number)?,
            RowName::Hash(hash) => self.row::<Invoice>(&hash)?,
        };
        Ok(found.filter(|row| row.wallet == wallet && row.number > 0))
    }

    /// A wallet's outgoing payment.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read.
    pub fn payment_named(
        &self,
        wallet: WalletRef,
        name: RowName,
    ) -> Result<Option<Payment>, ServiceError> {
        let found = match name {
            RowName::Number(number) => self.parts.views.payment_numbered(wallet, number)?,
            RowName::Hash(hash) => self.parts.views.payment_of_wallet(wallet, &hash)?,
        };
        Ok(found.filter(|row| row.wallet == wallet))
    }
}
