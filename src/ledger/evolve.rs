//! What each fact does to rows. Owns that and nothing else: the journal's replay, the live ledger
//! and the audit all come through here.

mod taken;
mod unlisted;

use super::account::WalletRef;
use super::entity::{Archive, Counters, Entity, OfferPayment, OutgoingHash, Unlinked};
use super::record::Fact;
use super::state::{EvolveError, State};
use crate::access::{AccessNote, Business, User, UserName};
use crate::holder::{Holder, HolderName, Recovery};
use crate::id::{NodePaymentId, OpeningId, PaymentHash, PaymentId};
use crate::invoice::{self, Claim, Held, Invoice};
use crate::meta::Meta;
use crate::money::Msat;
use crate::offer::Offer;
use crate::outbox::{Delivery, OutboxCount, Subject};
use crate::payment::{self, Deferred, FailureReason, Outcome, Payment, Sent};
use crate::time::Timestamp;
use crate::treasury::{Deposit, MinedIn, Opening, OpeningOutcome, Spend, SpendTx, SpendVersion};
use crate::webhook::{Webhook, WebhooksOf};

impl<A: Archive> State<A> {
    pub(super) fn fact(&mut self, seq: u64, at: Timestamp, fact: &Fact) -> Result<(), EvolveError> {
        use invoice::Input as On;
        match fact {
            Fact::InvoiceDrafted(invoice) => self.draft_invoice(seq, invoice),
            Fact::InvoiceIssued {
                hash,
                bolt11,
                number,
                lsp_fee,
            } => self.issue(seq, at, hash, bolt11, *number, *lsp_fee),
            Fact::InvoiceAbandoned(hash) => self.step_invoice(seq, hash, On::Abandon, |_| ()),
            Fact::ClaimIntended { hash, claim } => self.intend_claim(seq, hash, *claim),
            Fact::ClaimLapsed(hash) => self.step_invoice(seq, hash, On::ClaimLapsed, |_| ()),
            Fact::InvoicePaid { hash, receipt } => self.pay_invoice(seq, hash, *receipt),
            Fact::InvoiceForgotten(hash) => self.change_invoice(seq, hash, |i| i.forgotten = true),
            Fact::InvoiceExpired(hash) => self.step_invoice(seq, hash, On::Expire, |_| ()),
            Fact::InvoiceHeld { hash, held } => {
                self.step_invoice(seq, hash, On::Held, |i| i.held = Some(*held))
            }
            // An HTLC stays in the row until the node has failed it back.
            Fact::InvoiceCancelled(hash) => self.step_invoice(seq, hash, On::Cancel, |invoice| {
                invoice.held = invoice.held.filter(|held| matches!(held, Held::Htlc(_)));
            }),
            Fact::HtlcReleased(hash) => self.change_invoice(seq, hash, |i| i.held = None),
            Fact::PreimageTold { hash, preimage } => {
                self.change_invoice(seq, hash, |i| i.preimage = Some(preimage.clone()))
            }
            Fact::PaymentReserved(payment) => self.reserve(seq, payment),
            Fact::PaymentRetried { id, .. } => self.retry(seq, at, id, fact),
            Fact::PaymentSent { id, sent } => self.end(seq, id, Outcome::Sent(sent.clone())),
            Fact::PaymentFailed { id, reason } => self.fail(seq, at, id, *reason),
            Fact::PaymentDeferred { id, reason } => self.defer(seq, at, id, *reason),
            Fact::PaymentResumed(id) => self.resume(seq, at, id),
            Fact::HashTaken { from, by } => self.take_hash(seq, from, by),
            Fact::PaymentLinked { id, node_id, hash } => self.link(seq, id, *node_id, *hash),
            Fact::PaymentOverdue(id) => self.change_payment(seq, id, |p| p.overdue = true),
            Fact::OfferMade(offer) => self.keep_offer(seq, offer),
            Fact::OfferPaid(invoice) => self.pay_offer(seq, invoice),
            Fact::UserSet(user) => self.set_user(seq, user),
            Fact::AccessNoted(note) => self.note(seq, note),
            Fact::Stray(row) => self.set(seq, row),
            Fact::IdempotencyKept(row) => self.set(seq, row.as_ref()),
            Fact::SpendReserved(payment) => self.reserve_spend(seq, payment),
            Fact::SpendReplaced { id, version } => self.replace_spend(seq, id, version),
            Fact::SpendMined { id, mined, sent } => self.mine_spend(seq, id, *mined, sent),
            Fact::SpendFinal(id) => self.change_spend(seq, id, |spend| spend.is_final = true),
            Fact::SpendUnmined(id) => self.unmine_spend(seq, id),
            Fact::CloseJobSet(row) => self.set(seq, row.as_ref()),
            Fact::DepositSet(row) => self.set_deposit(seq, row),
            Fact::AllowanceSet(row) => self.set(seq, row),
            Fact::RestorationSet(row) => self.set(seq, row),
            Fact::InceptionSet(row) => self.set(seq, row),
            Fact::OpeningIntended(row) => self.set(seq, row.as_ref()),
            Fact::OpeningEnded { id, outcome } => self.end_opening(seq, id, *outcome),
            Fact::OnchainBooked(row) => self.set(seq, row),
            Fact::ChannelRecorded(row) => self.set(seq, row.as_ref()),
            Fact::HolderSet(holder) => self.set_holder(seq, holder),
            Fact::WalletSet(row) => self.set(seq, row.as_ref()),
            Fact::KeySet(row) => self.set(seq, row.as_ref()),
            Fact::ShareSet(row) => self.set(seq, row.as_ref()),
            Fact::InvoiceMetaSet { hash, meta } => self.tell_of_invoice(seq, hash, meta),
            Fact::PaymentMetaSet { id, meta } => self.tell_of_payment(seq, id, meta),
            Fact::DeliverySet(row) => self.set_delivery(seq, row),
            Fact::WebhookSet(row) => self.set_webhook(seq, row),
            Fact::BusinessSet(row) => self.set(seq, row.as_ref()),
            Fact::SessionSet(row) => self.set(seq, row),
            Fact::WalletTokenSet(row) => self.set(seq, row),
            Fact::AddressSet(row) => self.set_address(seq, row),
        }
    }

