//! A node that does as it is told. Its invoices are real BOLT 11; its money is not.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use ldk_node::lightning::offers::offer::Offer;
use ldk_node::lightning_invoice::Bolt11Invoice;
use till::id::{NodePaymentId, OfferId, PaymentHash, Preimage, TxId};
use till::money::{Msat, Sat};
use till::payment::FailureReason;
use till::time::Timestamp;
use till::treasury::Figures;
use till_actors::node::{
    BumpRequest, ChannelChange, ClosingBalance, JitInvoice, LightningNode, Look, MadeOffer,
    NodeBalances, NodeChannel, NodeError, NodeEvent, NodePayment, NodeStatus, OfferReceipt,
    OfferRequest, OnchainRow, OpenChannelRequest, ReceiveRequest, SendFault, SendRequest,
    SendTarget, SignedSpend, SpendRequest, SpliceRequest,
};
use tokio::sync::Notify;

pub use crate::invoices::{Foreign, payment_hash};
use crate::invoices::{bolt11, hash_of, sha256};
use crate::offers::OfferText;

/// What the provider takes for a channel, whatever the payment.
pub const LSP_FEE_MSAT: u64 = 1_000_500;

/// What becomes of a payment to an invoice of somebody else's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The recipient gets the money; routing costs this many msat.
    Succeeds(u64),
    /// The node reports a failure.
    Fails(FailureReason),
    /// The node refuses at once.
    Refused(SendFault),
    /// Nothing is heard of it.
    Silence,
}

/// What becomes of the opening of a channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Opening {
    /// The peer cannot be reached.
    #[default]
    PeerAway,
    /// The peer agrees, and the funding transaction is known.
    Funded,
    /// The node begins, and the peer says no.
    Declined,
    /// The node has begun, and says that something failed.
    BegunAndFailed,
}

/// The node.
#[derive(Debug, Default)]
pub struct FakeNode {
    state: Mutex<State>,
    wake: Notify,
}

#[derive(Debug, Default)]
struct State {
    events: VecDeque<NodeEvent>,
    fates: HashMap<PaymentHash, (Fate, Preimage)>,
    refused: Vec<PaymentHash>,
    sent: Vec<PaymentHash>,
    /// What becomes of payments to an offer, by its text.
    offers: HashMap<String, Fate>,
    /// What was handed over to be paid to offers: text and note.
    sent_to_offers: Vec<(String, Option<String>)>,
    /// Payments to offers of which nothing was told yet, by the text.
    silent: HashMap<String, (NodePaymentId, Preimage)>,
    invoices: u64,
    own_offers: u8,
    opening: Opening,
    opened: Vec<NodeChannel>,
    asked_to_open: u8,
    dust: Msat,
    gone: bool,
}

