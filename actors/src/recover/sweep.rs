//! Builds and signs the transaction that fetches closings' outputs. Owns BOLT 3's conditions for
//! them; it asks nobody.

use bitcoin::absolute::LockTime;
use bitcoin::ecdsa::Signature;
use bitcoin::hashes::Hash as _;
use bitcoin::secp256k1::{Message, Secp256k1};
use bitcoin::sighash::{EcdsaSighashType, SighashCache};
use bitcoin::transaction::Version;
use bitcoin::{Address, Amount, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Witness};

use super::{Coin, RecoverError};
use crate::node::keys::ClosedBalance;

/// What a signature takes in a witness, at most.
const SIGNATURE_BYTES: usize = 73;
/// Blocks that `to_remote` of a channel with anchors waits (BOLT 3).
const ANCHOR_DELAY_BLOCKS: u16 = 1;

/// One transaction that pays all coins to one address, and what miners get of it in satoshis.
pub(super) fn build(
    balances: &[ClosedBalance],
    coins: &[&Coin],
    to: &Address,
    sat_per_vb: u64,
) -> Result<(Transaction, u64), RecoverError> {
    let amount: u64 = coins.iter().map(|coin| coin.amount().get()).sum();
    let ours: Vec<(&Coin, &ClosedBalance)> = coins
        .iter()
        .filter_map(|coin| Some((*coin, balances.get(coin.balance)?)))
        .collect();
    let mut transaction = Transaction {
        version: Version::TWO,
        lock_time: LockTime::ZERO,
        input: ours.iter().map(|(coin, ours)| input(coin, ours)).collect(),
        output: vec![TxOut {
            value: Amount::from_sat(amount),
            script_pubkey: to.script_pubkey(),
        }],
    };
    for (input, (_, ours)) in transaction.input.iter_mut().zip(&ours) {
        input.witness = witness(ours, &[0; SIGNATURE_BYTES]);
    }
    let vbytes = u64::try_from(transaction.vsize()).unwrap_or(u64::MAX);
    let fee = vbytes.saturating_mul(sat_per_vb);
    let left = amount.checked_sub(fee).map(Amount::from_sat);
    let dust = to.script_pubkey().minimal_non_dust();
    let left = left.filter(|left| *left >= dust);
    let left = left.ok_or(RecoverError::TooLittle { amount, fee })?;
    for output in &mut transaction.output {
        output.value = left;
    }
    sign(&mut transaction, &ours)?;
    Ok((transaction, fee))
}

fn input(coin: &Coin, ours: &ClosedBalance) -> TxIn {
    TxIn {
        previous_output: coin.outpoint,
        script_sig: ScriptBuf::new(),
        sequence: match ours.witness_script {
            Some(_) => Sequence::from_height(ANCHOR_DELAY_BLOCKS),
            None => Sequence::ENABLE_RBF_NO_LOCKTIME,
        },
        witness: Witness::new(),
    }
}

fn sign(
    transaction: &mut Transaction,
    ours: &[(&Coin, &ClosedBalance)],
) -> Result<(), RecoverError> {
    let secp = Secp256k1::new();
    let failed = |error: &dyn std::fmt::Display| RecoverError::Sign(error.to_string());
    let unsigned = transaction.clone();
    let mut cache = SighashCache::new(&unsigned);
    for (index, (coin, ours)) in ours.iter().enumerate() {
        let value = Amount::from_sat(coin.amount().get());
        let kind = EcdsaSighashType::All;
        let digest = match &ours.witness_script {
            Some(script) => cache
                .p2wsh_signature_hash(index, script, value, kind)
                .map(|hash| hash.to_byte_array())
                .map_err(|error| failed(&error))?,
            None => cache
                .p2wpkh_signature_hash(index, &ours.script, value, kind)
                .map(|hash| hash.to_byte_array())
                .map_err(|error| failed(&error))?,
        };
        let message = Message::from_digest(digest);
        let signature = Signature {
            signature: secp.sign_ecdsa(&message, &ours.key),
            sighash_type: kind,
        };
        if let Some(input) = transaction.input.get_mut(index) {
            input.witness = witness(ours, &signature.to_vec());
        }
    }
    Ok(())
}

fn witness(ours: &ClosedBalance, signature: &[u8]) -> Witness {
    match &ours.witness_script {
        Some(script) => Witness::from_slice(&[signature, script.as_bytes()]),
        None => Witness::from_slice(&[signature, &ours.public.serialize()]),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use bitcoin::{Network, OutPoint};
    use till::money::Sat;

    use super::*;
    use crate::node::keys::closed_balances;

    fn coin(balance: usize, amount: u64) -> Coin {
        Coin {
            outpoint: OutPoint::null(),
            amount: Sat::new(amount).unwrap(),
            is_mined: true,
            balance,
        }
    }

    /// Index 0 is a plain output, index 1 one of a channel with anchors.
    fn built(amounts: [u64; 2], sat_per_vb: u64) -> Result<(Transaction, u64), RecoverError> {
        let words = "legal winner thank year wave sausage worth useful legal winner thank yellow";
        let mnemonic = bip39::Mnemonic::parse(words).unwrap();
        let balances = closed_balances(&mnemonic, Network::Regtest).unwrap();
        let coins = [coin(0, amounts[0]), coin(1, amounts[1])];
        let to = Address::from_script(&balances[2].script, Network::Regtest).unwrap();
        build(&balances, &[&coins[0], &coins[1]], &to, sat_per_vb)
    }

    #[test]
    fn both_forms_are_fetched_for_the_fee_that_was_named() {
        let (transaction, fee) = built([40_000, 60_000], 7).unwrap();
        assert_eq!(transaction.output[0].value.to_sat() + fee, 100_000);
        let vbytes = transaction.vsize() as u64;
        // Signatures are a byte or two shorter than what was reckoned with.
        assert!((vbytes * 7..=(vbytes + 2) * 7).contains(&fee), "{fee}");
        let delays: Vec<u32> = transaction.input.iter().map(|i| i.sequence.0).collect();
        assert_eq!(delays, [Sequence::ENABLE_RBF_NO_LOCKTIME.0, 1]);
    }

    #[test]
    fn what_costs_more_than_it_brings_stays() {
        let refused = built([400, 600], 50).unwrap_err();
        assert!(
            matches!(refused, RecoverError::TooLittle { amount: 1_000, .. }),
            "{refused}"
        );
    }
}
