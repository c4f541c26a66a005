//! What reorgs do to blocks, transactions and indices.

use bitcoin::OutPoint;
use till_regtest::chain::{Chain, ReorgError};

use crate::support::{FEE_SAT, Purse, coin_on, output_of, stranger};

#[test]
fn a_reorg_makes_a_longer_chain_of_other_blocks() {
    let chain = Chain::new();
    let old = chain.mine(10);
    let fork = chain.block_hash(7);

    let new = chain.reorg(3).expect("deep enough");

    assert_eq!(new.height, old.height + 1);
    assert_eq!(chain.block_hash(7), fork);
    let stale = chain.block(&old.hash).expect("stale blocks stay known");
    assert!(!stale.in_best_chain);
    assert_eq!(stale.next, None);
    assert_ne!(chain.block_hash(old.height), Some(old.hash));
}

#[test]
fn transactions_come_back_and_confirm_elsewhere() {
    let chain = Chain::new();
    let purse = Purse::new(1);
    let coin = purse.coin(&chain, 100_000);
    let tx = purse.pass_on(&coin, FEE_SAT);
    let txid = chain.submit(tx).expect("accepted");
    let before = chain.mine(1);

    chain.reorg(2).expect("deep enough");

    let view = chain.tx(&txid).expect("not lost");
    let confirmation = view.confirmation.expect("confirmed again");
    assert_ne!(confirmation.block_hash, before.hash);
    assert_eq!(chain.outspend(&coin.0).expect("spent").txid, txid);
    assert_eq!(chain.history(&purse.p2wpkh()).len(), 2);
    assert_eq!(chain.utxos(&purse.p2wpkh()).len(), 1);
}

#[test]
fn transactions_can_stay_unconfirmed() {
    let chain = Chain::new();
    let purse = Purse::new(1);
    let coin = purse.coin(&chain, 100_000);
    let txid = chain
        .submit(purse.pass_on(&coin, FEE_SAT))
        .expect("accepted");
    chain.mine(6);

    chain.reorg_empty(6).expect("deep enough");

    assert_eq!(chain.mempool(), [txid]);
    assert_eq!(chain.confirmations(&txid), 0);
    assert!(
        chain.confirmations(&coin.0.txid) > 0,
        "the block below the fork is untouched"
    );
    assert!(
        chain
            .outspend(&coin.0)
            .expect("spent in the mempool")
            .confirmation
            .is_none()
    );
}

#[test]
fn a_left_out_transaction_takes_its_descendants_along_and_can_be_double_spent() {
    let chain = Chain::new();
    let purse = Purse::new(1);
    let coin = purse.coin(&chain, 100_000);
    let parent = purse.pass_on(&coin, FEE_SAT);
    let child = purse.pass_on(&output_of(&parent, 0), FEE_SAT);
    let parent_txid = chain.submit(parent.clone()).expect("accepted");
    chain.mine(1);
    let child_txid = chain.submit(child).expect("accepted");
    chain.mine(1);

    chain.reorg_without(2, &[parent_txid]).expect("deep enough");

    assert_eq!(chain.tx(&parent_txid), None);
    assert_eq!(chain.tx(&child_txid), None);
    assert_eq!(chain.outspend(&coin.0), None);
    assert_eq!(chain.utxos(&purse.p2wpkh()).len(), 1);
    let rival = chain
        .submit(purse.pass_on(&coin, 9 * FEE_SAT))
        .expect("the coin is free");
    chain.mine(1);
    assert_eq!(chain.outspend(&coin.0).expect("spent").txid, rival);
    let refusal = chain.submit(parent).expect_err("its coin is gone");
    assert_eq!(refusal.reason(), "bad-txns-inputs-missingorspent");
}

#[test]
fn a_lock_time_of_a_lost_block_is_reached_again() {
    let chain = Chain::new();
    let purse = Purse::new(1);
    let coin = purse.coin(&chain, 100_000);
    chain.mine(5);
    let mut tx = purse.pass_on(&coin, FEE_SAT);
    tx.lock_time = bitcoin::absolute::LockTime::from_height(chain.height()).expect("a height");
    let txid = chain.submit(purse.sign(tx, &[coin])).expect("final");
    chain.mine(1);

    chain.reorg(4).expect("deep enough");

    assert!(chain.confirmations(&txid) > 0);
}

#[test]
fn a_spend_of_a_lost_coinbase_is_dropped() {
    let chain = Chain::new();
    let purse = Purse::new(1);
    chain.mine_to(purse.p2wpkh(), 1);
    let hash = chain.block_hash(1).expect("mined");
    let coinbase = output_of(&chain.block(&hash).expect("known").block.txdata[0], 0);
    chain.mine(100);
    let txid = chain
        .submit(purse.pass_on(&coinbase, FEE_SAT))
        .expect("mature");
    chain.mine(1);

    chain.reorg(102).expect("down to genesis");

    assert_eq!(chain.tx(&txid), None);
    assert_eq!(chain.mempool(), []);
    assert_eq!(chain.history(&purse.p2wpkh()), []);
}

#[test]
fn genesis_stays() {
    let chain = Chain::new();
    chain.mine(3);

    assert_eq!(
        chain.reorg(4),
        Err(ReorgError::TooDeep {
            depth: 4,
            height: 3
        })
    );
    assert_eq!(chain.reorg(3).expect("down to genesis").height, 4);
}

#[test]
fn an_evicted_transaction_can_come_again() {
    let chain = Chain::new();
    let purse = Purse::new(1);
    let coin = coin_on(&chain, purse.p2wpkh(), 100_000);
    let child = purse.pass_on(&coin, FEE_SAT);
    chain.submit(child).expect("accepted");
    let parent = chain.tx(&coin.0.txid).expect("in the mempool").tx;

    let evicted = chain.evict(&coin.0.txid);

    assert_eq!(evicted.len(), 2);
    assert_eq!(chain.mempool(), []);
    chain
        .submit(parent.as_ref().clone())
        .expect("accepted again");
    assert_eq!(chain.outspend(&OutPoint { vout: 0, ..coin.0 }), None);
    assert_eq!(chain.utxos(&stranger()), []);
}
