//! What payment requests say: for people who want to look before they pay, and for whoever asks what
//! setting money aside would take. Nothing here is journaled.

use std::str::FromStr;

use ldk_node::lightning_invoice::{
    Bolt11Invoice, Bolt11InvoiceDescriptionRef, Currency, SignedRawBolt11Invoice,
};
use till::id::PaymentHash;
use till::invoice::Description;
use till::money::Msat;
use till::time::Timestamp;

use super::Service;
use super::types::ServiceError;

/// The longest text that is looked at; real invoices have a few hundred characters.
const MAX_BOLT11_BYTES: usize = 7_089;
/// BOLT 11's expiry where the invoice does not say.
const DEFAULT_EXPIRY_SECS: u64 = 3_600;

/// All that a BOLT 11 invoice says, whatever its network.
#[derive(Clone, Debug)]
pub struct Bolt11Details {
    /// `bc`, `tb`, `bcrt`, `tbs` or `sb`.
    pub currency: String,
    /// What it asks for.
    pub amount: Option<Msat>,
    /// When it was made.
    pub made_at: Timestamp,
    /// The payee's signature and its recovery id, hexadecimal.
    pub signature: String,
    /// How long it can be paid.
    pub expiry_secs: u64,
    /// What it is locked to.
    pub hash: PaymentHash,
    /// What only who has the invoice knows, hexadecimal.
    pub payment_secret: String,
    /// What it shows.
    pub description: Description,
    /// Blocks that the last hop must leave.
    pub min_final_cltv_expiry: u64,
    /// Who gets the money, hexadecimal.
    pub payee: String,
    /// Ways to a payee that the gossip does not show.
    pub route_hints: Vec<Vec<HintedHop>>,
}

/// A hop that an invoice tells of.
#[derive(Clone, Debug)]
pub struct HintedHop {
    /// Who forwards, hexadecimal.
    pub node_id: String,
    /// `block x transaction x output`.
    pub short_channel_id: String,
    /// What a payment costs there at least.
    pub base_fee_msat: u32,
    /// What it costs besides, in millionths of the amount.
    pub fee_ppm: u32,
    /// Blocks that it must leave.
    pub cltv_expiry_delta: u16,
}

impl Service {
    /// Reads a BOLT 11 text of any network.
    ///
    /// # Errors
    /// [`ServiceError::InvalidInvoice`] says what is wrong with it.
    pub fn bolt11_details(&self, text: &str) -> Result<Bolt11Details, ServiceError> {
        let bad = |why: String| ServiceError::InvalidInvoice(why);
        if text.len() > MAX_BOLT11_BYTES {
            return Err(bad("it is too long".into()));
        }
        let invoice = Bolt11Invoice::from_str(text.trim()).map_err(|e| bad(e.to_string()))?;
        let amount = match invoice.amount_milli_satoshis() {
            Some(msat) => {
                Some(Msat::new(msat).ok_or_else(|| bad("its amount is too large".into()))?)
            }
            None => None,
        };
        Ok(Bolt11Details {
            currency: currency(invoice.currency()).to_owned(),
            amount,
            made_at: Timestamp::from_millis(
                invoice
                    .duration_since_epoch()
                    .as_secs()
                    .saturating_mul(1_000),
            ),
            signature: signature(&invoice),
            expiry_secs: invoice.expiry_time().as_secs(),
            hash: PaymentHash::from_bytes(*AsRef::<[u8; 32]>::as_ref(invoice.payment_hash())),
            payment_secret: hex::encode(invoice.payment_secret().0),
            description: match invoice.description() {
                Bolt11InvoiceDescriptionRef::Direct(text) => Description::Text(text.to_string()),
                Bolt11InvoiceDescriptionRef::Hash(hash) => {
                    use bitcoin::hashes::Hash;
                    Description::Hash(hash.0.to_byte_array())
                }
            },
            min_final_cltv_expiry: invoice.min_final_cltv_expiry_delta(),
            payee: invoice.recover_payee_pub_key().to_string(),
            route_hints: hints(&invoice),
        })
    }

    /// What would be set aside for routing a payment of this amount, unless its payer says otherwise.
    #[must_use]
    pub fn fee_reserve(&self, amount: Msat) -> Option<Msat> {
        self.parts.policy.fees.fee_cap(amount)
    }
}

/// When a BOLT 11 text expires. Its signature is not looked at: for texts that were once accepted.
#[must_use]
pub fn expiry_of(bolt11: &str) -> Option<Timestamp> {
    let invoice = SignedRawBolt11Invoice::from_str(bolt11).ok()?;
    let invoice = invoice.raw_invoice();
    let expiry = invoice.expiry_time();
    let expiry = expiry.map_or(DEFAULT_EXPIRY_SECS, |expiry| expiry.as_seconds());
    let made_secs = invoice.data.timestamp.as_unix_timestamp();
    let expires_secs = made_secs.saturating_add(expiry);
    Some(Timestamp::from_millis(expires_secs.saturating_mul(1_000)))
}

const fn currency(currency: Currency) -> &'static str {
    match currency {
        Currency::Bitcoin => "bc",
        Currency::BitcoinTestnet => "tb",
        Currency::Regtest => "bcrt",
        Currency::Simnet => "sb",
        Currency::Signet => "tbs",
    }
}

fn signature(invoice: &Bolt11Invoice) -> String {
    let signed = invoice.clone().into_signed_raw();
    let (recovery, bytes) = signed.signature().0.serialize_compact();
    format!("{}{:02x}", hex::encode(bytes), recovery.to_i32())
}

fn hints(invoice: &Bolt11Invoice) -> Vec<Vec<HintedHop>> {
    let paths = invoice.route_hints().into_iter();
    let hops = |path: ldk_node::lightning_types::routing::RouteHint| {
        let hops = path.0.into_iter().map(|hop| HintedHop {
            node_id: hop.src_node_id.to_string(),
            short_channel_id: short_channel_id(hop.short_channel_id),
            base_fee_msat: hop.fees.base_msat,
            fee_ppm: hop.fees.proportional_millionths,
            cltv_expiry_delta: hop.cltv_expiry_delta,
        });
        hops.collect()
    };
    paths.map(hops).collect()
}

/// BOLT 7: three bytes of block, three of transaction, two of output.
fn short_channel_id(id: u64) -> String {
    format!("{}x{}x{}", id >> 40, id >> 16 & 0x00ff_ffff, id & 0xffff)
}