impl FakeNode {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, event: NodeEvent) {
        self.state().events.push_back(event);
        self.wake.notify_waiters();
    }

    /// Makes an invoice of somebody else's.
    pub fn foreign(&self, foreign: Foreign) -> String {
        let mut state = self.state();
        state.invoices += 1;
        let preimage = Preimage::from_bytes(sha256(&state.invoices.to_be_bytes()));
        let hash = preimage.payment_hash();
        state.fates.insert(hash, (foreign.fate, preimage));
        drop(state);
        bolt11(
            hash,
            foreign.amount_msat,
            &foreign.description,
            3_600,
            &foreign,
        )
    }

    /// A customer pays an invoice of the till's, or tries to.
    pub fn customer_pays(&self, bolt11: &str, amount_msat: u64) {
        let invoice = Bolt11Invoice::from_str(bolt11).expect("an invoice of the till's");
        self.tell(NodeEvent::Claimable {
            hash: hash_of(&invoice),
            amount: Msat::new(amount_msat).expect("a small amount"),
            lsp_fee: Msat::ZERO,
            deadline_height: Some(1_000),
        });
    }

    /// What becomes of the next attempts to pay an invoice of somebody else's.
    pub fn will(&self, hash: PaymentHash, fate: Fate) {
        if let Some((known, _)) = self.state().fates.get_mut(&hash) {
            *known = fate;
        }
    }

    /// HTLCs too small to be told apart are under way, or are not any more.
    pub fn shows_dust(&self, dust: Msat) {
        self.state().dust = dust;
    }

    /// Lets a silent payment end.
    pub fn decide(&self, hash: PaymentHash, fate: Fate) {
        let preimage = self
            .state()
            .fates
            .get(&hash)
            .map(|(_, preimage)| preimage.clone());
        self.report(hash, fate, preimage.expect("a payment of ours"));
    }

    fn report(&self, hash: PaymentHash, fate: Fate, preimage: Preimage) {
        match fate {
            Fate::Succeeds(fee_msat) => {
                let fee = Msat::new(fee_msat).expect("a small fee");
                self.tell(NodeEvent::Sent {
                    id: hash.into(),
                    hash,
                    preimage: Some(preimage),
                    fee,
                });
            }
            Fate::Fails(reason) => self.tell(NodeEvent::SendFailed {
                id: hash.into(),
                hash: Some(hash),
                reason,
            }),
            Fate::Refused(_) | Fate::Silence => {}
        }
    }

    /// What becomes of payments to an offer of somebody else's.
    pub fn offer_fate(&self, offer: &str, fate: Fate) {
        self.state().offers.insert(offer.to_owned(), fate);
    }

    /// Lets a silent payment to an offer end.
    pub fn decide_offer(&self, offer: &str, fate: Fate) {
        let silent = self.state().silent.remove(offer);
        let (id, preimage) = silent.expect("a payment to that offer");
        self.report_offer(id, fate, preimage);
    }

    /// What was handed over to be paid to offers: texts and notes.
    pub fn sent_to_offers(&self) -> Vec<(String, Option<String>)> {
        self.state().sent_to_offers.clone()
    }

    /// A customer pays an offer of the till's; the node has taken the money already. What is told of it
    /// is returned, so that it can be told again.
    pub fn customer_pays_offer(
        &self,
        offer: &str,
        amount_msat: u64,
        note: Option<&str>,
    ) -> NodeEvent {
        let offer = Offer::from_str(offer).expect("an offer");
        let event = self.receipt(OfferId::from_bytes(offer.id().0), amount_msat, note);
        self.tell(event.clone());
        event
    }

    /// The same once more, or something that never was.
    pub fn tell_again(&self, event: NodeEvent) {
        self.tell(event);
    }

    /// What the node tells of a payment to an offer.
    pub fn receipt(&self, offer_id: OfferId, amount_msat: u64, note: Option<&str>) -> NodeEvent {
        let preimage = self.new_preimage();
        NodeEvent::Received {
            hash: preimage.payment_hash(),
            amount: Msat::new(amount_msat).expect("a small amount"),
            lsp_fee: Msat::ZERO,
            offer: Some(OfferReceipt {
                offer_id,
                payer_note: note.map(str::to_owned),
                preimage: Some(preimage),
            }),
        }
    }

    fn new_preimage(&self) -> Preimage {
        let mut state = self.state();
        state.invoices += 1;
        Preimage::from_bytes(sha256(&state.invoices.to_be_bytes()))
    }

    fn report_offer(&self, id: NodePaymentId, fate: Fate, preimage: Preimage) {
        let hash = preimage.payment_hash();
        match fate {
            Fate::Succeeds(fee_msat) => self.tell(NodeEvent::Sent {
                id,
                hash,
                preimage: Some(preimage),
                fee: Msat::new(fee_msat).expect("a small fee"),
            }),
            // Whoever made the offer never sent an invoice.
            Fate::Fails(reason) => self.tell(NodeEvent::SendFailed {
                id,
                hash: None,
                reason,
            }),
            Fate::Refused(_) | Fate::Silence => {}
        }
    }

    fn send_to_offer(
        &self,
        text: &str,
        payer_note: Option<String>,
    ) -> Result<NodePaymentId, SendFault> {
        let preimage = self.new_preimage();
        let id = NodePaymentId::from_bytes(sha256(preimage.payment_hash().as_bytes()));
        let mut state = self.state();
        state.sent_to_offers.push((text.to_owned(), payer_note));
        let fate = state.offers.get(text).copied();
        state.silent.insert(text.to_owned(), (id, preimage.clone()));
        drop(state);
        let fate = fate.unwrap_or(Fate::Succeeds(0));
        if let Fate::Refused(fault) = fate {
            return Err(fault);
        }
        self.report_offer(id, fate, preimage);
        Ok(id)
    }

    /// How often a hash was handed over to be paid.
    pub fn times_sent(&self, hash: PaymentHash) -> usize {
        self.state()
            .sent
            .iter()
            .filter(|sent| **sent == hash)
            .count()
    }

    /// What becomes of the next openings.
    pub fn will_open(&self, opening: Opening) {
        self.state().opening = opening;
    }

    /// How often it was asked to open a channel.
    pub fn times_asked_to_open(&self) -> u8 {
        self.state().asked_to_open
    }

    /// Tells what became of the channel that was opened last.
    pub fn tell_of_channel(&self, change: ChannelChange) {
        let opened = self.state().opened.last().cloned();
        self.tell_of(change, opened.expect("a channel"));
    }

    fn tell_of(&self, change: ChannelChange, channel: NodeChannel) {
        let is_funded = change != ChannelChange::Closed;
        self.tell(NodeEvent::Channel {
            change,
            user_channel_id: channel.user_channel_id,
            channel_id: channel.channel_id,
            counterparty: Some(channel.counterparty),
            funding: is_funded.then_some((TxId::from_bytes(sha256(&channel.user_channel_id)), 0)),
            given_by_peer: Msat::ZERO,
        });
    }

    fn opened(&self, request: &OpenChannelRequest) -> NodeChannel {
        let mut state = self.state();
        let user_channel_id = [0xa0 + state.asked_to_open; 16];
        let channel = NodeChannel {
            user_channel_id,
            channel_id: hex::encode(sha256(&user_channel_id)),
            counterparty: request.node_id.clone(),
            capacity: request.capacity,
            is_ready: false,
            is_usable: false,
            ..old_channel()
        };
        state.opened.push(channel.clone());
        channel
    }

    /// Whether the HTLC of a hash was failed back.
    pub fn has_refused(&self, hash: PaymentHash) -> bool {
        self.state().refused.contains(&hash)
    }

    /// The node stops answering.
    pub fn vanish(&self) {
        self.state().gone = true;
    }

    fn here(&self) -> Result<(), NodeError> {
        match self.state().gone {
            true => Err(NodeError::Unavailable("as told".into())),
            false => Ok(()),
        }
    }
}

