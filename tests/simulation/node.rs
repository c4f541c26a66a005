//! A node with the traps of a real one: what it said may not be durable, rows go stale, claims come
//! too late in silence, dust hides, events come twice. Owns its money and what it forgets in a crash.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use fastrand::Rng;
use till::id::{NodePaymentId, OfferId, PaymentHash, Preimage};
use till::money::Msat;
use till::node::{
    Look, NodeEvent, NodePayment, NodePaymentStatus, OfferReceipt, SendFault, SendRequest,
    SendTarget,
};
use till::payment::FailureReason;

/// HTLCs below have no output of their own.
const DUST_MSAT: u64 = 354_000;
/// A route is looked for no longer than this.
const ROUTE_MS: u64 = 10_000;
/// An offer's recipient that has not answered by then is given up.
const GIVE_UP_MS: u64 = 100_000;
/// The one channel.
pub(crate) const CHANNEL: [u8; 16] = [1; 16];

/// An HTLC on its way out.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    pub(crate) id: NodePaymentId,
    pub(crate) amount: u64,
    pub(crate) fee: u64,
    /// When it was taken on, in milliseconds.
    since: u64,
}

/// An HTLC that came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Incoming {
    pub(crate) amount: u64,
    pub(crate) deadline: u32,
    /// Whether it should have gone back, but the node was away, or took it for a bigger one.
    lingers: bool,
}

/// The node. Fields under `memory` are lost in a crash.
pub(crate) struct Node {
    /// What is ours in channels, in msat, HTLCs on their way out included.
    pub(crate) money: i128,
    pub(crate) height: u32,
    /// The time, in milliseconds.
    pub(crate) now: u64,
    pub(crate) outgoing: BTreeMap<PaymentHash, Outgoing>,
    pub(crate) incoming: BTreeMap<PaymentHash, Incoming>,
    rows: BTreeMap<NodePaymentId, (NodePayment, bool)>,
    pub(crate) events: VecDeque<NodeEvent>,
    /// What it told before and may tell again after a crash.
    told: VecDeque<NodeEvent>,
    /// How often a hash's recipient was paid.
    pub(crate) paid: BTreeMap<PaymentHash, u32>,
    /// What keysends brought, and HTLCs that were refused and then claimed: nobody asked for it.
    pub(crate) unasked: u64,
    /// What was paid to offers of the till's: which, and how much.
    pub(crate) paid_to_offers: BTreeMap<PaymentHash, (OfferId, u64)>,
    pub(crate) memory: Memory,
}

/// What only memory has.
#[derive(Default)]
pub(crate) struct Memory {
    /// Taken on, not yet in a channel.
    pub(crate) accepted: BTreeMap<PaymentHash, Outgoing>,
    /// Offers whose recipient has not sent an invoice yet.
    pub(crate) fetching: BTreeMap<NodePaymentId, Outgoing>,
    /// Claims that have not reached the channel.
    pub(crate) claims: BTreeSet<PaymentHash>,
    pub(crate) connected: bool,
}

impl Node {
    pub(crate) fn new() -> Self {
        Self {
            money: 0,
            height: 100,
            now: 0,
            outgoing: BTreeMap::new(),
            incoming: BTreeMap::new(),
            rows: BTreeMap::new(),
            events: VecDeque::new(),
            told: VecDeque::new(),
            paid: BTreeMap::new(),
            unasked: 0,
            paid_to_offers: BTreeMap::new(),
            memory: Memory {
                connected: true,
                ..Memory::default()
            },
        }
    }

    fn tell(&mut self, event: NodeEvent) {
        self.events.push_back(event);
    }

    /// The event at the head has been acknowledged.
    pub(crate) fn acknowledge(&mut self) {
        if let Some(event) = self.events.pop_front() {
            self.told.push_back(event);
            if self.told.len() > 3 {
                self.told.pop_front();
            }
        }
    }

