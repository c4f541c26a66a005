//! A hash that goes from a wallet that failed to pay it to another one. Owns what is carried over: the
//! count of attempts, and whether a report of one of them may still come.

use super::State;
use crate::id::PaymentId;
use crate::ledger::entity::{Archive, OutgoingHash, Superseded};
use crate::ledger::state::EvolveError;

impl<A: Archive> State<A> {
    pub(super) fn take_hash(
        &mut self,
        seq: u64,
        from: &PaymentId,
        by: &PaymentId,
    ) -> Result<(), EvolveError> {
        let earlier = self.payment(seq, from)?;
        let missing = || EvolveError::Missing {
            seq,
            what: format!("the hash of payment {from}"),
        };
        let hash = earlier.hash.ok_or_else(missing)?;
        let (wallet, payment) = (earlier.wallet, *from);
        let superseded = Superseded {
            hash,
            wallet,
            payment,
        };
        self.set(seq, &superseded)?;
        let payment = *by;
        self.set(seq, &OutgoingHash { hash, payment })?;
        self.change_payment(seq, by, |payment| {
            payment.attempt = earlier.attempt.saturating_add(1);
            payment.unreported |= earlier.unreported;
        })
    }
}