impl LightningNode for FakeNode {
    fn node_id(&self) -> String {
        "02".to_owned() + &"ab".repeat(32)
    }

    fn status(&self) -> NodeStatus {
        NodeStatus {
            running: !self.state().gone,
            height: 144,
            last_sync_secs: Some(1),
        }
    }

    fn receive_for_hash(&self, request: &ReceiveRequest) -> Result<String, NodeError> {
        self.here()?;
        let amount = request.amount.map(Msat::get);
        let ours = Foreign::default();
        Ok(bolt11(
            request.hash,
            amount,
            &request.description,
            request.expiry_secs,
            &ours,
        ))
    }

    fn create_offer(&self, request: &OfferRequest) -> Result<MadeOffer, NodeError> {
        self.here()?;
        let mut state = self.state();
        state.own_offers = state.own_offers.wrapping_add(1);
        let key = 100 + state.own_offers;
        drop(state);
        let expiry = request
            .expiry_secs
            .map(|secs| SystemTime::now() + Duration::from_secs(secs.into()));
        let made = OfferText {
            amount_msat: request.amount.map(Msat::get),
            description: request.description.clone(),
            expires_at: expiry,
            key,
            ..OfferText::default()
        };
        let offer = made.offer();
        let expires_at = offer.absolute_expiry().map(|expiry| {
            // The text has whole seconds.
            Timestamp::from_millis(expiry.as_secs() * 1_000)
        });
        Ok(MadeOffer {
            id: OfferId::from_bytes(offer.id().0),
            text: offer.to_string(),
            expires_at,
        })
    }

    fn claim(&self, hash: PaymentHash, amount: Msat, _: &Preimage) -> Result<(), NodeError> {
        self.tell(NodeEvent::Received {
            hash,
            amount,
            lsp_fee: Msat::ZERO,
            offer: None,
        });
        Ok(())
    }

    fn fail(&self, hash: PaymentHash) -> Result<(), NodeError> {
        self.state().refused.push(hash);
        Ok(())
    }

    fn forget(&self, _: PaymentHash) -> Result<(), NodeError> {
        self.here()
    }

    fn send(&self, request: &SendRequest) -> Result<NodePaymentId, SendFault> {
        let hash = match &request.target {
            SendTarget::Bolt11 { hash, .. } => *hash,
            SendTarget::Offer { text, payer_note } => {
                return self.send_to_offer(text, payer_note.clone());
            }
        };
        self.state().sent.push(hash);
        let fate = self.state().fates.get(&hash).cloned();
        let (fate, preimage) = fate.ok_or(SendFault::SendingFailed)?;
        if let Fate::Refused(fault) = fate {
            return Err(fault);
        }
        self.report(hash, fate, preimage);
        Ok(hash.into())
    }

