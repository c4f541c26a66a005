//! The check: what became of payments that no event will tell of, because the process died between
//! the reservation and the node, or between the node and its disk.
//!
//! It never sends. It posts what the node's row proves, and voids only what two looks, some time
//! apart, show to be nowhere in any channel while every channel can be asked. When in doubt it
//! waits, says for what, and raises one alarm when that takes long.

use std::collections::{HashSet, VecDeque};

use super::{Answer, Effect, Flow, Step, row};
use crate::id::{NodePaymentId, PaymentId};
use crate::ledger::entity::{Damaged, OfferPayment, OutgoingHash};
use crate::ledger::{Archive, Command, Which};
use crate::money::Msat;
use crate::node::{Look, NodePayment, NodePaymentStatus};
use crate::payment::{FailureReason, Payment, State as PaymentState};
use crate::restoration::Restoration;
use crate::time::Timestamp;
use crate::treasury::{Channel, ChannelState};

/// A node asks whoever made an offer for an invoice during two of its minutes, and then tries to pay for
/// some seconds more. While it does, there is no HTLC to be seen, and there may yet be one: in
/// milliseconds, with room to spare.
const OFFER_REQUEST_MILLIS: u64 = 180_000;

/// When the check does what, in milliseconds. All follow from the pause between two looks, but for
/// what the node needs for an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckTimes {
    /// Younger payments are left to their events.
    pub leave_alone: u64,
    /// How long the node must have run, since the attempt and since the start, before a payment to an
    /// offer is given up.
    pub offer_running: u64,
    /// A payment that is pending for longer is worth an alarm.
    pub overdue: u64,
}

impl CheckTimes {
    /// Two pauses, five and sixty of them: with the usual minute, two and five minutes and an hour.
    #[must_use]
    pub const fn from_pause(millis: u64) -> Self {
        let five = millis.saturating_mul(5);
        let offer_running = if five > OFFER_REQUEST_MILLIS {
            five
        } else {
            OFFER_REQUEST_MILLIS
        };
        Self {
            leave_alone: millis.saturating_mul(2),
            offer_running,
            overdue: millis.saturating_mul(60),
        }
    }
}

/// Why a payment stays pending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Waiting {
    /// It is young: its event is likely to come.
    Young,
    /// A channel has an HTLC of it.
    Htlc,
    /// A channel has an HTLC that could be one of a payment to an offer.
    UnknownHtlc,
    /// Channels have HTLCs too small to be told apart; one could be its.
    Dust,
    /// A channel that existed when it was made cannot be asked, and is not closed for good.
    Channel([u8; 16]),
    /// The node must run for some minutes before a payment to an offer is given up.
    Running,
    /// One look found it nowhere; the next one decides.
    SecondLook,
    /// It was under way when the backup was taken that the till was restored from.
    Restored,
    /// The node does not answer.
    Node,
}

impl Waiting {
    /// What has to happen, for a person.
    #[must_use]
    pub fn sentence(self) -> String {
        match self {
            Self::Young => "it was made a short while ago: the node is likely to tell".into(),
            Self::Htlc => "an HTLC of it is in a channel: the recipient has it, or a node on the \
                           way; it ends at the latest when its time lock does"
                .into(),
            Self::UnknownHtlc => {
                "a channel has an HTLC that may be of this payment to an offer".into()
            }
            Self::Dust => {
                "channels have HTLCs too small to be told apart; one may be its own".into()
            }
            Self::Channel(id) => format!(
                "channel {} cannot be asked: its peer is away, or its closing is not final",
                hex::encode(id)
            ),
            Self::Running => {
                "the node has not run long enough to give up a payment to an offer".into()
            }
            Self::SecondLook => {
                "one look found it nowhere; if the next does, it is given back".into()
            }
            Self::Restored => "it was under way when the backup was taken, and the node that made it is \
                               lost: nobody but its recipient can tell. Say which with --was-paid or \
                               --was-not-paid; its money stays set aside until then"
                .into(),
            Self::Node => "the node does not answer".into(),
        }
    }
}

/// One look at payments that are pending.
#[derive(Clone, Debug)]
pub struct Check {
    pending: VecDeque<Payment>,
    channels: Vec<Channel>,
    before: HashSet<(PaymentId, u32)>,
    now: Timestamp,
    running_millis: u64,
    times: CheckTimes,
    look: Look,
    stage: Stage,
    checked: Checked,
}

/// What a look came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Attempts that were found nowhere, for the next look.
    pub absent: HashSet<(PaymentId, u32)>,
    /// What the others wait for.
    pub waiting: Vec<(PaymentId, Waiting)>,
}

#[derive(Clone, Debug)]
enum Stage {
    Begin,
    Looking,
    Asking(Box<Payment>),
    Booking,
}

enum Verdict {
    Book(Box<Command>),
    Waits(Waiting),
    Absent,
}

