//! Blocks are real blocks, and the miner's money is real money.

use bitcoin::{Amount, OutPoint, Target};
use till_regtest::chain::{Chain, FundError};

use crate::support::{FEE_SAT, Purse, coin_on, output_of, pay, stranger};

#[test]
fn blocks_are_what_bitcoind_would_accept() {
    let chain = Chain::new();
    let purse = Purse::new(1);
    purse.coin(&chain, 50_000);

    let tip = chain.tip();
    let view = chain.block(&tip.hash).expect("the tip is known");
    let block = &view.block;

    assert_eq!(tip.height, 121);
    assert_eq!(block.txdata.len(), 2, "coinbase and payment");
    assert_eq!(block.bip34_block_height().expect("BIP 34"), 121);
    assert!(block.check_merkle_root());
    assert!(block.check_witness_commitment());
    assert!(
        block
            .header
            .validate_pow(Target::MAX_ATTAINABLE_REGTEST)
            .is_ok()
    );
    let fee = chain
        .tx(&block.txdata[1].compute_txid())
        .expect("confirmed")
        .fee;
    assert_eq!(
        block.txdata[0].output[0].value,
        Amount::from_int_btc(50) + fee
    );
}

#[test]
fn time_never_runs_backwards() {
    let chain = Chain::new();
    chain.mine(40);

    let times: Vec<u32> = (1..=40)
        .map(|height| chain.block_hash(height).expect("mined"))
        .map(|hash| chain.block(&hash).expect("known"))
        .inspect(|view| assert!(view.block.header.time >= view.median_time_secs))
        .map(|view| view.block.header.time)
        .collect();

    assert!(times.is_sorted());
    assert!(
        times[39] - times[0] < 60,
        "and stays near the machine's clock"
    );
}

#[test]
fn the_subsidy_halves_every_150_blocks() {
    let chain = Chain::new();
    chain.mine(300);

    let subsidy = |height| {
        let hash = chain.block_hash(height).expect("mined");
        chain.block(&hash).expect("known").block.txdata[0].output[0]
            .value
            .to_sat()
    };

    assert_eq!(
        [subsidy(149), subsidy(150), subsidy(300)],
        [5_000_000_000, 2_500_000_000, 1_250_000_000]
    );
}

#[test]
fn rewards_can_go_to_any_script() {
    let chain = Chain::new();

    chain.mine_to(stranger(), 2);

    assert_eq!(chain.utxos(&stranger()).len(), 2);
    assert_eq!(chain.utxos(&chain.miner_address().script_pubkey()).len(), 0);
}

#[test]
fn an_empty_block_leaves_the_mempool_alone() {
    let chain = Chain::new();
    let (outpoint, _) = coin_on(&chain, stranger(), 50_000);

    chain.mine_empty(3);
    assert_eq!(chain.mempool(), [outpoint.txid]);

    chain.mine(1);
    assert_eq!(chain.mempool(), []);
    assert_eq!(chain.confirmations(&outpoint.txid), 1);
}

#[test]
fn a_chain_of_spends_confirms_in_one_block_in_order() {
    let chain = Chain::new();
    let purse = Purse::new(1);
    let first = purse.pass_on(&purse.coin(&chain, 100_000), FEE_SAT);
    let second = purse.pass_on(&output_of(&first, 0), FEE_SAT);
    let third = purse.pass_on(&output_of(&second, 0), FEE_SAT);
    let txids = [&first, &second, &third].map(|tx| tx.compute_txid());

    for tx in [first, second, third] {
        chain.submit(tx).expect("accepted");
    }
    assert_eq!(chain.mempool(), txids);
    let tip = chain.mine(1);

    let block = chain.block(&tip.hash).expect("known").block;
    let mined: Vec<_> = block
        .txdata
        .iter()
        .skip(1)
        .map(|tx| tx.compute_txid())
        .collect();
    assert_eq!(mined, txids);
    let spend = chain
        .outspend(&OutPoint {
            txid: txids[0],
            vout: 0,
        })
        .expect("spent");
    assert_eq!((spend.txid, spend.vin), (txids[1], 0));
    assert_eq!(spend.confirmation.expect("confirmed").height, tip.height);
}

#[test]
fn the_miner_funds_many_without_a_block_between() {
    let chain = Chain::new();

    for _ in 0..60 {
        chain
            .fund(stranger(), Amount::from_sat(30_000))
            .expect("funded");
    }
    chain.mine(1);

    assert_eq!(chain.utxos(&stranger()).len(), 60);
}

#[test]
fn one_funding_pays_several() {
    let chain = Chain::new();
    let payments = [pay(10_000, stranger()), pay(20_000, Purse::new(1).p2wpkh())];

    let txid = chain.fund_many(&payments).expect("funded");

    let view = chain.tx(&txid).expect("in the mempool");
    assert_eq!(view.tx.output[..2], payments);
    assert!(view.fee.to_sat() >= view.tx.vsize() as u64);
}

#[test]
fn the_miner_says_how_much_it_lacks() {
    let chain = Chain::new();

    let error = chain
        .fund(stranger(), Amount::from_int_btc(1_000_000))
        .expect_err("too much");

    assert!(matches!(error, FundError::Insufficient { available_sat, .. } if available_sat > 0));
}

#[test]
fn a_funding_follows_the_feerate() {
    let chain = Chain::new();
    chain.set_feerate(25.0);

    let txid = chain
        .fund(stranger(), Amount::from_sat(30_000))
        .expect("funded");

    let view = chain.tx(&txid).expect("in the mempool");
    let needed_sat = view.tx.vsize() as u64 * 25;
    assert!((needed_sat..needed_sat + 100).contains(&view.fee.to_sat()));
}

#[tokio::test]
async fn subscribers_see_the_tip_and_the_mempool_move() {
    let chain = Chain::new();
    let mut tips = chain.subscribe();
    let mut changes = chain.subscribe_mempool();

    let tip = chain.mine(2);
    tips.changed().await.expect("the chain lives");
    assert_eq!(*tips.borrow_and_update(), tip);

    let txid = chain
        .fund(stranger(), Amount::from_sat(30_000))
        .expect("funded");
    changes.changed().await.expect("the chain lives");
    assert_eq!(chain.mempool(), [txid]);
}
