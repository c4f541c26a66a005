//! What a caller's idempotency key stands for. Owns its encoding.

use minicbor::data::Type;
use minicbor::decode::Error as DecodeError;
use minicbor::encode::{Error as EncodeError, Write};
use minicbor::{Decode, Decoder, Encode, Encoder};

use crate::id::{OpeningId, PaymentHash, PaymentId, TxId};

/// What was made under a key; the answer to a repeat is rendered from how it stands by then.
///
/// A payment is encoded as its bare id, which is all that a key could stand for once; everything
/// else as a pair of number and id. So rows and facts from then are read, and written, unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference {
    /// An outgoing Lightning payment.
    Payment(PaymentId),
    /// The opening of a channel: number 1.
    Opening(OpeningId),
    /// A splice, by its transaction: number 2.
    Splice(TxId),
    /// An invoice of ours: number 3.
    Invoice(PaymentHash),
}

/// The number of [`Reference::Opening`]. Never reuse one.
const OPENING: u32 = 1;
/// The number of [`Reference::Splice`].
const SPLICE: u32 = 2;
/// The number of [`Reference::Invoice`].
const INVOICE: u32 = 3;
/// Number and id.
const PAIR: u64 = 2;

impl<C> Encode<C> for Reference {
    fn encode<W: Write>(
        &self,
        e: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        match self {
            Self::Payment(id) => id.encode(e, ctx),
            Self::Opening(id) => {
                e.array(PAIR)?.u32(OPENING)?;
                id.encode(e, ctx)
            }
            Self::Splice(tx_id) => {
                e.array(PAIR)?.u32(SPLICE)?;
                tx_id.encode(e, ctx)
            }
            Self::Invoice(hash) => {
                e.array(PAIR)?.u32(INVOICE)?;
                hash.encode(e, ctx)
            }
        }
    }
}

impl<'b, C> Decode<'b, C> for Reference {
    fn decode(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, DecodeError> {
        if d.datatype()? == Type::Bytes {
            return PaymentId::decode(d, ctx).map(Self::Payment);
        }
        if d.array()? != Some(PAIR) {
            return Err(DecodeError::message("a reference is a number and an id"));
        }
        match d.u32()? {
            OPENING => OpeningId::decode(d, ctx).map(Self::Opening),
            SPLICE => TxId::decode(d, ctx).map(Self::Splice),
            INVOICE => PaymentHash::decode(d, ctx).map(Self::Invoice),
            other => Err(DecodeError::unknown_variant(i64::from(other))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::entity::encode;

    #[test]
    fn a_payment_is_encoded_as_it_always_was() {
        let id = PaymentId::from_bytes([7; 16]);
        assert_eq!(encode(&Reference::Payment(id)), encode(&id));
        let opening = Reference::Opening(OpeningId::from_bytes([8; 16]));
        let splice = Reference::Splice(TxId::from_bytes([9; 32]));
        let invoice = Reference::Invoice(PaymentHash::from_bytes([6; 32]));
        for reference in [Reference::Payment(id), opening, splice, invoice] {
            let read = minicbor::decode::<Reference>(&encode(&reference));
            assert_eq!(read.ok(), Some(reference));
        }
        for odd in [&[0x82, 0x04, 0x40][..], &[0x81, 0x01], &[0x01], &[]] {
            assert!(minicbor::decode::<Reference>(odd).is_err(), "{odd:?}");
        }
    }
}