impl Check {
    /// A look at `now` at payments that are pending, with every channel there ever was, what the last
    /// look found absent, and how long the node has run since the process started.
    ///
    /// Payments that this process is just handing over MUST be left out: one that waits for its turn
    /// at the node would be voided first and sent then.
    #[must_use]
    pub fn new(
        pending: Vec<Payment>,
        channels: Vec<Channel>,
        before: HashSet<(PaymentId, u32)>,
        (now, running_millis): (Timestamp, u64),
        times: CheckTimes,
    ) -> Self {
        Self {
            pending: pending.into(),
            channels,
            before,
            now,
            running_millis,
            times,
            look: Look::default(),
            stage: Stage::Begin,
            checked: Checked::default(),
        }
    }

    fn next(&mut self, rows: &dyn Archive) -> Result<Step<Checked>, Damaged> {
        while let Some(payment) = self.pending.pop_front() {
            // Sending may have gone on since the list was made.
            let fresh = row::<Payment>(rows, &payment.id)?;
            if self.is_left_open(rows, fresh.as_ref())? {
                match self.wait(&payment, Waiting::Restored) {
                    Some(step) => return Ok(step),
                    None => continue,
                }
            }
            let same = fresh.filter(|fresh| {
                fresh.state == PaymentState::Pending && fresh.attempt == payment.attempt
            });
            let Some(payment) = same.filter(|payment| !payment.internal) else {
                continue;
            };
            // Others may not be made before this one is linked, however young it is.
            if let Some(node_id) = self.unlinked_row(rows, &payment)? {
                self.stage = Stage::Booking;
                return Ok(Step::execute(link(&payment, node_id)));
            }
            if self.now.millis_since(payment.attempted_at) <= self.times.leave_alone {
                self.checked.waiting.push((payment.id, Waiting::Young));
                continue;
            }
            if let Some(id) = payment.node_payment_id() {
                self.stage = Stage::Asking(Box::new(payment));
                return Ok(Step::effect(Effect::Row(id)));
            }
            if let Some(step) = self.conclude(rows, &payment, None)? {
                return Ok(step);
            }
        }
        Ok(Step::Done(std::mem::take(&mut self.checked)))
    }

    /// Whether only the operator can tell what became of it, because a restoration lost the node that could.
    fn is_left_open(&self, rows: &dyn Archive, fresh: Option<&Payment>) -> Result<bool, Damaged> {
        let restored = row::<Restoration>(rows, &())?;
        let open = |fresh: &Payment| restored.is_some_and(|row| row.leaves_open(fresh));
        Ok(fresh.is_some_and(open))
    }

    /// What the node calls a payment to an offer that is not linked yet: there is one such payment at
    /// most, and nobody is just handing it over, so a row that nothing explains is its own.
    fn unlinked_row(
        &self,
        rows: &dyn Archive,
        payment: &Payment,
    ) -> Result<Option<NodePaymentId>, Damaged> {
        if payment.offer.is_none() || payment.node_id.is_some() {
            return Ok(None);
        }
        for node_id in &self.look.offer_payments {
            if row::<OfferPayment>(rows, node_id)?.is_none() {
                return Ok(Some(*node_id));
            }
        }
        Ok(None)
    }

    /// Notes the verdict, or has it booked.
    fn conclude(
        &mut self,
        rows: &dyn Archive,
        payment: &Payment,
        found: Option<&NodePayment>,
    ) -> Result<Option<Step<Checked>>, Damaged> {
        let key = (payment.id, payment.attempt);
        let waiting = match self.verdict(rows, payment, found)? {
            Verdict::Book(command) => {
                self.stage = Stage::Booking;
                return Ok(Some(Step::execute(*command)));
            }
            Verdict::Absent if self.before.contains(&key) => {
                self.stage = Stage::Booking;
                return Ok(Some(Step::execute(never_sent(payment))));
            }
            Verdict::Absent => {
                self.checked.absent.insert(key);
                Waiting::SecondLook
            }
            Verdict::Waits(waiting) => waiting,
        };
        Ok(self.wait(payment, waiting))
    }

    fn wait(&mut self, payment: &Payment, waiting: Waiting) -> Option<Step<Checked>> {
        let id = payment.id;
        self.checked.waiting.push((id, waiting));
        let age = self.now.millis_since(payment.attempted_at);
        let under_way = payment.state == PaymentState::Pending;
        if payment.overdue || age <= self.times.overdue || !under_way {
            return None;
        }
        self.stage = Stage::Booking;
        Some(Step::execute(Command::RaiseOverdue { id }))
    }