    fn intend_claim(
        &mut self,
        seq: u64,
        hash: &PaymentHash,
        claim: Claim,
    ) -> Result<(), EvolveError> {
        self.step_invoice(seq, hash, invoice::Input::ClaimIntended, |invoice| {
            (invoice.claim, invoice.held) = (Some(claim), None);
        })
    }

    fn fail(
        &mut self,
        seq: u64,
        at: Timestamp,
        id: &PaymentId,
        reason: FailureReason,
    ) -> Result<(), EvolveError> {
        self.end(seq, id, Outcome::Failed { reason, at })?;
        match reason == FailureReason::NeverSent {
            true => self.change_payment(seq, id, |payment| payment.unreported = true),
            false => Ok(()),
        }
    }

    fn tell_of_invoice(
        &mut self,
        seq: u64,
        hash: &PaymentHash,
        meta: &Meta,
    ) -> Result<(), EvolveError> {
        self.change_invoice(seq, hash, |invoice| invoice.meta = meta.clone())
    }

    fn tell_of_payment(
        &mut self,
        seq: u64,
        id: &PaymentId,
        meta: &Meta,
    ) -> Result<(), EvolveError> {
        self.change_payment(seq, id, |payment| payment.meta = meta.clone())
    }

    fn set<E: Entity>(&mut self, seq: u64, row: &E) -> Result<(), EvolveError> {
        self.put(seq, row);
        Ok(())
    }

