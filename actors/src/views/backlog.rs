//! What waits, as numbers for whoever watches the till. Owns the counts and their bounds.

use till::invoice::{Invoice, State};
use till::ledger::WalletRef;

use super::index::Index;
use super::{ViewError, Views};

/// Deliveries that are counted; more are told as so many.
const MAX_COUNTED: usize = 10_000;

impl Views {
    /// Invoices of wallets whose money is being claimed and is not credited yet.
    ///
    /// # Errors
    /// [`ViewError`] if a row cannot be read.
    pub fn claims_of_wallets(&self) -> Result<u64, ViewError> {
        let mut count = 0;
        for hash in self.to_be_tended()? {
            let row = self.get::<Invoice>(&hash)?;
            let claims = |row: &Invoice| row.state == State::Claiming;
            let of_wallet = |row: &Invoice| row.wallet != WalletRef::House;
            count += u64::from(row.is_some_and(|row| claims(&row) && of_wallet(&row)));
        }
        Ok(count)
    }

    /// Deliveries that wait to go out, 10,000 at most.
    ///
    /// # Errors
    /// [`ViewError`] if an entry cannot be read.
    pub fn deliveries_waiting(&self) -> Result<u64, ViewError> {
        self.vital(|| {
            let waiting = self.tree.scan_prefix([Index::Waiting as u8]).keys();
            waiting.take(MAX_COUNTED).try_fold(0, |count, key| {
                key?;
                Ok(count + 1)
            })
        })
    }
}