    /// The process died: what was not in a channel is forgotten, and what was told last may be told
    /// once more.
    pub(crate) fn crash(&mut self, rng: &mut Rng) {
        self.memory = Memory::default();
        let again: Vec<NodeEvent> = self.told.drain(..).filter(|_| rng.u8(..) < 60).collect();
        for event in again {
            // HTLCs are not announced again; results are.
            if !matches!(event, NodeEvent::Claimable { .. }) {
                self.events.push_back(event);
            }
        }
    }

    pub(crate) fn send(
        &mut self,
        request: &SendRequest,
        rng: &mut Rng,
    ) -> Result<NodePaymentId, SendFault> {
        let fee = rng.u64(..=request.fee_cap.get());
        let amount = request.amount.get();
        match &request.target {
            SendTarget::Bolt11 { hash, .. } => {
                self.send_to_invoice(*hash, amount, fee, request.attempt, rng)
            }
            SendTarget::Offer { .. } => {
                let id = NodePaymentId::from_bytes(std::array::from_fn(|_| rng.u8(..)));
                if rng.u8(..) < 60 {
                    // Nobody is told what the row of a refused payment is called.
                    let failed = row(NodePaymentStatus::Failed, None, amount);
                    self.rows.insert(id, (failed, true));
                    return Err(SendFault::SendingFailed);
                }
                self.rows
                    .insert(id, (row(NodePaymentStatus::Pending, None, amount), true));
                let since = self.now;
                self.memory.fetching.insert(
                    id,
                    Outgoing {
                        id,
                        amount,
                        fee,
                        since,
                    },
                );
                if rng.u8(..) < 60 {
                    Err(SendFault::Unclear)
                } else {
                    Ok(id)
                }
            }
        }
    }

    fn send_to_invoice(
        &mut self,
        hash: PaymentHash,
        amount: u64,
        fee: u64,
        attempt: u32,
        rng: &mut Rng,
    ) -> Result<NodePaymentId, SendFault> {
        let id = NodePaymentId::from(hash);
        if attempt > 1 {
            self.rows.remove(&id);
        }
        if rng.u8(..) < 12 {
            return Err(SendFault::Unpayable);
        }
        // Route and expiry are looked at before anything else is, an earlier attempt included.
        if rng.u8(..) < 12 {
            self.rows.insert(
                id,
                (row(NodePaymentStatus::Failed, Some(hash), amount), false),
            );
            return Err(SendFault::SendingFailed);
        }
        let under_way =
            self.outgoing.contains_key(&hash) || self.memory.accepted.contains_key(&hash);
        let known = self
            .rows
            .get(&id)
            .is_some_and(|(row, _)| row.status != NodePaymentStatus::Failed);
        if under_way || known {
            return Err(SendFault::Unclear);
        }
        self.rows.insert(
            id,
            (row(NodePaymentStatus::Pending, Some(hash), amount), false),
        );
        let since = self.now;
        self.memory.accepted.insert(
            hash,
            Outgoing {
                id,
                amount,
                fee,
                since,
            },
        );
        if rng.u8(..) < 8 {
            Err(SendFault::Unclear)
        } else {
            Ok(id)
        }
    }

    /// An offer's recipient answers, or does not.
    pub(crate) fn fetch(&mut self, id: NodePaymentId, hash: PaymentHash, answers: bool) {
        let Some(mut htlc) = self.memory.fetching.remove(&id) else {
            return;
        };
        if answers {
            htlc.since = self.now;
            self.memory.accepted.insert(hash, htlc);
        } else {
            let reason = FailureReason::RecipientRejected;
            self.tell(NodeEvent::SendFailed {
                id,
                hash: None,
                reason,
            });
        }
    }

