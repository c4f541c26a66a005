//! What is counted so that there is never too much of it: invoices that strangers asked for, which come
//! into the lists only when they are paid, and Lightning addresses.

use super::State;
use crate::address::Address;
use crate::id::PaymentHash;
use crate::invoice::{self, Invoice, Receipt};
use crate::ledger::account::WalletRef;
use crate::ledger::entity::{Archive, UnlistedCount};
use crate::ledger::state::EvolveError;

impl<A: Archive> State<A> {
    pub(super) fn draft_invoice(&mut self, seq: u64, invoice: &Invoice) -> Result<(), EvolveError> {
        self.set(seq, invoice)?;
        self.count_unlisted(seq, invoice.wallet, false, invoice.is_outstanding())
    }

    /// What a stranger asked for gets its number and its place now, and with them its time: numbers
    /// grow with time.
    pub(super) fn pay_invoice(
        &mut self,
        seq: u64,
        hash: &PaymentHash,
        receipt: Receipt,
    ) -> Result<(), EvolveError> {
        let invoice = self.invoice(seq, hash)?;
        let listed = match invoice.unlisted {
            true => {
                let wallet = invoice.wallet;
                let number = self.counters(wallet)?.invoices.saturating_add(1);
                let entry = self.enter(seq, wallet, |counters| counters.invoices = number)?;
                Some((number, entry))
            }
            false => None,
        };
        self.step_invoice(seq, hash, invoice::Input::Received, |invoice| {
            (invoice.receipt, invoice.held) = (Some(receipt), None);
            if let Some((number, entry)) = listed {
                (invoice.number, invoice.entry) = (number, entry);
                invoice.created_at = receipt.at;
            }
        })
    }

    pub(super) fn count_unlisted(
        &mut self,
        seq: u64,
        wallet: WalletRef,
        before: bool,
        after: bool,
    ) -> Result<(), EvolveError> {
        if before == after {
            return Ok(());
        }
        let mut in_all = self.get::<UnlistedCount>(&())?.unwrap_or_default();
        in_all.unpaid = stepped(in_all.unpaid, after);
        self.put(seq, &in_all);
        let mut counters = self.counters(wallet)?;
        counters.unlisted = stepped(counters.unlisted, after);
        self.put(seq, &counters);
        Ok(())
    }

    pub(super) fn set_address(&mut self, seq: u64, address: &Address) -> Result<(), EvolveError> {
        let before = self.get::<Address>(&address.name)?;
        if let Some(before) = before.filter(Address::is_live) {
            self.count_address(seq, &before, false)?;
        }
        if address.is_live() {
            self.count_address(seq, address, true)?;
        }
        self.set(seq, address)
    }

    fn count_address(
        &mut self,
        seq: u64,
        address: &Address,
        comes: bool,
    ) -> Result<(), EvolveError> {
        let mut counters = self.counters(WalletRef::Wallet(address.wallet))?;
        counters.addresses = stepped(counters.addresses, comes);
        self.put(seq, &counters);
        Ok(())
    }
}

const fn stepped(count: u32, up: bool) -> u32 {
    match up {
        true => count.saturating_add(1),
        false => count.saturating_sub(1),
    }
}