    fn verdict(
        &self,
        rows: &dyn Archive,
        payment: &Payment,
        found: Option<&NodePayment>,
    ) -> Result<Verdict, Damaged> {
        if let Some(post) = found.and_then(|found| posted(payment, found)) {
            return Ok(Verdict::Book(Box::new(post)));
        }
        if let Some(waiting) = self.in_a_channel(rows, payment)? {
            return Ok(Verdict::Waits(waiting));
        }
        let in_the_way = self
            .channels
            .iter()
            .find(|channel| self.hides_htlcs(channel, payment));
        if let Some(channel) = in_the_way {
            return Ok(Verdict::Waits(Waiting::Channel(channel.user_channel_id)));
        }
        let age = self.now.millis_since(payment.attempted_at);
        let had = self.running_millis.min(age);
        if payment.offer.is_some() && had < self.times.offer_running {
            return Ok(Verdict::Waits(Waiting::Running));
        }
        Ok(Verdict::Absent)
    }

    fn in_a_channel(
        &self,
        rows: &dyn Archive,
        payment: &Payment,
    ) -> Result<Option<Waiting>, Damaged> {
        match payment.hash {
            Some(hash) if self.look.outgoing.contains(&hash) => return Ok(Some(Waiting::Htlc)),
            Some(_) => {}
            None => {
                for hash in &self.look.outgoing {
                    if row::<OutgoingHash>(rows, hash)?.is_none() {
                        return Ok(Some(Waiting::UnknownHtlc));
                    }
                }
            }
        }
        // Dust shows only as a sum. Other payments may well explain it, but after a crash nobody
        // knows which of them were sent, and a part of one may be left: none of it is explained
        // away but what bigger HTLCs leave by rounding.
        Ok(self.look.has_unlisted_dust().then_some(Waiting::Dust))
    }

    /// Whether a channel that may hold an HTLC of the payment cannot be asked: it was there when the
    /// attempt was made, and is neither usable nor closed for good.
    fn hides_htlcs(&self, channel: &Channel, payment: &Payment) -> bool {
        let came_later = channel.opened_at > payment.attempted_at;
        let never_was = channel.state == ChannelState::Opening || channel.funding_tx.is_none();
        if came_later || never_was || channel.closed_for_good(self.look.height) {
            return false;
        }
        let listed = self
            .look
            .channels
            .iter()
            .find(|(id, _)| *id == channel.user_channel_id);
        !listed.is_some_and(|(_, usable)| *usable)
    }
}

impl Flow for Check {
    type Outcome = Checked;

    fn step(
        &mut self,
        rows: &dyn Archive,
        answer: Option<Answer>,
    ) -> Result<Step<Checked>, Damaged> {
        match (std::mem::replace(&mut self.stage, Stage::Booking), answer) {
            (Stage::Begin, _) if self.pending.is_empty() => {
                Ok(Step::Done(std::mem::take(&mut self.checked)))
            }
            (Stage::Begin, _) => {
                self.stage = Stage::Looking;
                Ok(Step::effect(Effect::Look))
            }
            (Stage::Looking, Some(Answer::Look(Ok(look)))) => {
                self.look = look;
                self.next(rows)
            }
            (Stage::Asking(payment), Some(Answer::Row(Ok(found)))) => {
                match self.conclude(rows, &payment, found.as_ref())? {
                    Some(step) => Ok(step),
                    None => self.next(rows),
                }
            }
            (Stage::Booking, _) => self.next(rows),
            (Stage::Looking | Stage::Asking(_), _) => {
                let silent = |payment: &Payment| (payment.id, Waiting::Node);
                let waiting = self.pending.iter().map(silent).collect();
                let absent = HashSet::new();
                Ok(Step::Done(Checked { absent, waiting }))
            }
        }
    }
}

/// Success in the node's row is never stale.
fn posted(payment: &Payment, found: &NodePayment) -> Option<Command> {
    if found.status != NodePaymentStatus::Succeeded {
        return None;
    }
    let (id, hash) = (payment.node_payment_id()?, found.hash.or(payment.hash)?);
    Some(Command::PostPayment {
        which: Which::Node {
            id,
            hash: Some(hash),
        },
        hash,
        preimage: found.preimage.clone(),
        fee: found.fee.unwrap_or(Msat::ZERO),
        node_amount: found.amount,
    })
}

fn link(payment: &Payment, node_id: NodePaymentId) -> Command {
    let id = payment.id;
    Command::LinkOffer { id, node_id }
}

fn never_sent(payment: &Payment) -> Command {
    Command::VoidPayment {
        which: Which::Ours(payment.id),
        attempt: Some(payment.attempt),
        reason: FailureReason::NeverSent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_is_not_given_up_while_the_node_may_still_ask_for_an_invoice() {
        let usual = CheckTimes::from_pause(60_000);
        assert_eq!(usual.offer_running, 300_000);
        let hasty = CheckTimes::from_pause(1_000);
        assert_eq!((hasty.leave_alone, hasty.overdue), (2_000, 60_000));
        assert_eq!(hasty.offer_running, OFFER_REQUEST_MILLIS);
    }
}
