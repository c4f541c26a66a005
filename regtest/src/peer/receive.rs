//! Being paid: invoices, held ones among them, offers, and on-chain addresses.

use std::collections::HashMap;
use std::time::Duration;

use bitcoin::hashes::{Hash as _, sha256};
use ldk_node::lightning_invoice::{Bolt11InvoiceDescription, Description};
use ldk_node::lightning_types::payment::{PaymentHash, PaymentPreimage};
use ldk_node::payment::{PaymentDetails, PaymentDirection, PaymentKind, PaymentStatus};

use super::{Peer, PeerError};
use crate::wait;

/// How long a settlement may take.
const SETTLE_LIMIT: Duration = Duration::from_secs(60);

/// An invoice to be made.
#[derive(Clone, Debug)]
pub struct NewInvoice {
    /// What is asked for; `None` lets the payer choose.
    pub amount_msat: Option<u64>,
    /// What the payer is shown.
    pub memo: String,
    /// How long it can be paid.
    pub expiry_secs: u32,
    /// Keep the payment in flight until [`Peer::settle`] or [`Peer::cancel`].
    pub hold: bool,
}

/// An invoice that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedInvoice {
    /// The BOLT 11 text.
    pub bolt11: String,
    /// What it is locked to, hexadecimal.
    pub payment_hash: String,
}

impl Peer {
    /// Makes an invoice.
    ///
    /// # Errors
    /// [`PeerError::Invalid`] if the memo is too long.
    pub async fn invoice(&self, wanted: NewInvoice) -> Result<IssuedInvoice, PeerError> {
        let memo = Description::new(wanted.memo)
            .map_err(|error| PeerError::Invalid(format!("memo: {error}")))?;
        let memo = Bolt11InvoiceDescription::Direct(memo);
        let hash = wanted.hold.then(|| self.new_hold()).transpose()?;
        let (amount, expiry) = (wanted.amount_msat, wanted.expiry_secs);
        let made = self.ask("make an invoice", move |node| {
            let payments = node.bolt11_payment();
            match (amount, hash) {
                (Some(amount), None) => payments.receive(amount, &memo, expiry),
                (Some(amount), Some(hash)) => {
                    payments.receive_for_hash(amount, &memo, expiry, hash)
                }
                (None, None) => payments.receive_variable_amount(&memo, expiry),
                (None, Some(hash)) => {
                    payments.receive_variable_amount_for_hash(&memo, expiry, hash)
                }
            }
        });
        let invoice = made.await?;
        Ok(IssuedInvoice {
            payment_hash: hex::encode(AsRef::<[u8]>::as_ref(invoice.payment_hash())),
            bolt11: invoice.to_string(),
        })
    }

    /// Chooses a preimage and keeps it; held payments do not survive the end of the process.
    fn new_hold(&self) -> Result<PaymentHash, PeerError> {
        let mut preimage = [0; 32];
        getrandom::fill(&mut preimage).map_err(|error| PeerError::Randomness(error.to_string()))?;
        let hash = PaymentHash(sha256::Hash::hash(&preimage).to_byte_array());
        self.facts().holds().insert(hash, PaymentPreimage(preimage));
        Ok(hash)
    }

    /// Takes a held payment and waits until the money is here.
    ///
    /// # Errors
    /// [`PeerError::NotHeld`] if nothing is held under this hash, now.
    pub async fn settle(&self, payment_hash: &str) -> Result<(), PeerError> {
        let hash = parse_hash(payment_hash)?;
        let preimage = self.facts().holds().get(&hash).copied();
        let held = self.facts().seen.borrow().held.get(&hash).copied();
        let (Some(preimage), Some(held)) = (preimage, held) else {
            return Err(PeerError::NotHeld);
        };
        self.ask("settle a held payment", move |node| {
            node.bolt11_payment()
                .claim_for_hash(hash, held.amount_msat, preimage)
        })
        .await?;
        let mut seen = self.facts().seen.subscribe();
        let received = seen.wait_for(|seen| seen.received.get(&hash).is_some());
        wait::within("the settled payment to arrive", SETTLE_LIMIT, received)
            .await?
            .map_err(|_closed| PeerError::Stopped(self.name().to_owned()))?;
        self.facts().holds().remove(&hash);
        Ok(())
    }