    /// The name goes to whoever was given it last, unless that was their last record of all.
    fn end_opening(
        &mut self,
        seq: u64,
        id: &OpeningId,
        outcome: OpeningOutcome,
    ) -> Result<(), EvolveError> {
        let missing = || EvolveError::Missing {
            seq,
            what: format!("opening {id}"),
        };
        let opening = self.get::<Opening>(id)?.ok_or_else(missing)?;
        let outcome = Some(outcome);
        self.set(seq, &Opening { outcome, ..opening })
    }

    fn set_user(&mut self, seq: u64, user: &User) -> Result<(), EvolveError> {
        let before = self.get::<User>(&user.id)?;
        match (before.is_some_and(|b| b.is_admin()), user.is_admin()) {
            (false, true) => {
                self.change_business(seq, |shop| shop.admins = shop.admins.saturating_add(1))?;
            }
            (true, false) => {
                self.change_business(seq, |shop| shop.admins = shop.admins.saturating_sub(1))?;
            }
            (false, false) | (true, true) => {}
        }
        if user.is_present() {
            let (name, user) = (user.name.clone(), user.id);
            self.put(seq, &UserName { name, user });
        }
        self.set(seq, user)
    }

    fn set_holder(&mut self, seq: u64, holder: &Holder) -> Result<(), EvolveError> {
        if let Some(name) = holder.name.clone().filter(|_| holder.is_present()) {
            let holder = holder.id;
            self.put(seq, &HolderName { name, holder });
        }
        if let Some(digest) = holder.recovery {
            let holder = holder.id;
            self.put(seq, &Recovery { digest, holder });
        }
        self.set(seq, holder)
    }

    fn set_webhook(&mut self, seq: u64, row: &Webhook) -> Result<(), EvolveError> {
        let wallet = row.wallet;
        let known = self.get::<WebhooksOf>(&wallet)?;
        let mut webhooks = known.map(|list| list.webhooks).unwrap_or_default();
        webhooks.retain(|id| *id != row.id || row.is_present());
        if row.is_present() && !webhooks.contains(&row.id) {
            webhooks.push(row.id);
        }
        self.put(seq, &WebhooksOf { wallet, webhooks });
        self.set(seq, row)
    }

    /// What came of the last try is shown where the webhook was asked for.
    fn set_delivery(&mut self, seq: u64, delivery: &Delivery) -> Result<(), EvolveError> {
        let known = self.get::<OutboxCount>(&())?.unwrap_or_default();
        if delivery.number > known.last {
            let last = delivery.number;
            self.put(seq, &OutboxCount { last });
        }
        if let (Some(status), None) = (&delivery.status, delivery.webhook) {
            let status = Some(status.clone());
            match delivery.subject {
                Subject::Invoice(hash) => {
                    self.change_invoice(seq, &hash, |i| i.meta.webhook_status = status)?;
                }
                Subject::Payment(id) => {
                    self.change_payment(seq, &id, |p| p.meta.webhook_status = status)?;
                }
            }
        }
        self.set(seq, delivery)
    }

    fn note(&mut self, seq: u64, note: &AccessNote) -> Result<(), EvolveError> {
        self.change_business(seq, |shop| shop.notes = note.number)?;
        self.set(seq, note)
    }

    fn change_business(
        &mut self,
        seq: u64,
        change: impl FnOnce(&mut Business),
    ) -> Result<(), EvolveError> {
        let missing = || EvolveError::Missing {
            seq,
            what: "the business".to_owned(),
        };
        let mut shop = self.get::<Business>(&())?.ok_or_else(missing)?;
        change(&mut shop);
        self.set(seq, &shop)
    }

