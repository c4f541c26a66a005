//! Keys that follow from the seed alone, without a node. Owns how ldk-node 0.7.1 and LDK 0.2 derive
//! them; it does not know what is to be done with them.

use ldk_node::bitcoin::Network;
use ldk_node::bitcoin::bip32::{ChildNumber, Xpriv};
use ldk_node::bitcoin::opcodes::all::{OP_CHECKSIGVERIFY, OP_CSV};
use ldk_node::bitcoin::script::{Builder, ScriptBuf};
use ldk_node::bitcoin::secp256k1::{PublicKey, Secp256k1, SecretKey, SignOnly};
use ldk_node::lightning::sign::{
    KeysManager, NodeSigner as _, Recipient, STATIC_PAYMENT_KEY_COUNT,
};
use zeroize::Zeroizing;

use super::NodeError;

/// LDK's branch for keys to which peers pay when they close a channel (`STATIC_PAYMENT_KEY_INDEX`).
const STATIC_PAYMENT_KEYS: u32 = 8;

/// A script to which a peer that closes a channel alone pays what is ours in it.
pub(crate) struct ClosedBalance {
    /// What is in the output.
    pub(crate) script: ScriptBuf,
    /// What opens it, where it is a hash of that: a channel with anchors (BOLT 3), locked for one
    /// block. Else it is a plain P2WPKH.
    pub(crate) witness_script: Option<ScriptBuf>,
    /// Whose signature opens it.
    pub(crate) key: SecretKey,
    /// Its public half.
    pub(crate) public: PublicKey,
}

/// The public key by which other nodes know the node of this seed.
///
/// # Errors
/// [`NodeError::Failed`] for a seed of which no key follows; there is practically none.
pub fn node_id(mnemonic: &bip39::Mnemonic, network: Network) -> Result<String, NodeError> {
    let seed = ldk_seed(mnemonic, network)?;
    // The times only make what is random different from run to run.
    let keys = KeysManager::new(&seed, 0, 0, true);
    let node_id = keys.get_node_id(Recipient::Node);
    Ok(node_id.map_err(|()| failed("no node id"))?.to_string())
}

/// Every script to which peers may have paid what was ours in channels that they closed alone. LDK
/// has a thousand keys for that (`possible_v2_counterparty_closed_balance_spks`), each in two forms.
pub(crate) fn closed_balances(
    mnemonic: &bip39::Mnemonic,
    network: Network,
) -> Result<Vec<ClosedBalance>, NodeError> {
    let secp = Secp256k1::signing_only();
    let seed = ldk_seed(mnemonic, network)?;
    // LDK derives with this network whatever ours is; it is not in the keys.
    let master = Xpriv::new_master(Network::Testnet, seed.as_slice());
    let branch = master.and_then(|master| child(&secp, &master, STATIC_PAYMENT_KEYS));
    let branch = branch.map_err(|error| failed(&error.to_string()))?;
    let mut balances = Vec::with_capacity(usize::from(STATIC_PAYMENT_KEY_COUNT) * 2);
    for index in 0..u32::from(STATIC_PAYMENT_KEY_COUNT) {
        let key = child(&secp, &branch, index).map_err(|error| failed(&error.to_string()))?;
        let key = key.private_key;
        let public = PublicKey::from_secret_key(&secp, &key);
        let hash = ldk_node::bitcoin::CompressedPublicKey(public).wpubkey_hash();
        let anchored = anchor_script(&public);
        balances.push(ClosedBalance {
            script: ScriptBuf::new_p2wpkh(&hash),
            witness_script: None,
            key,
            public,
        });
        balances.push(ClosedBalance {
            script: anchored.to_p2wsh(),
            witness_script: Some(anchored),
            key,
            public,
        });
    }
    Ok(balances)
}

/// `to_remote` of a channel with anchors (BOLT 3).
fn anchor_script(key: &PublicKey) -> ScriptBuf {
    Builder::new()
        .push_slice(key.serialize())
        .push_opcode(OP_CHECKSIGVERIFY)
        .push_int(1)
        .push_opcode(OP_CSV)
        .into_script()
}

fn child(
    secp: &Secp256k1<SignOnly>,
    parent: &Xpriv,
    index: u32,
) -> Result<Xpriv, ldk_node::bitcoin::bip32::Error> {
    parent.derive_priv(secp, &[ChildNumber::from_hardened_idx(index)?])
}

/// What ldk-node hands to LDK for a seed.
fn ldk_seed(
    mnemonic: &bip39::Mnemonic,
    network: Network,
) -> Result<Zeroizing<[u8; 32]>, NodeError> {
    let seed = Zeroizing::new(mnemonic.to_seed(""));
    let master = Xpriv::new_master(network, seed.as_slice());
    let master = master.map_err(|error| failed(&error.to_string()))?;
    Ok(Zeroizing::new(master.private_key.secret_bytes()))
}

fn failed(why: &str) -> NodeError {
    NodeError::Failed(format!("no keys follow from the seed: {why}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_scripts_are_those_that_ldk_pays_to() {
        let words = "abandon abandon abandon abandon abandon abandon abandon abandon abandon \
                     abandon abandon about";
        let mnemonic = bip39::Mnemonic::parse(words).unwrap();
        let seed = ldk_seed(&mnemonic, Network::Regtest).unwrap();
        let keys = KeysManager::new(&seed, 1, 2, true);
        let theirs = keys.possible_v2_counterparty_closed_balance_spks(&Secp256k1::new());
        let ours = closed_balances(&mnemonic, Network::Regtest).unwrap();
        let ours: Vec<ScriptBuf> = ours.into_iter().map(|balance| balance.script).collect();
        assert_eq!(ours.len(), 2_000);
        assert_eq!(ours, theirs);
    }
}
