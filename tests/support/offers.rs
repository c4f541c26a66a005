//! Offers (BOLT 12) of somebody else's, and of the fake node's own: real texts.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bitcoin::Network;
use bitcoin::secp256k1::{PublicKey, Secp256k1, SecretKey};
use ldk_node::lightning::offers::offer::{Offer, OfferBuilder};
use ldk_node::lightning::util::ser::Writeable as _;

/// The type of the field that names a currency (BOLT 12, `offer_currency`).
const CURRENCY_TYPE: u8 = 6;

/// An offer, as its payer should see it.
#[derive(Clone, Debug)]
pub struct OfferText {
    /// What it asks for, in msat; `None` leaves it to the payer.
    pub amount_msat: Option<u64>,
    /// What it shows.
    pub description: String,
    /// When it expires, as a moment.
    pub expires_at: Option<SystemTime>,
    /// The network it is for.
    pub network: Network,
    /// Tells two offers apart that are otherwise the same.
    pub key: u8,
}

impl Default for OfferText {
    fn default() -> Self {
        Self {
            amount_msat: Some(1_000_000),
            description: "goods".into(),
            expires_at: None,
            network: Network::Regtest,
            key: 1,
        }
    }
}

/// A moment so many seconds ago.
pub fn secs_ago(secs: u64) -> Option<SystemTime> {
    SystemTime::now().checked_sub(Duration::from_secs(secs))
}

impl OfferText {
    /// The offer itself.
    pub fn offer(&self) -> Offer {
        let secret = SecretKey::from_slice(&[self.key; 32]).expect("a valid key");
        let key = PublicKey::from_secret_key(&Secp256k1::new(), &secret);
        let mut builder = OfferBuilder::new(key)
            .chain(self.network)
            .description(self.description.clone())
            .issuer("somebody".into());
        if let Some(amount_msat) = self.amount_msat {
            builder = builder.amount_msats(amount_msat);
        }
        if let Some(expiry) = self.expires_at {
            let since_epoch = expiry.duration_since(UNIX_EPOCH).expect("after 1970");
            builder = builder.absolute_expiry(since_epoch);
        }
        builder.build().expect("a complete offer")
    }

    /// Its text.
    pub fn text(&self) -> String {
        self.offer().to_string()
    }

    /// The text of the same offer in euros: no public builder makes one.
    pub fn text_in_euros(&self) -> String {
        let bytes = self.offer().encode();
        let mut at = 0;
        while bytes[at] < CURRENCY_TYPE {
            let length = usize::from(bytes[at + 1]);
            assert!(length < 0xfd, "a field of one length byte");
            at += 2 + length;
        }
        let field = [&[CURRENCY_TYPE, 3][..], b"EUR"].concat();
        let bytes = [&bytes[..at], &field, &bytes[at..]].concat();
        Offer::try_from(bytes).expect("an offer").to_string()
    }
}