    /// Sends a held payment back, or makes sure that a later one is.
    ///
    /// # Errors
    /// [`PeerError::NotHeld`] if there is no such hold invoice.
    pub async fn cancel(&self, payment_hash: &str) -> Result<(), PeerError> {
        let hash = parse_hash(payment_hash)?;
        if self.facts().holds().remove(&hash).is_none() {
            return Err(PeerError::NotHeld);
        }
        self.ask("cancel a held payment", move |node| {
            node.bolt11_payment().fail_for_hash(hash)
        })
        .await?;
        self.facts().seen.send_modify(|seen| {
            seen.held.take(&hash);
        });
        Ok(())
    }

    /// Whether a payment waits under this hash.
    ///
    /// # Errors
    /// If the text is no hash.
    pub fn holds_payment(&self, payment_hash: &str) -> Result<bool, PeerError> {
        let hash = parse_hash(payment_hash)?;
        Ok(self.facts().seen.borrow().held.get(&hash).is_some())
    }

    /// Makes a BOLT 12 offer, payable any number of times.
    ///
    /// # Errors
    /// If the node is not reachable by any path it could put into the offer.
    pub async fn offer(&self, amount_msat: Option<u64>) -> Result<String, PeerError> {
        let description = self.name().to_owned();
        self.ask("make an offer", move |node| {
            let payments = node.bolt12_payment();
            match amount_msat {
                Some(amount) => payments.receive(amount, &description, None, None),
                None => payments.receive_variable_amount(&description, None),
            }
        })
        .await
        .map(|offer| offer.to_string())
    }

    /// A fresh address of its on-chain wallet.
    ///
    /// # Errors
    /// If it is stopped.
    pub async fn new_address(&self) -> Result<bitcoin::Address, PeerError> {
        self.ask("make an address", |node| {
            node.onchain_payment().new_address()
        })
        .await
    }

    /// What its on-chain wallet may spend, by its last sync, in sat.
    ///
    /// # Errors
    /// If it is stopped.
    pub async fn onchain_spendable_sat(&self) -> Result<u64, PeerError> {
        self.call(|node| node.list_balances().spendable_onchain_balance_sats)
            .await
    }
}

fn parse_hash(text: &str) -> Result<PaymentHash, PeerError> {
    let mut hash = [0; 32];
    hex::decode_to_slice(text.trim(), &mut hash).map_err(|_bad| {
        let message = "a payment hash has 64 hexadecimal digits";
        PeerError::Invalid(message.to_owned())
    })?;
    Ok(PaymentHash(hash))
}

/// What a peer's own node says of a hash: the witness of a payment between it and somebody else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Witness {
    /// What it got for it, in msat.
    pub received_msat: Option<u64>,
    /// Whether it paid for it.
    pub paid: bool,
}

impl Peer {
    /// What the node's rows say of each of these hashes. Success in a row is never stale.
    ///
    /// # Errors
    /// If it is stopped.
    pub async fn witness(&self) -> Result<HashMap<String, Witness>, PeerError> {
        self.call(|node| {
            let mut seen: HashMap<String, Witness> = HashMap::new();
            let done = |row: &&PaymentDetails| row.status == PaymentStatus::Succeeded;
            for row in node.list_payments_with_filter(done) {
                let hash = match &row.kind {
                    PaymentKind::Bolt11 { hash, .. } => hash,
                    PaymentKind::Onchain { .. }
                    | PaymentKind::Bolt11Jit { .. }
                    | PaymentKind::Bolt12Offer { .. }
                    | PaymentKind::Bolt12Refund { .. }
                    | PaymentKind::Spontaneous { .. } => continue,
                };
                let witness = seen.entry(hex::encode(hash.0)).or_default();
                match row.direction {
                    PaymentDirection::Inbound => {
                        witness.received_msat = Some(row.amount_msat.unwrap_or(0));
                    }
                    PaymentDirection::Outbound => witness.paid = true,
                }
            }
            seen
        })
        .await
    }
}
