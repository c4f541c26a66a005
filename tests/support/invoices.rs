//! Real BOLT 11 invoices for the scripted node: its own, and those of somebody else.

use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bitcoin::hashes::{Hash, sha256};
use bitcoin::secp256k1::{Secp256k1, SecretKey};
use ldk_node::lightning_invoice::{Bolt11Invoice, Currency, InvoiceBuilder};
use ldk_node::lightning_types::payment::PaymentSecret;
use till::id::PaymentHash;
use till::invoice::Description;

use crate::fake_node::Fate;

/// An invoice of somebody else's, as its payer should see it.
#[derive(Clone, Debug)]
pub struct Foreign {
    /// Its amount in msat; `None` leaves it to the payer.
    pub amount_msat: Option<u64>,
    /// What becomes of a payment.
    pub fate: Fate,
    /// How long ago it was made; it is good for an hour.
    pub age: Duration,
    /// What it says it is for.
    pub description: Description,
    /// The network it is for.
    pub currency: Currency,
}

impl Default for Foreign {
    fn default() -> Self {
        Self {
            amount_msat: Some(1_000_000),
            fate: Fate::Succeeds(0),
            age: Duration::ZERO,
            description: Description::Text("goods".into()),
            currency: Currency::Regtest,
        }
    }
}

/// The payment hash of a BOLT 11 text.
pub fn payment_hash(bolt11: &str) -> PaymentHash {
    hash_of(&Bolt11Invoice::from_str(bolt11).expect("an invoice"))
}

pub(crate) fn hash_of(invoice: &Bolt11Invoice) -> PaymentHash {
    PaymentHash::from_bytes(invoice.payment_hash().to_byte_array())
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    sha256::Hash::hash(bytes).to_byte_array()
}

/// A text for a hash.
pub(crate) fn bolt11(
    hash: PaymentHash,
    amount_msat: Option<u64>,
    description: &Description,
    expiry_secs: u32,
    made: &Foreign,
) -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970");
    let builder = InvoiceBuilder::new(made.currency.clone());
    let builder = match description {
        Description::Text(text) => builder.description(text.clone()),
        Description::Hash(bytes) => builder.description_hash(sha256::Hash::from_byte_array(*bytes)),
    };
    let mut builder = builder
        .payment_hash(sha256::Hash::from_byte_array(*hash.as_bytes()))
        .payment_secret(PaymentSecret([9; 32]))
        .duration_since_epoch(now - made.age)
        .expiry_time(Duration::from_secs(expiry_secs.into()))
        .min_final_cltv_expiry_delta(144)
        .basic_mpp();
    if let Some(amount_msat) = amount_msat {
        builder = builder.amount_milli_satoshis(amount_msat);
    }
    let key = SecretKey::from_slice(&[7; 32]).expect("a valid key");
    let signed = builder.build_signed(|it| Secp256k1::new().sign_ecdsa_recoverable(it, &key));
    signed.expect("a complete invoice").to_string()
}
