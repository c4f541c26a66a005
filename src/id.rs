//! Identifiers and proofs of payment. Owns their bytes, text forms and redaction.

use std::fmt;
use std::str::FromStr;

use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};
use zeroize::Zeroize;

/// Text that should have been an identifier and is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected} hexadecimal digits")]
pub struct ParseIdError {
    /// How many digits the identifier has.
    pub expected: usize,
}

/// Declares an identifier of fixed length whose text form is lower-case hexadecimal.
macro_rules! hex_id {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
        #[cbor(transparent)]
        pub struct $name(#[cbor(n(0), with = "minicbor::bytes")] [u8; $len]);

        impl $name {
            /// The identifier with these bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// The raw bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let mut bytes = [0; $len];
                hex::decode_to_slice(text, &mut bytes)
                    .map_err(|_| ParseIdError { expected: 2 * $len })?;
                Ok(Self(bytes))
            }
        }
    };
}

hex_id!(
    /// SHA-256 of a preimage: what a Lightning payment is known by (BOLT 4).
    PaymentHash, 32
);
hex_id!(
    /// What the node knows an outgoing payment by: its hash if it pays a BOLT 11 invoice, something
    /// of the node's own making if it pays an offer.
    NodePaymentId, 32
);
hex_id!(
    /// An offer (BOLT 12), by the Merkle root of its fields: the same for everybody who has its text.
    OfferId, 32
);
hex_id!(
    /// A wallet, over all surfaces.
    WalletId, 16
);
hex_id!(
    /// A wish for a channel, before the node has a name for it.
    OpeningId, 16
);
hex_id!(
    /// Somebody who has wallets.
    HolderId, 16
);
hex_id!(
    /// A wallet that is shared with somebody.
    ShareId, 16
);
hex_id!(
    /// An address that is told of everything in a wallet.
    WebhookId, 16
);
hex_id!(
    /// A person who may log in.
    UserId, 16
);
hex_id!(
    /// A login and all its refreshed tokens.
    SessionId, 16
);
hex_id!(
    /// SHA-256 of a secret that only its bearer knows.
    SecretHash, 32
);
hex_id!(
    /// SHA-256 over what a caller asked for, to tell a repeat from a clash.
    RequestHash, 32
);
hex_id!(
    /// A transaction id, in the byte order in which it is shown.
    TxId, 32
);

impl From<PaymentHash> for NodePaymentId {
    /// The id of a payment to a BOLT 11 invoice.
    fn from(hash: PaymentHash) -> Self {
        Self(hash.0)
    }
}

impl SecretHash {
    /// The hash under which `secret` is stored.
    #[must_use]
    pub fn of(secret: &[u8]) -> Self {
        Self(Sha256::digest(secret).into())
    }
}

impl RequestHash {
    /// The hash of a request in the caller's canonical form.
    #[must_use]
    pub fn of(request: &[u8]) -> Self {
        Self(Sha256::digest(request).into())
    }
}

/// An outgoing payment, for all its attempts. Its text form is that of a UUID.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct PaymentId(#[cbor(n(0), with = "minicbor::bytes")] [u8; 16]);

impl PaymentId {
    /// The identifier with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The raw bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for PaymentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let h = hex::encode(self.0);
        write!(
            f,
            "{}-{}-{}-{}-{}",
            &h[..8],
            &h[8..12],
            &h[12..16],
            &h[16..20],
            &h[20..]
        )
    }
}

impl fmt::Debug for PaymentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PaymentId({self})")
    }
}

impl FromStr for PaymentId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = ParseIdError { expected: 32 };
        let dashes = [8, 13, 18, 23];
        let digits: String = match text.len() {
            36 if dashes.iter().all(|&at| text.as_bytes()[at] == b'-') => {
                text.chars().filter(|c| *c != '-').collect()
            }
            32 => text.to_owned(),
            _ => return Err(error),
        };
        let mut bytes = [0; 16];
        hex::decode_to_slice(&digits, &mut bytes).map_err(|_| error)?;
        Ok(Self(bytes))
    }
}

/// Proof that a payment was made, and the secret that makes it. Never shown by `Debug`, wiped
/// from memory when dropped.
#[derive(Clone, PartialEq, Eq, Zeroize, Encode, Decode)]
#[zeroize(drop)]
#[cbor(transparent)]
pub struct Preimage(#[cbor(n(0), with = "minicbor::bytes")] [u8; 32]);

impl Preimage {
    /// The preimage with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The raw bytes, for the node and for a payer who has paid.
    #[must_use]
    pub const fn reveal(&self) -> &[u8; 32] {
        &self.0
    }

    /// The hash that this preimage opens.
    #[must_use]
    pub fn payment_hash(&self) -> PaymentHash {
        PaymentHash(Sha256::digest(self.0).into())
    }
}

impl fmt::Debug for Preimage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Preimage(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_forms_round_trip() {
        let id = PaymentId::from_bytes([0xab; 16]);
        assert_eq!(id.to_string(), "abababab-abab-abab-abab-abababababab");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!("abababababababababababababababab".parse(), Ok(id));
        let hash = PaymentHash::from_bytes([7; 32]);
        assert_eq!(hash.to_string().parse(), Ok(hash));
    }

    #[test]
    fn odd_text_is_refused_not_panicked_on() {
        for text in [
            "",
            "zz",
            "-",
            "abababab-abab-abab-abab_abababababab",
            &"é".repeat(18),
        ] {
            assert!(text.parse::<PaymentId>().is_err(), "{text}");
            assert!(text.parse::<PaymentHash>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_preimage_opens_its_hash_and_hides_itself() {
        let preimage = Preimage::from_bytes([1; 32]);
        let sha256 = "72cd6e8422c407fb6d098690f1130b7ded7ec2f7f5e1d30bd9d521f015363793";
        assert_eq!(preimage.payment_hash().to_string(), sha256);
        assert_eq!(format!("{preimage:?}"), "Preimage(..)");
    }
}
