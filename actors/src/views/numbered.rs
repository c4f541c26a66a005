//! A wallet's invoices and payments by their running numbers: pages that begin below a number, and one
//! by its own; and invoices without one that the node shall forget.

use till::id::PaymentHash;
use till::invoice::Invoice;
use till::ledger::WalletRef;
use till::ledger::entity::{OutgoingHash, Superseded};
use till::payment::Payment;
use till::time::Timestamp;

use super::index::{self, Incoming, Index};
use super::{ViewError, Views};

impl Views {
    /// What a wallet paid, or failed to pay, of a hash.
    ///
    /// # Errors
    /// [`ViewError`] if a row cannot be read.
    pub fn payment_of_wallet(
        &self,
        wallet: WalletRef,
        hash: &PaymentHash,
    ) -> Result<Option<Payment>, ViewError> {
        let latest = match self.get::<OutgoingHash>(hash)? {
            Some(found) => self.get::<Payment>(&found.payment)?,
            None => return Ok(None),
        };
        if let Some(own) = latest.filter(|payment| payment.wallet == wallet) {
            return Ok(Some(own));
        }
        match self.get::<Superseded>(&(*hash, wallet))? {
            Some(found) => self.get(&found.payment),
            None => Ok(None),
        }
    }

    /// A wallet's invoices with numbers below `below`, the highest first.
    ///
    /// # Errors
    /// [`ViewError`] if a row cannot be read.
    pub fn invoices_below(
        &self,
        wallet: WalletRef,
        below: Option<u32>,
        limit: usize,
    ) -> Result<Vec<Invoice>, ViewError> {
        self.vital(|| {
            let prefix = index::wallet_prefix(Index::Incoming, wallet);
            let numbers = 1..below.unwrap_or(u32::MAX).max(1);
            let mut page = Vec::new();
            for entry in self.newest_first(&prefix, &numbers) {
                if page.len() == limit {
                    break;
                }
                match Incoming::from_bytes(&entry?.1)? {
                    Incoming::Invoice(hash) => page.push(self.invoice_row(hash)?),
                    // Only the house has deposits, and its list is not this one.
                    Incoming::Deposit(_) => {}
                }
            }
            Ok(page)
        })
    }

    /// The wallet's invoice with this number.
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
            let Some(found) = self.tree.get(key)? else {
                return Ok(None);
            };
            match Incoming::from_bytes(&found)? {
                Incoming::Invoice(hash) => Ok(Some(self.invoice_row(hash)?)),
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

    /// Invoices that nobody paid and that the node can forget at `now`, the oldest first.
    ///
    /// # Errors
    /// [`ViewError`] if an entry cannot be read.
    pub fn forgettable(&self, now: Timestamp, limit: usize) -> Result<Vec<PaymentHash>, ViewError> {
        self.vital(|| {
            let mut due = Vec::new();
            for entry in self.tree.scan_prefix([Index::Forgettable as u8]).keys() {
                let entry = entry?;
                let millis = entry.get(1..9).and_then(|bytes| bytes.try_into().ok());
                let at = Timestamp::from_millis(u64::from_be_bytes(millis.unwrap_or_default()));
                if at > now || due.len() == limit {
                    break;
                }
                due.push(index::hash_at_end(&entry)?);
            }
            Ok(due)
        })
    }
}