    fn payment(&self, _: NodePaymentId) -> Option<NodePayment> {
        None
    }

    fn look(&self) -> Look {
        Look {
            dust: self.state().dust,
            ..Look::default()
        }
    }

    fn channels(&self) -> Vec<NodeChannel> {
        let mut channels = vec![old_channel()];
        channels.extend(self.state().opened.iter().cloned());
        channels
    }

    fn balances(&self) -> NodeBalances {
        NodeBalances {
            onchain_spendable: sat(100_000),
            spendable: sat(1_000_000).to_msat(),
            receivable: sat(500_000).to_msat(),
            ..NodeBalances::default()
        }
    }

    fn figures(&self) -> Option<Figures> {
        None
    }

    fn new_address(&self) -> Result<String, NodeError> {
        self.here()?;
        Ok("bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080".into())
    }

    fn onchain_rows(&self) -> Vec<OnchainRow> {
        Vec::new()
    }

    fn open_channel(&self, request: &OpenChannelRequest) -> Result<[u8; 16], NodeError> {
        self.state().asked_to_open += 1;
        let opening = self.state().opening;
        if opening == Opening::PeerAway {
            return Err(NodeError::Peer("as told".into()));
        }
        let channel = self.opened(request);
        let user_channel_id = channel.user_channel_id;
        match opening {
            Opening::PeerAway | Opening::BegunAndFailed => {
                return Err(NodeError::Failed("as told".into()));
            }
            Opening::Funded => self.tell_of(ChannelChange::Pending, channel),
            Opening::Declined => self.tell_of(ChannelChange::Closed, channel),
        }
        Ok(user_channel_id)
    }

    fn build_spend(&self, _: &SpendRequest) -> Result<SignedSpend, NodeError> {
        Err(NodeError::InsufficientFunds)
    }

    fn build_bump(&self, _: &BumpRequest) -> Result<SignedSpend, NodeError> {
        Err(NodeError::InsufficientFunds)
    }

    fn close_channel(&self, _: [u8; 16], _: &str, _: bool) -> Result<(), NodeError> {
        Ok(())
    }

    fn closings(&self) -> Vec<ClosingBalance> {
        Vec::new()
    }

    fn sync(&self) -> Result<(), NodeError> {
        Ok(())
    }

    fn next_event(&self) -> Pin<Box<dyn Future<Output = NodeEvent> + Send + '_>> {
        Box::pin(async {
            loop {
                let woken = self.wake.notified();
                tokio::pin!(woken);
                woken.as_mut().enable();
                if let Some(event) = self.state().events.front().cloned() {
                    return event;
                }
                woken.await;
            }
        })
    }

    fn event_handled(&self) -> Result<(), NodeError> {
        self.state().events.pop_front();
        Ok(())
    }

    fn stop(&self) -> Result<(), NodeError> {
        Ok(())
    }

    fn receive_jit_for_hash(
        &self,
        request: &ReceiveRequest,
        _: Msat,
        most: Msat,
    ) -> Result<JitInvoice, NodeError> {
        let lsp_fee = Msat::new(LSP_FEE_MSAT).expect("a small fee");
        if lsp_fee > most {
            return Err(NodeError::NoInbound("too dear".into()));
        }
        Ok(JitInvoice {
            bolt11: self.receive_for_hash(request)?,
            lsp_fee,
        })
    }

    fn peer_address(&self, _: &str) -> Option<String> {
        None
    }

    fn connect(&self, _: &str, _: Option<&str>) -> Result<(), NodeError> {
        Err(NodeError::Peer("as told".into()))
    }

    fn splice(&self, _: &SpliceRequest, _: &str) -> Result<(), NodeError> {
        Err(NodeError::Peer("as told".into()))
    }
}

/// The channel that was there before anybody asked.
fn old_channel() -> NodeChannel {
    NodeChannel {
        user_channel_id: [1; 16],
        channel_id: "c1".repeat(32),
        counterparty: "03".to_owned() + &"cd".repeat(32),
        funding: None,
        capacity: sat(1_500_000),
        outbound: sat(1_000_000).to_msat(),
        inbound: sat(500_000).to_msat(),
        balance: sat(1_000_000),
        is_outbound: true,
        is_ready: true,
        is_usable: true,
        confirmations: Some(6),
    }
}

fn sat(amount: u64) -> Sat {
    Sat::new(amount).expect("a small amount")
}
