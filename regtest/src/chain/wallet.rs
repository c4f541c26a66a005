//! The miner's own wallet: one P2WPKH key that block rewards go to and test money comes from.
//!
//! It keeps no state. Its coins are read from chain and mempool each time, so it is right after any
//! reorg and any restart. The key is the same everywhere and worth nothing outside of regtest.

use bitcoin::hashes::{Hash as _, sha256};
use bitcoin::secp256k1::{Message, Secp256k1, SecretKey, SignOnly};
use bitcoin::sighash::{EcdsaSighashType, SighashCache};
use bitcoin::{
    Amount, CompressedPublicKey, OutPoint, PrivateKey, ScriptBuf, Sequence, Transaction, TxIn,
    TxOut, Witness, absolute, ecdsa, transaction,
};
use thiserror::Error;

use super::accept::COINBASE_MATURITY_BLOCKS;
use super::index::ScriptIndex;
use super::mempool::Mempool;
use super::policy::fee_for;
use super::reject::Reject;
use super::state::{ChainState, outpoints};

/// Coins below this are left alone: late coinbases are worth next to nothing.
const MIN_COIN: Amount = Amount::from_sat(100_000);
/// Longest signature with its sighash byte, for the size estimate.
const MAX_SIGNATURE_BYTES: usize = 72;
const PUBLIC_KEY_BYTES: usize = 33;

/// Why the miner's wallet did not pay.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FundError {
    /// Not enough mature coins.
    #[error("the miner's wallet has {available_sat} sat to spend, {needed_sat} sat are needed")]
    Insufficient {
        /// Amounts and fee.
        needed_sat: u64,
        /// Sum of all spendable coins.
        available_sat: u64,
    },
    /// The mempool refuses the payment, for example because an amount is dust.
    #[error(transparent)]
    Rejected(#[from] Reject),
}

/// The key and its script.
#[derive(Debug)]
pub(crate) struct MinerWallet {
    secp: Secp256k1<SignOnly>,
    secret: SecretKey,
    public: CompressedPublicKey,
    script: ScriptBuf,
}

impl MinerWallet {
    pub(crate) fn new() -> Self {
        let all = Secp256k1::new();
        let digest = sha256::Hash::hash(b"tilld regtest miner").to_byte_array();
        let secret = SecretKey::from_slice(&digest)
            .expect("cannot fail: this fixed digest is a valid secret key");
        let private = PrivateKey::new(secret, bitcoin::Network::Regtest);
        let public = CompressedPublicKey::from_private_key(&all, &private)
            .expect("cannot fail: a new private key is a compressed one");
        let script = ScriptBuf::new_p2wpkh(&public.wpubkey_hash());
        MinerWallet {
            secp: Secp256k1::signing_only(),
            secret,
            public,
            script,
        }
    }

    pub(crate) fn script(&self) -> &ScriptBuf {
        &self.script
    }

    /// A signed transaction that makes `payments` and pays the rest back.
    pub(crate) fn pay(
        &self,
        state: &ChainState,
        mempool: &Mempool,
        payments: &[TxOut],
        sat_per_kvb: u64,
    ) -> Result<Transaction, FundError> {
        let target: Amount = payments.iter().map(|payment| payment.value).sum();
        let mut tx = Transaction {
            version: transaction::Version::TWO,
            lock_time: absolute::LockTime::ZERO,
            input: Vec::new(),
            output: payments.to_vec(),
        };
        let change = TxOut {
            value: Amount::ZERO,
            script_pubkey: self.script.clone(),
        };
        tx.output.push(change);
        let mut spent = Vec::new();
        let mut gathered = Amount::ZERO;
        let mut needed = target;
        for (outpoint, coin) in self.coins(state, mempool) {
            tx.input.push(unsigned_input(outpoint));
            gathered += coin.value;
            spent.push(coin);
            needed = target + fee_for(tx.vsize() as u64, sat_per_kvb);
            if gathered >= needed {
                self.set_change(&mut tx, gathered - needed);
                self.sign(&mut tx, &spent);
                return Ok(tx);
            }
        }
        Err(FundError::Insufficient {
            needed_sat: needed.to_sat(),
            available_sat: gathered.to_sat(),
        })
    }

    /// Spendable coins: confirmed ones first, so that chains of change stay short, then the largest.
    fn coins(&self, state: &ChainState, mempool: &Mempool) -> Vec<(OutPoint, TxOut)> {
        let key = ScriptIndex::key(&self.script);
        let next_height = state.height() + 1;
        let confirmed = state
            .coins_of(&key)
            .filter(|(_, coin)| {
                !coin.coinbase || next_height - coin.height >= COINBASE_MATURITY_BLOCKS
            })
            .map(|(outpoint, coin)| (outpoint, coin.output.clone()));
        let unconfirmed = mempool.history(&key).flat_map(|entry| {
            outpoints(&entry.tx, entry.txid)
                .filter(|(_, output)| output.script_pubkey == self.script)
                .map(|(outpoint, output)| (outpoint, output.clone()))
        });
        let free = |(outpoint, output): &(OutPoint, TxOut)| {
            output.value >= MIN_COIN && mempool.spender(outpoint).is_none()
        };
        let mut confirmed: Vec<_> = confirmed.filter(free).collect();
        let mut unconfirmed: Vec<_> = unconfirmed.filter(free).collect();
        confirmed.sort_by_key(|(outpoint, output)| (std::cmp::Reverse(output.value), *outpoint));
        unconfirmed.sort_by_key(|(outpoint, output)| (std::cmp::Reverse(output.value), *outpoint));
        confirmed.extend(unconfirmed);
        confirmed
    }

    /// The last output is the change; too small, it goes to the miner of the block, that is to us.
    fn set_change(&self, tx: &mut Transaction, rest: Amount) {
        if rest < self.script.minimal_non_dust() {
            tx.output.pop();
        } else if let Some(change) = tx.output.last_mut() {
            change.value = rest;
        }
    }

    fn sign(&self, tx: &mut Transaction, spent: &[TxOut]) {
        let mut cache = SighashCache::new(tx);
        for (index, coin) in spent.iter().enumerate() {
            let kind = EcdsaSighashType::All;
            let hash = cache
                .p2wpkh_signature_hash(index, &coin.script_pubkey, coin.value, kind)
                .expect("cannot fail: the index is in range and the script is our own P2WPKH");
            let signature = self.secp.sign_ecdsa(&Message::from(hash), &self.secret);
            let signature = ecdsa::Signature {
                signature,
                sighash_type: kind,
            };
            if let Some(witness) = cache.witness_mut(index) {
                *witness = Witness::p2wpkh(&signature, &self.public.0);
            }
        }
    }
}

/// An input with a witness of the final size, to be replaced by the signature.
fn unsigned_input(previous_output: OutPoint) -> TxIn {
    let mut witness = Witness::new();
    witness.push([0; MAX_SIGNATURE_BYTES]);
    witness.push([0; PUBLIC_KEY_BYTES]);
    TxIn {
        previous_output,
        script_sig: ScriptBuf::new(),
        sequence: Sequence::ENABLE_RBF_NO_LOCKTIME,
        witness,
    }
}
