//! What must hold after every step, and at the end. Keeps its own record of what callers were
//! promised; it shares no code with what it judges but the rows' types.

use std::collections::{BTreeMap, BTreeSet};

use till::flow::NotReserved;
use till::id::{PaymentHash, PaymentId};
use till::invoice::{Invoice, State as InvoiceState};
use till::ledger::entity::{OutgoingHash, Stray};
use till::ledger::{Account, Alarm, Balance, Event, EventBody, Refusal, WalletRef};
use till::node::{NodeEvent, SendRequest, SendTarget};
use till::payment::{Payment, State as PaymentState};

use super::disk::{Disk, Shelf};
use super::node::Node;
use super::wishes::offer_wallet;

/// What was promised and seen.
#[derive(Default)]
pub(crate) struct Rules {
    invoices: BTreeSet<PaymentHash>,
    payments: BTreeSet<PaymentId>,
    /// Attempts that the node was asked for: never twice.
    asked: BTreeSet<(PaymentId, u32)>,
    /// Final rows as a reader saw them: they never change again.
    paid: BTreeMap<PaymentHash, u64>,
    /// The last event that the subscriber has, and every one it was told.
    cursor: u64,
    told: BTreeMap<u64, Event>,
    journal: usize,
}

impl Rules {
    /// Durable before the answer: a payment.
    pub(crate) fn promised_payment(&mut self, shelf: &Shelf, id: PaymentId) {
        assert!(
            shelf.get::<Payment>(&id).is_some(),
            "{id} was promised before it was durable"
        );
        self.payments.insert(id);
    }

    /// Durable before the answer: an invoice.
    pub(crate) fn promised_invoice(&mut self, shelf: &Shelf, hash: PaymentHash) {
        let invoice = shelf
            .get::<Invoice>(&hash)
            .expect("promised before it was durable");
        assert!(invoice.bolt11.is_some());
        self.invoices.insert(hash);
    }

    /// Durable before the answer: the decision to claim.
    pub(crate) fn promised_settling(&mut self, shelf: &Shelf, hash: PaymentHash) {
        let invoice = shelf.get::<Invoice>(&hash).expect("a settled invoice");
        let decided = invoice.claim.is_some() || invoice.state == InvoiceState::Paid;
        assert!(decided, "settled, and nothing decided: {invoice:?}");
    }

    /// Durable before the answer: that nothing is taken.
    pub(crate) fn promised_cancel(&mut self, shelf: &Shelf, hash: PaymentHash) {
        let invoice = shelf.get::<Invoice>(&hash).expect("a cancelled invoice");
        assert_eq!(invoice.state, InvoiceState::Cancelled, "{invoice:?}");
    }

    /// A refusal is answered after the commit on which it rests.
    pub(crate) fn refused(&mut self, shelf: &Shelf, refused: &NotReserved) {
        if let NotReserved::Refused(Refusal::AlreadyPaid(id)) = refused {
            let payment = shelf
                .get::<Payment>(id)
                .expect("refused before it was durable");
            assert_eq!(
                payment.state,
                PaymentState::Succeeded,
                "refused before it was durable"
            );
        }
        if let NotReserved::Refused(Refusal::InFlight(id)) = refused {
            assert!(
                shelf.get::<Payment>(id).is_some(),
                "refused before it was durable"
            );
        }
    }

    /// On disk as pending before the node hears of it, once per attempt, and never while there is still
    /// something of an earlier one.
    pub(crate) fn may_send(&mut self, shelf: &Shelf, node: &Node, request: &SendRequest) {
        if let SendTarget::Bolt11 { hash, .. } = &request.target {
            let under_way =
                node.outgoing.contains_key(hash) || node.memory.accepted.contains_key(hash);
            assert!(!under_way, "{hash} is sent while it is under way");
        }
        let payment = match &request.target {
            SendTarget::Bolt11 { hash, .. } => {
                let found = shelf
                    .get::<OutgoingHash>(hash)
                    .expect("sent before it was durable");
                shelf.get::<Payment>(&found.payment)
            }
            SendTarget::Offer { .. } => shelf
                .get::<till::ledger::entity::Unlinked>(&())
                .and_then(|row| shelf.get::<Payment>(&row.payment?)),
        };
        let payment = payment.expect("sent before it was durable");
        assert_eq!(
            payment.state,
            PaymentState::Pending,
            "sent though it is final"
        );
        assert_eq!(payment.attempt, request.attempt, "another attempt is sent");
        assert_eq!(payment.amount, request.amount);
        assert!(
            self.asked.insert((payment.id, payment.attempt)),
            "the node was asked twice for {}, attempt {}",
            payment.id,
            payment.attempt
        );
    }

