//! A purse with one key: it gets coins from the miner and spends them in the ways tests need.

use bitcoin::hashes::Hash as _;
use bitcoin::key::{Keypair, TapTweak as _};
use bitcoin::secp256k1::{All, Message, Secp256k1};
use bitcoin::sighash::{EcdsaSighashType, Prevouts, SighashCache, TapSighashType};
use bitcoin::{
    Amount, CompressedPublicKey, OutPoint, Script, ScriptBuf, Sequence, Transaction, TxIn, TxOut,
    WPubkeyHash, Witness, absolute, ecdsa, taproot, transaction,
};
use till_regtest::chain::Chain;

/// What a spend pays unless the test says otherwise.
pub(crate) const FEE_SAT: u64 = 1_000;

/// An output and its name.
pub(crate) type Coin = (OutPoint, TxOut);

pub(crate) struct Purse {
    pub(crate) secp: Secp256k1<All>,
    pub(crate) keys: Keypair,
}

impl Purse {
    pub(crate) fn new(seed: u8) -> Self {
        let secp = Secp256k1::new();
        let keys = Keypair::from_seckey_slice(&secp, &[seed; 32]).expect("valid key");
        Purse { secp, keys }
    }

    pub(crate) fn public_key(&self) -> CompressedPublicKey {
        CompressedPublicKey(self.keys.public_key())
    }

    pub(crate) fn p2wpkh(&self) -> ScriptBuf {
        ScriptBuf::new_p2wpkh(&self.public_key().wpubkey_hash())
    }

    pub(crate) fn p2tr(&self) -> ScriptBuf {
        ScriptBuf::new_p2tr(&self.secp, self.keys.x_only_public_key().0, None)
    }

    /// A confirmed coin of the purse.
    pub(crate) fn coin(&self, chain: &Chain, sat: u64) -> Coin {
        let coin = coin_on(chain, self.p2wpkh(), sat);
        chain.mine(1);
        coin
    }

    /// Spends P2WPKH coins of this purse.
    pub(crate) fn spend(&self, coins: &[Coin], outputs: Vec<TxOut>) -> Transaction {
        self.sign(unsigned(coins, outputs), coins)
    }

    /// Sends a coin on, less a fee.
    pub(crate) fn pass_on(&self, coin: &Coin, fee_sat: u64) -> Transaction {
        let value = coin.1.value - Amount::from_sat(fee_sat);
        self.spend(
            std::slice::from_ref(coin),
            vec![TxOut {
                value,
                script_pubkey: self.p2wpkh(),
            }],
        )
    }

    pub(crate) fn sign(&self, tx: Transaction, coins: &[Coin]) -> Transaction {
        let mut cache = SighashCache::new(tx);
        for (index, (_, output)) in coins.iter().enumerate() {
            let kind = EcdsaSighashType::All;
            let script = &output.script_pubkey;
            let hash = cache
                .p2wpkh_signature_hash(index, script, output.value, kind)
                .expect("a P2WPKH coin");
            let signature = self
                .secp
                .sign_ecdsa(&Message::from(hash), &self.keys.secret_key());
            let signature = ecdsa::Signature {
                signature,
                sighash_type: kind,
            };
            *cache.witness_mut(index).expect("in range") =
                Witness::p2wpkh(&signature, &self.keys.public_key());
        }
        cache.into_transaction()
    }

    /// Signs the only input, which spends a P2WSH coin: signature, then the script.
    pub(crate) fn sign_p2wsh(&self, tx: Transaction, coin: &Coin, script: &Script) -> Transaction {
        let mut cache = SighashCache::new(tx);
        let kind = EcdsaSighashType::All;
        let hash = cache
            .p2wsh_signature_hash(0, script, coin.1.value, kind)
            .expect("in range");
        let signature = self
            .secp
            .sign_ecdsa(&Message::from(hash), &self.keys.secret_key());
        let signature = ecdsa::Signature {
            signature,
            sighash_type: kind,
        };
        let mut witness = Witness::new();
        witness.push_ecdsa_signature(&signature);
        witness.push(script.as_bytes());
        *cache.witness_mut(0).expect("in range") = witness;
        cache.into_transaction()
    }

    /// Signs the only input, which spends a taproot coin by its key.
    pub(crate) fn sign_p2tr(&self, tx: Transaction, coin: &Coin) -> Transaction {
        let mut cache = SighashCache::new(tx);
        let kind = TapSighashType::Default;
        let prevouts = [coin.1.clone()];
        let hash = cache
            .taproot_key_spend_signature_hash(0, &Prevouts::All(&prevouts), kind)
            .expect("in range");
        let tweaked = self.keys.tap_tweak(&self.secp, None).to_keypair();
        let signature = self
            .secp
            .sign_schnorr_no_aux_rand(&Message::from(hash), &tweaked);
        let signature = taproot::Signature {
            signature,
            sighash_type: kind,
        };
        *cache.witness_mut(0).expect("in range") = Witness::p2tr_key_spend(&signature);
        cache.into_transaction()
    }
}

/// A coin the miner makes for a script; it waits in the mempool.
pub(crate) fn coin_on(chain: &Chain, script: ScriptBuf, sat: u64) -> Coin {
    let value = Amount::from_sat(sat);
    let txid = chain
        .fund(script.clone(), value)
        .expect("the miner has money");
    (
        OutPoint { txid, vout: 0 },
        TxOut {
            value,
            script_pubkey: script,
        },
    )
}

/// The output of a transaction as a coin.
pub(crate) fn output_of(tx: &Transaction, vout: u32) -> Coin {
    let output = tx.output[vout as usize].clone();
    (
        OutPoint {
            txid: tx.compute_txid(),
            vout,
        },
        output,
    )
}

pub(crate) fn unsigned(coins: &[Coin], outputs: Vec<TxOut>) -> Transaction {
    let input = coins.iter().map(|(previous_output, _)| TxIn {
        previous_output: *previous_output,
        script_sig: ScriptBuf::new(),
        sequence: Sequence::ENABLE_RBF_NO_LOCKTIME,
        witness: Witness::new(),
    });
    Transaction {
        version: transaction::Version::TWO,
        lock_time: absolute::LockTime::ZERO,
        input: input.collect(),
        output: outputs,
    }
}

/// A script that nobody in the test owns.
pub(crate) fn stranger() -> ScriptBuf {
    ScriptBuf::new_p2wpkh(&WPubkeyHash::from_byte_array([7; 20]))
}

pub(crate) fn pay(sat: u64, script_pubkey: ScriptBuf) -> TxOut {
    TxOut {
        value: Amount::from_sat(sat),
        script_pubkey,
    }
}
