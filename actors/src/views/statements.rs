//! Pages by number: lines of a wallet's statement, and its payments. Both lie side by side and in order,
//! so a page is a range of keys.

use till::id::WalletId;
use till::ledger::{Entity, WalletRef};
use till::payment::Payment;
use till::transaction::Transaction;

use super::index::{self, Index};
use super::{ViewError, Views};

impl Views {
    /// At most `limit` lines of a wallet's, newest first, with numbers below `below`.
    ///
    /// # Errors
    /// [`ViewError`] if a row cannot be read.
    pub fn transactions(
        &self,
        wallet: WalletId,
        below: Option<u32>,
        limit: usize,
    ) -> Result<Vec<Transaction>, ViewError> {
        self.vital(|| {
            let first = Transaction::key_bytes(&(wallet, 0));
            let end = below.unwrap_or(u32::MAX);
            let end = Transaction::key_bytes(&(wallet, end));
            let rows = self.tree.range(first..end).rev().take(limit);
            rows.map(|row| {
                let (key, value) = row?;
                Ok(Transaction::from_bytes(&key, &value)?)
            })
            .collect()
        })
    }

    /// At most `limit` payments of a wallet's, newest first, with numbers below `below`.
    ///
    /// # Errors
    /// [`ViewError`] if a row cannot be read.
    pub fn payments_below(
        &self,
        wallet: WalletRef,
        below: Option<u32>,
        limit: usize,
    ) -> Result<Vec<Payment>, ViewError> {
        self.vital(|| {
            let key = |number| index::numbered(Index::Payments, wallet, number);
            let range = key(0)..key(below.unwrap_or(u32::MAX));
            let entries = self.tree.range(range).rev().take(limit);
            entries
                .map(|entry| self.payment_row(index::payment_at_end(&entry?.1)?))
                .collect()
        })
    }
}