    fn issue(
        &mut self,
        seq: u64,
        at: Timestamp,
        hash: &PaymentHash,
        bolt11: &str,
        number: u32,
        lsp_fee: Option<Msat>,
    ) -> Result<(), EvolveError> {
        let invoice = self.invoice(seq, hash)?;
        let entry = match invoice.unlisted {
            true => 0,
            false => self.enter(seq, invoice.wallet, |counters| counters.invoices = number)?,
        };
        self.step_invoice(seq, hash, invoice::Input::Issue, |invoice| {
            invoice.bolt11 = Some(bolt11.to_owned());
            invoice.lsp_fee_quoted = lsp_fee;
            invoice.created_at = at;
            invoice.number = number;
            invoice.entry = entry;
        })
    }

    /// Something new came or went in a wallet: its place among all that did.
    fn enter(
        &mut self,
        seq: u64,
        wallet: WalletRef,
        count: impl FnOnce(&mut Counters),
    ) -> Result<u32, EvolveError> {
        let mut counters = self.counters(wallet)?;
        count(&mut counters);
        counters.entries = counters.entries.saturating_add(1);
        self.put(seq, &counters);
        Ok(counters.entries)
    }

    fn keep_offer(&mut self, seq: u64, offer: &Offer) -> Result<(), EvolveError> {
        if offer.standing {
            let mut counters = self.counters(offer.wallet)?;
            counters.standing_offer = Some(offer.id);
            self.put(seq, &counters);
        }
        self.set(seq, offer)
    }

    /// The row of such a payment begins and ends at once.
    fn pay_offer(&mut self, seq: u64, invoice: &Invoice) -> Result<(), EvolveError> {
        let number = invoice.number;
        let entry = self.enter(seq, invoice.wallet, |counters| counters.invoices = number)?;
        let invoice = invoice.clone();
        self.set(seq, &Invoice { entry, ..invoice })
    }

    fn retry(
        &mut self,
        seq: u64,
        at: Timestamp,
        id: &PaymentId,
        retried: &Fact,
    ) -> Result<(), EvolveError> {
        self.step_payment(seq, id, payment::Input::Retry, |payment| {
            if let Fact::PaymentRetried {
                amount,
                fee_cap,
                service_fee,
                ..
            } = retried
            {
                payment.amount = *amount;
                payment.fee_cap = *fee_cap;
                payment.service_fee = *service_fee;
            }
            payment.attempt = payment.attempt.saturating_add(1);
            payment.attempted_at = at;
            payment.outcome = None;
            payment.overdue = false;
            // How the attempt before ended the node may not have told.
            payment.retry_until = None;
        })
    }

    fn defer(
        &mut self,
        seq: u64,
        at: Timestamp,
        id: &PaymentId,
        reason: FailureReason,
    ) -> Result<(), EvolveError> {
        self.step_payment(seq, id, payment::Input::Defer, |payment| {
            payment.deferred = Some(Deferred { reason, at });
            payment.overdue = false;
        })
    }

    fn resume(&mut self, seq: u64, at: Timestamp, id: &PaymentId) -> Result<(), EvolveError> {
        self.step_payment(seq, id, payment::Input::Retry, |payment| {
            payment.attempt = payment.attempt.saturating_add(1);
            payment.attempted_at = at;
            payment.deferred = None;
        })
    }

    /// Two payments never share a hash, unless a recipient uses one twice: the first keeps it.
    fn link(
        &mut self,
        seq: u64,
        id: &PaymentId,
        node_id: NodePaymentId,
        hash: Option<PaymentHash>,
    ) -> Result<(), EvolveError> {
        self.change_payment(seq, id, |payment| {
            payment.node_id = Some(node_id);
            payment.hash = payment.hash.or(hash);
        })?;
        let payment = *id;
        self.put(seq, &OfferPayment { node_id, payment });
        if let Some(hash) = hash
            && self.get::<OutgoingHash>(&hash)?.is_none()
        {
            self.put(seq, &OutgoingHash { hash, payment });
        }
        self.forget_unlinked(seq, id)
    }