    /// An event's effect is durable before it is acknowledged.
    pub(crate) fn acknowledged(&mut self, shelf: &Shelf, event: &NodeEvent) {
        match event {
            NodeEvent::Received { hash, amount, .. } => {
                let invoice = shelf.get::<Invoice>(hash);
                let booked = invoice.is_some_and(|invoice| invoice.receipt.is_some())
                    || shelf.get::<Stray>(&(*hash, true, *amount)).is_some();
                assert!(booked, "acknowledged before it was booked: {event:?}");
            }
            NodeEvent::Sent { hash, .. } => {
                let found = shelf.get::<OutgoingHash>(hash);
                let payment = found.and_then(|found| shelf.get::<Payment>(&found.payment));
                let booked =
                    payment.is_some_and(|payment| payment.state == PaymentState::Succeeded);
                assert!(booked, "acknowledged before it was booked: {event:?}");
            }
            NodeEvent::Claimable { .. }
            | NodeEvent::SendFailed { .. }
            | NodeEvent::Channel { .. }
            | NodeEvent::Splice { .. }
            | NodeEvent::Forwarded { .. }
            | NodeEvent::Other(_) => {}
        }
    }

    /// Announced after it was durable, in order, without a gap.
    pub(crate) fn announced(&mut self, shelf: &Shelf, events: &[Event]) {
        for event in events {
            let durable = shelf.get::<Event>(&event.id);
            assert_eq!(
                durable.as_ref(),
                Some(event),
                "announced before it was durable"
            );
        }
        if !events.is_empty() {
            self.resumed(shelf);
        }
    }

    /// The subscriber reads on from its cursor.
    pub(crate) fn resumed(&mut self, shelf: &Shelf) {
        while let Some(event) = shelf.get::<Event>(&(self.cursor + 1)) {
            self.cursor += 1;
            self.told.insert(self.cursor, event);
        }
    }

    /// After every step.
    pub(crate) fn every_step(&mut self, disk: &Disk, node: &Node) {
        for (hash, times) in &node.paid {
            assert!(*times == 1, "{hash} was paid {times} times");
        }
        if disk.journal.len() == self.journal {
            return;
        }
        self.journal = disk.journal.len();
        let shelf = &disk.shelf;
        let balances = shelf.all::<Balance>();
        let sum = |column: fn(&Balance) -> u64| balances.iter().map(column).sum::<u64>();
        assert_eq!(
            sum(|b| b.debits_posted),
            sum(|b| b.credits_posted),
            "double entry"
        );
        assert_eq!(
            sum(|b| b.debits_pending),
            sum(|b| b.credits_pending),
            "double entry, pending"
        );
        for balance in &balances {
            if let Account::Wallet(WalletRef::Wallet(_)) = balance.account {
                assert!(
                    balance.available_msat() >= 0,
                    "a wallet is below zero: {balance:?}"
                );
            }
        }
        set_aside(shelf, &balances);
        self.promises(shelf);
    }

    fn promises(&mut self, shelf: &Shelf) {
        for id in &self.payments {
            assert!(shelf.get::<Payment>(id).is_some(), "payment {id} is lost");
        }
        for hash in &self.invoices {
            let invoice = shelf.get::<Invoice>(hash).expect("an invoice is lost");
            if let Some(receipt) = invoice.receipt {
                let before = self.paid.insert(*hash, receipt.amount.get());
                assert!(before.is_none_or(|before| before == receipt.amount.get()));
            } else {
                assert!(
                    !self.paid.contains_key(hash),
                    "a receipt is lost: {invoice:?}"
                );
            }
        }
    }

    /// Whoever was told of an event finds it again, the same: looked at after each crash and at the
    /// end.
    pub(crate) fn same_events(&self, shelf: &Shelf) {
        for (id, event) in &self.told {
            let found = shelf.get::<Event>(id);
            assert_eq!(found.as_ref(), Some(event), "event {id} changed");
        }
    }