    /// What a node does within seconds at most: payments that were taken on enter a channel or find
    /// no route, claims reach theirs, and a recipient that does not answer is given up.
    pub(crate) fn hurry(&mut self, rng: &mut Rng) {
        let late = |htlc: &Outgoing, limit| self.now.saturating_sub(htlc.since) > limit;
        let silent = self
            .memory
            .fetching
            .values()
            .filter(|htlc| late(htlc, GIVE_UP_MS));
        let silent: Vec<_> = silent.map(|htlc| htlc.id).collect();
        let slow = self
            .memory
            .accepted
            .iter()
            .filter(|(_, htlc)| late(htlc, ROUTE_MS));
        let slow: Vec<_> = slow.map(|(hash, _)| *hash).collect();
        for id in silent {
            self.fetch(id, PaymentHash::from_bytes([0; 32]), false);
        }
        for hash in slow {
            let finds = self.memory.connected && rng.bool();
            self.route(hash, finds, rng);
        }
        if !self.memory.connected {
            return;
        }
        for hash in std::mem::take(&mut self.memory.claims) {
            self.memory.claims.insert(hash);
            self.finish_claim(hash);
        }
    }

    /// A payment that was taken on enters the channel, or finds no route.
    pub(crate) fn route(&mut self, hash: PaymentHash, finds: bool, rng: &mut Rng) {
        let Some(htlc) = self.memory.accepted.remove(&hash) else {
            return;
        };
        if finds {
            self.outgoing.insert(hash, htlc);
        } else {
            self.failed(hash, &htlc, rng);
        }
    }

    /// The recipient takes the money, or refuses it.
    pub(crate) fn resolve(&mut self, hash: PaymentHash, takes: bool, rng: &mut Rng) {
        let Some(htlc) = self.outgoing.remove(&hash) else {
            return;
        };
        if !takes {
            return self.failed(hash, &htlc, rng);
        }
        self.money -= i128::from(htlc.amount + htlc.fee);
        *self.paid.entry(hash).or_default() += 1;
        let fee = msat(htlc.fee);
        let done = NodePayment {
            fee: Some(fee),
            ..row(NodePaymentStatus::Succeeded, Some(hash), htlc.amount)
        };
        let is_offer = self.rows.get(&htlc.id).is_some_and(|(_, offer)| *offer);
        self.rows.insert(htlc.id, (done, is_offer));
        let preimage = Some(Preimage::from_bytes([9; 32]));
        self.tell(NodeEvent::Sent {
            id: htlc.id,
            hash,
            preimage,
            fee,
        });
    }

    fn failed(&mut self, hash: PaymentHash, htlc: &Outgoing, rng: &mut Rng) {
        // A row may stay as it was for ever.
        if let Some((row, _)) = self.rows.get_mut(&htlc.id)
            && rng.bool()
        {
            row.status = NodePaymentStatus::Failed;
        }
        let (id, hash, reason) = (htlc.id, Some(hash), FailureReason::NoRoute);
        self.tell(NodeEvent::SendFailed { id, hash, reason });
    }

    /// A customer's HTLC arrives.
    pub(crate) fn arrive(&mut self, hash: PaymentHash, amount: u64, deadline: u32) {
        // While a claim is under way, another HTLC is refused.
        if self.incoming.contains_key(&hash) || self.memory.claims.contains(&hash) {
            return;
        }
        self.incoming.insert(
            hash,
            Incoming {
                amount,
                deadline,
                lingers: false,
            },
        );
        self.tell(NodeEvent::Claimable {
            hash,
            amount: msat(amount),
            lsp_fee: Msat::ZERO,
            deadline_height: Some(deadline),
        });
    }

    /// A keysend that carries an invoice's preimage is taken without a question.
    pub(crate) fn keysend(&mut self, hash: PaymentHash, amount: u64) {
        self.money += i128::from(amount);
        self.unasked += amount;
        let (amount, lsp_fee) = (msat(amount), Msat::ZERO);
        self.tell(NodeEvent::Received {
            hash,
            amount,
            lsp_fee,
            offer: None,
        });
    }

