//! A record in the making. Owns event numbering; rules fill it in.

use crate::ledger::account::{Account, WalletRef};
use crate::ledger::entity::Progress;
use crate::ledger::record::{Alarm, Event, EventBody, Fact, Record};
use crate::ledger::transfer::{Cause, Phase, Transfer};
use crate::money::Msat;
use crate::time::Timestamp;

/// Collects what a command changes. Without facts and transfers it becomes an empty record.
#[derive(Clone)]
pub(super) struct Draft {
    record: Record,
    next_event_id: u64,
}

impl Draft {
    pub(super) fn new(progress: Progress, at: Timestamp) -> Self {
        let record = Record {
            at,
            ..Record::default()
        };
        Self {
            record,
            next_event_id: progress.event_id + 1,
        }
    }

    /// The record's time.
    pub(super) const fn at(&self) -> Timestamp {
        self.record.at
    }

    pub(super) fn fact(mut self, fact: Fact) -> Self {
        self.record.facts.push(fact);
        self
    }

    /// Moves money; nothing is recorded for an amount of zero.
    pub(super) fn transfer(
        mut self,
        phase: Phase,
        (debit, credit): (Account, Account),
        amount: Msat,
        cause: Cause,
    ) -> Self {
        if !amount.is_zero() {
            self.record.transfers.push(Transfer {
                debit,
                credit,
                amount,
                phase,
                cause,
            });
        }
        self
    }

    pub(super) fn post(self, accounts: (Account, Account), amount: Msat, cause: Cause) -> Self {
        self.transfer(Phase::Post, accounts, amount, cause)
    }

    pub(super) fn event(mut self, wallet: WalletRef, body: EventBody) -> Self {
        self.record.events.push(Event {
            id: self.next_event_id,
            at: self.record.at,
            wallet,
            body,
        });
        self.next_event_id += 1;
        self
    }

    /// What is told of wallets only: whoever works with the house's money is told enough.
    pub(super) fn event_of_wallet(self, wallet: WalletRef, body: EventBody) -> Self {
        match wallet {
            WalletRef::House => self,
            WalletRef::Wallet(_) => self.event(wallet, body),
        }
    }

    /// Alarms are the house's: its owner runs the node.
    pub(super) fn alarm(self, alarm: Alarm) -> Self {
        self.event(WalletRef::House, EventBody::Alarm(alarm))
    }

    pub(super) fn finish(self) -> Record {
        self.record
    }
}