    /// When everything has come to its end.
    pub(crate) fn at_the_end(&mut self, disk: &Disk, node: &Node) {
        let shelf = &disk.shelf;
        self.same_events(shelf);
        for payment in shelf.all::<Payment>() {
            let open = !payment.state.is_final() && !payment.internal;
            assert!(!open, "stuck: {payment:?}");
            let hash = payment.hash.filter(|_| !payment.internal);
            // Whoever failed before another wallet tried has not paid, whatever became of that.
            let is_latest = hash.is_some_and(|hash| {
                let latest = shelf.get::<OutgoingHash>(&hash);
                latest.is_some_and(|latest| latest.payment == payment.id)
            });
            let was_paid = hash.is_some_and(|hash| node.paid.contains_key(&hash)) && is_latest;
            let says_paid = payment.state == PaymentState::Succeeded && !payment.internal;
            assert_eq!(was_paid, says_paid, "the node says otherwise: {payment:?}");
        }
        for invoice in shelf.all::<Invoice>() {
            assert_ne!(invoice.state, InvoiceState::Claiming, "stuck: {invoice:?}");
        }
        assert!(
            node.events.is_empty(),
            "events were not taken: {:?}",
            node.events
        );
        assert!(node.outgoing.is_empty() && node.memory.accepted.is_empty());
        let balance = |account| {
            shelf
                .get::<Balance>(&account)
                .unwrap_or(Balance::empty(account))
        };
        let held = balance(Account::Lightning).debit_msat();
        assert_eq!(held, node.money, "the ledger and the node disagree");
        let wallets = [WalletRef::House, super::world::OTHER].map(Account::Wallet);
        let owned: i128 = wallets
            .iter()
            .map(|account| balance(*account).credit_msat())
            .sum();
        assert_eq!(owned, node.money, "what is owed is not what is held");
        for (hash, (of, amount)) in &node.paid_to_offers {
            let row = shelf
                .get::<Invoice>(hash)
                .expect("money for an offer has a row");
            assert_eq!(
                row.wallet,
                offer_wallet(*of),
                "it is somebody else's: {row:?}"
            );
            let booked = row.receipt.map(|receipt| receipt.amount.get());
            assert_eq!(booked, Some(*amount), "{row:?}");
        }
        self.alarms(shelf, node);
    }

    /// Alarms are for what nobody asked for, and for nothing else.
    fn alarms(&self, shelf: &Shelf, node: &Node) {
        let alarms = shelf
            .all::<Event>()
            .into_iter()
            .filter_map(|event| match event.body {
                EventBody::Alarm(alarm) => Some(alarm),
                _ => None,
            });
        let mut unasked = 0;
        for alarm in alarms {
            match alarm {
                Alarm::UnaskedReceipt { amount, .. } => unasked += amount.get(),
                Alarm::PaymentOverdue { .. } | Alarm::PaidTwice { .. } => {}
                Alarm::UnknownPayment { .. }
                | Alarm::PostedAfterVoid { .. }
                | Alarm::DepositReversed { .. }
                | Alarm::Unexplained { .. }
                | Alarm::OverFeeCap { .. } => panic!("the till was wrong: {alarm:?}"),
            }
        }
        assert!(
            unasked <= node.unasked,
            "more is unasked for than keysends brought"
        );
    }
}

/// Money is set aside for payments that are not final, once for each, however often they are attempted.
fn set_aside(shelf: &Shelf, balances: &[Balance]) {
    let mut wanted: BTreeMap<WalletRef, u64> = BTreeMap::new();
    for payment in shelf.all::<Payment>() {
        if !payment.state.is_final() {
            let reserved = payment.reserved().expect("a small amount").get();
            *wanted.entry(payment.wallet).or_default() += reserved;
        }
        let waits = payment.state == PaymentState::Waiting;
        assert_eq!(payment.deferred.is_some(), waits, "{payment:?}");
    }
    for balance in balances {
        if let Account::Wallet(wallet) = balance.account {
            let expected = wanted.remove(&wallet).unwrap_or_default();
            assert_eq!(balance.debits_pending, expected, "set aside: {balance:?}");
        }
    }
    assert!(wanted.is_empty(), "nothing is set aside for {wanted:?}");
}