    /// What is paid to an offer is taken without a question, and named by the offer's id. One that is
    /// not known brings what nobody asked for.
    pub(crate) fn take_for_offer(
        &mut self,
        preimage: &Preimage,
        of: OfferId,
        amount: u64,
        known: bool,
    ) {
        let hash = preimage.payment_hash();
        self.money += i128::from(amount);
        if known {
            self.paid_to_offers.insert(hash, (of, amount));
        } else {
            self.unasked += amount;
        }
        self.tell(NodeEvent::Received {
            hash,
            amount: msat(amount),
            lsp_fee: Msat::ZERO,
            offer: Some(OfferReceipt {
                offer_id: of,
                payer_note: None,
                preimage: Some(preimage.clone()),
            }),
        });
    }

    /// Says yes even where there is nothing to claim, or another HTLC than was meant.
    pub(crate) fn claim(&mut self, hash: PaymentHash, amount: u64) {
        if let Some(htlc) = self.incoming.get_mut(&hash) {
            htlc.lingers |= htlc.amount < amount;
            self.memory.claims.insert(hash);
        }
    }

    /// A claim reaches the channel, if there is still something to claim.
    pub(crate) fn finish_claim(&mut self, hash: PaymentHash) {
        self.memory.claims.remove(&hash);
        let Some(htlc) = self.incoming.get(&hash).copied() else {
            return;
        };
        if self.height >= htlc.deadline {
            return;
        }
        self.incoming.remove(&hash);
        self.money += i128::from(htlc.amount);
        if htlc.lingers {
            self.unasked += htlc.amount;
        }
        let (amount, lsp_fee) = (msat(htlc.amount), Msat::ZERO);
        self.tell(NodeEvent::Received {
            hash,
            amount,
            lsp_fee,
            offer: None,
        });
    }

    pub(crate) fn fail(&mut self, hash: PaymentHash) {
        if !self.memory.claims.contains(&hash) {
            self.incoming.remove(&hash);
        }
    }

    /// It was to be failed back, and the node did not hear it.
    pub(crate) fn linger(&mut self, hash: PaymentHash) {
        if let Some(htlc) = self.incoming.get_mut(&hash) {
            htlc.lingers = true;
        }
    }

    /// A block: what is past its deadline goes back to its payer.
    pub(crate) fn mine(&mut self) {
        self.height += 1;
        let height = self.height;
        self.incoming.retain(|_, htlc| height < htlc.deadline);
    }

    pub(crate) fn look(&self, rng: &mut Rng) -> Look {
        let mut look = Look {
            height: self.height,
            channels: vec![(CHANNEL, self.memory.connected)],
            ..Look::default()
        };
        // Right after a start there is often nothing to be seen.
        if !self.memory.connected && rng.bool() {
            return look;
        }
        let mut dust = 0;
        for (hash, htlc) in &self.outgoing {
            let whole = htlc.amount + htlc.fee;
            if whole < DUST_MSAT {
                dust += whole;
            } else {
                look.outgoing.push(*hash);
                dust += whole % 1_000;
            }
        }
        look.dust = msat(dust);
        look.incoming = self.incoming.keys().copied().collect();
        let offers = self
            .rows
            .iter()
            .filter(|(_, (row, is_offer))| *is_offer && row.status != NodePaymentStatus::Failed);
        look.offer_payments = offers.map(|(id, _)| *id).collect();
        look
    }

    pub(crate) fn row(&self, id: NodePaymentId) -> Option<NodePayment> {
        self.rows.get(&id).map(|(row, _)| row.clone())
    }
}

fn row(status: NodePaymentStatus, hash: Option<PaymentHash>, amount: u64) -> NodePayment {
    NodePayment {
        status,
        hash,
        amount: Some(msat(amount)),
        fee: None,
        preimage: None,
        lsp_fee: Msat::ZERO,
    }
}

pub(crate) fn msat(amount: u64) -> Msat {
    Msat::new(amount).expect("a small amount")
}