    fn forget_unlinked(&mut self, seq: u64, id: &PaymentId) -> Result<(), EvolveError> {
        let unlinked = self.get::<Unlinked>(&())?.unwrap_or_default();
        if unlinked.payment == Some(*id) {
            self.put(seq, &Unlinked { payment: None });
        }
        Ok(())
    }

    fn reserve(&mut self, seq: u64, payment: &Payment) -> Result<(), EvolveError> {
        match payment.hash {
            Some(hash) => {
                let payment = payment.id;
                self.put(seq, &OutgoingHash { hash, payment });
            }
            None => {
                let payment = Some(payment.id);
                self.put(seq, &Unlinked { payment });
            }
        }
        self.begin_payment(seq, payment)
    }

    fn begin_payment(&mut self, seq: u64, payment: &Payment) -> Result<(), EvolveError> {
        let number = payment.number;
        let entry = self.enter(seq, payment.wallet, |counters| counters.payments = number)?;
        let payment = payment.clone();
        self.set(seq, &Payment { entry, ..payment })
    }

    fn reserve_spend(&mut self, seq: u64, payment: &Payment) -> Result<(), EvolveError> {
        self.begin_payment(seq, payment)?;
        let versions = payment.spend.iter().flat_map(|spend| &spend.versions);
        for version in versions {
            let (tx_id, payment) = (version.tx_id, payment.id);
            self.put(seq, &SpendTx { tx_id, payment });
        }
        Ok(())
    }

    fn replace_spend(
        &mut self,
        seq: u64,
        id: &PaymentId,
        version: &SpendVersion,
    ) -> Result<(), EvolveError> {
        self.change_payment(seq, id, |payment| {
            payment.amount = version.amount.to_msat();
            payment.fee_cap = version.fee.to_msat();
        })?;
        self.change_spend(seq, id, |spend| spend.versions.push(version.clone()))?;
        let (tx_id, payment) = (version.tx_id, *id);
        self.set(seq, &SpendTx { tx_id, payment })
    }

    /// A reorg may put another of its transactions into the chain: the outcome is then that one's.
    fn mine_spend(
        &mut self,
        seq: u64,
        id: &PaymentId,
        mined: MinedIn,
        sent: &Sent,
    ) -> Result<(), EvolveError> {
        let was_mined = self.payment(seq, id)?.state == payment::State::Succeeded;
        let outcome = Outcome::Sent(sent.clone());
        if was_mined {
            self.change_payment(seq, id, |payment| payment.outcome = Some(outcome))?;
        } else {
            self.step_payment(seq, id, payment::Input::Post, |payment| {
                payment.outcome = Some(outcome);
            })?;
        }
        self.change_payment(seq, id, |payment| {
            let spend = payment.spend.as_ref();
            if let Some(version) = spend.and_then(|spend| spend.version(mined.tx_id)) {
                payment.amount = version.amount.to_msat();
            }
        })?;
        self.change_spend(seq, id, |spend| spend.mined = Some(mined))
    }

    /// It is as before it was mined. Nothing but its end may follow, in the same record.
    fn unmine_spend(&mut self, seq: u64, id: &PaymentId) -> Result<(), EvolveError> {
        self.change_payment(seq, id, |payment| {
            payment.state = payment::State::Pending;
            payment.outcome = None;
        })?;
        self.change_spend(seq, id, |spend| spend.mined = None)
    }

    fn change_spend(
        &mut self,
        seq: u64,
        id: &PaymentId,
        change: impl FnOnce(&mut Spend),
    ) -> Result<(), EvolveError> {
        let missing = || EvolveError::Missing {
            seq,
            what: format!("the transactions of payment {id}"),
        };
        let mut payment = self.payment(seq, id)?;
        change(payment.spend.as_mut().ok_or_else(missing)?);
        self.set(seq, &payment)
    }

