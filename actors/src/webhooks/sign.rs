//! Signatures as Standard Webhooks has them (standardwebhooks.com): HMAC-SHA-256 over id, time and body.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use till::id::WebhookId;
use till::ledger::WalletRef;
use till::outbox::Delivery;
use till::time::Timestamp;
use zeroize::Zeroizing;

use crate::service::hmac_sha256;

/// What a secret's text begins with.
const SECRET_PREFIX: &str = "whsec_";

/// What a wallet's deliveries are signed with, derived from the till's root.
pub(crate) fn secret(root: &[u8; 32], wallet: WalletRef) -> Zeroizing<[u8; 32]> {
    let purpose = match wallet {
        WalletRef::House => "webhook/house".to_owned(),
        WalletRef::Wallet(id) => format!("webhook/{id}"),
    };
    Zeroizing::new(hmac_sha256(root, &purpose))
}

/// What a webhook's deliveries are signed with: its own, so that who is told of a wallet by one cannot
/// sign for another.
pub(crate) fn webhook_secret(root: &[u8; 32], webhook: WebhookId) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(hmac_sha256(root, &format!("webhook/own/{webhook}")))
}

/// What a delivery is signed with.
pub(super) fn secret_of(root: &[u8; 32], delivery: &Delivery) -> Zeroizing<[u8; 32]> {
    match delivery.webhook {
        Some(webhook) => webhook_secret(root, webhook),
        None => secret(root, delivery.wallet),
    }
}

/// The secret as its owner is given it.
pub(crate) fn secret_text(secret: &[u8; 32]) -> String {
    format!("{SECRET_PREFIX}{}", BASE64.encode(secret))
}

/// The headers of one try. The id stays the same over all tries; the time does not.
pub(super) fn headers(
    secret: &[u8; 32],
    delivery: &Delivery,
    at: Timestamp,
    body: &str,
) -> Vec<(&'static str, String)> {
    let (id, secs) = (delivery.id(), at.as_secs());
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(format!("{id}.{secs}.{body}").as_bytes());
    let signature = format!("v1,{}", BASE64.encode(mac.finalize().into_bytes()));
    vec![
        ("webhook-id", id),
        ("webhook-timestamp", secs.to_string()),
        ("webhook-signature", signature),
    ]
}
