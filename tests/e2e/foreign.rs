//! Invoices of nodes that nobody knows, and of times that are over.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bitcoin::hashes::{Hash, sha256};
use bitcoin::secp256k1::{Secp256k1, SecretKey};
use ldk_node::lightning_invoice::{Currency, InvoiceBuilder};
use ldk_node::lightning_types::payment::PaymentSecret;

/// A valid invoice by a key without a node, made `age` ago, good for an hour.
pub fn invoice(amount_sat: u64, age: Duration) -> String {
    let key = SecretKey::from_slice(&[7; 32]).unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let hash = sha256::Hash::hash(&now.as_nanos().to_be_bytes());
    InvoiceBuilder::new(Currency::Regtest)
        .description("nobody's".into())
        .payment_hash(hash)
        .payment_secret(PaymentSecret([9; 32]))
        .duration_since_epoch(now - age)
        .expiry_time(Duration::from_secs(3_600))
        .min_final_cltv_expiry_delta(144)
        .amount_milli_satoshis(amount_sat * 1_000)
        .basic_mpp()
        .build_signed(|digest| Secp256k1::new().sign_ecdsa_recoverable(digest, &key))
        .unwrap()
        .to_string()
}