    /// Deposits are numbered with the house's invoices: they are one list.
    fn set_deposit(&mut self, seq: u64, deposit: &Deposit) -> Result<(), EvolveError> {
        let (number, known) = (deposit.number, self.counters(WalletRef::House)?);
        if number <= known.invoices {
            return self.set(seq, deposit);
        }
        let entry = self.enter(seq, WalletRef::House, |counters| counters.invoices = number)?;
        self.set(seq, &Deposit { entry, ..*deposit })
    }

    fn step_invoice(
        &mut self,
        seq: u64,
        hash: &PaymentHash,
        input: invoice::Input,
        change: impl FnOnce(&mut Invoice),
    ) -> Result<(), EvolveError> {
        let mut invoice = self.invoice(seq, hash)?;
        let (was_live, waited) = (invoice.is_live(), invoice.is_outstanding());
        invoice.state = invoice
            .state
            .after(input)
            .ok_or_else(|| EvolveError::WrongStep {
                seq,
                what: format!("invoice {hash}: {input:?} in {:?}", invoice.state),
            })?;
        change(&mut invoice);
        self.put(seq, &invoice);
        self.count_live(seq, invoice.wallet, was_live, invoice.is_live())?;
        self.count_unlisted(seq, invoice.wallet, waited, invoice.is_outstanding())
    }

    /// The house is never deleted and has no limit, so nobody asks how many of its invoices are live.
    fn count_live(
        &mut self,
        seq: u64,
        wallet: WalletRef,
        before: bool,
        after: bool,
    ) -> Result<(), EvolveError> {
        if wallet == WalletRef::House || before == after {
            return Ok(());
        }
        let mut counters = self.counters(wallet)?;
        counters.live = match after {
            true => counters.live.saturating_add(1),
            false => counters.live.saturating_sub(1),
        };
        self.put(seq, &counters);
        Ok(())
    }

    fn end(&mut self, seq: u64, id: &PaymentId, outcome: Outcome) -> Result<(), EvolveError> {
        let input = match outcome {
            Outcome::Sent(_) => payment::Input::Post,
            Outcome::Failed { .. } => payment::Input::Void,
        };
        self.step_payment(seq, id, input, |payment| {
            payment.outcome = Some(outcome);
            payment.deferred = None;
        })?;
        self.forget_unlinked(seq, id)
    }

    fn step_payment(
        &mut self,
        seq: u64,
        id: &PaymentId,
        input: payment::Input,
        change: impl FnOnce(&mut Payment),
    ) -> Result<(), EvolveError> {
        let mut payment = self.payment(seq, id)?;
        payment.state = payment
            .state
            .after(input)
            .ok_or_else(|| EvolveError::WrongStep {
                seq,
                what: format!("payment {id}: {input:?} in {:?}", payment.state),
            })?;
        change(&mut payment);
        self.put(seq, &payment);
        Ok(())
    }

    fn change_payment(
        &mut self,
        seq: u64,
        id: &PaymentId,
        change: impl FnOnce(&mut Payment),
    ) -> Result<(), EvolveError> {
        let mut payment = self.payment(seq, id)?;
        change(&mut payment);
        self.put(seq, &payment);
        Ok(())
    }

    fn payment(&self, seq: u64, id: &PaymentId) -> Result<Payment, EvolveError> {
        let missing = || EvolveError::Missing {
            seq,
            what: format!("payment {id}"),
        };
        self.get::<Payment>(id)?.ok_or_else(missing)
    }

    fn change_invoice(
        &mut self,
        seq: u64,
        hash: &PaymentHash,
        change: impl FnOnce(&mut Invoice),
    ) -> Result<(), EvolveError> {
        let mut invoice = self.invoice(seq, hash)?;
        change(&mut invoice);
        self.put(seq, &invoice);
        Ok(())
    }

    fn invoice(&self, seq: u64, hash: &PaymentHash) -> Result<Invoice, EvolveError> {
        let missing = || EvolveError::Missing {
            seq,
            what: format!("invoice {hash}"),
        };
        self.get::<Invoice>(hash)?.ok_or_else(missing)
    }
}
