//! One row by its number in a wallet. Owns the look-up; knows no surface.

use till::invoice::Invoice;
use till::ledger::WalletRef;
use till::payment::Payment;

use super::index::{self, Incoming, Index};
use super::{ViewError, Views};

impl Views {
    /// A wallet's invoice with this number; a deposit is none.
    ///
    /// # Errors
    /// [`ViewError`] if a row cannot be read.
    pub fn invoice_numbered(
        &self,
        wallet: WalletRef,
        number: u32,
    ) -> Result<Option<Invoice>, ViewError> {
        self.vital(|| {
            let key = index::numbered(Index::Incoming, wallet, number);
            let Some(entry) = self.tree.get(key)? else {
                return Ok(None);
            };
            match Incoming::from_bytes(&entry)? {
                Incoming::Invoice(hash) => self.invoice_row(hash).map(Some),
                Incoming::Deposit(_) => Ok(None),
            }
        })
    }

    /// A wallet's outgoing payment with this number.
    ///
    /// # Errors
    /// [`ViewError`] if a row cannot be read.
    pub fn payment_numbered(
        &self,
        wallet: WalletRef,
        number: u32,
    ) -> Result<Option<Payment>, ViewError> {
        self.vital(|| {
            let key = index::numbered(Index::Payments, wallet, number);
            match self.tree.get(key)? {
                Some(entry) => self.payment_row(index::payment_at_end(&entry)?).map(Some),
                None => Ok(None),
            }
        })
    }
}
