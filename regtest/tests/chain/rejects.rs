//! Each way to be refused, in bitcoind's words.

use std::time::Duration;

use bitcoin::script::Builder;
use bitcoin::{Amount, OutPoint, ScriptBuf, Sequence, Transaction, absolute, opcodes, transaction};
use till_regtest::chain::Chain;

use crate::support::{Coin, FEE_SAT, Purse, coin_on, output_of, pay, stranger, unsigned};

struct Bench {
    chain: Chain,
    purse: Purse,
    coin: Coin,
}

/// A chain, a purse and a confirmed coin of 100,000 sat in it.
fn bench() -> Bench {
    let chain = Chain::new();
    let purse = Purse::new(1);
    let coin = purse.coin(&chain, 100_000);
    Bench { chain, purse, coin }
}

impl Bench {
    fn reason(&self, tx: Transaction) -> String {
        self.chain.submit(tx).expect_err("refused").reason()
    }

    /// Spends the coin after `change` was made to the unsigned transaction.
    fn spend_with(&self, change: impl FnOnce(&mut Transaction)) -> Transaction {
        let coins = [self.coin.clone()];
        let mut tx = unsigned(&coins, vec![pay(100_000 - FEE_SAT, stranger())]);
        change(&mut tx);
        self.purse.sign(tx, &coins)
    }

    fn reason_with(&self, change: impl FnOnce(&mut Transaction)) -> String {
        self.reason(self.spend_with(change))
    }
}

#[test]
fn form_and_amounts() {
    let bench = bench();
    let reason = |change: fn(&mut Transaction)| bench.reason_with(change);

    assert_eq!(reason(|tx| tx.output.clear()), "bad-txns-vout-empty");
    assert_eq!(
        reason(|tx| tx.output[0].value = Amount::from_sat(u64::MAX)),
        "bad-txns-vout-negative"
    );
    assert_eq!(
        reason(|tx| tx.output[0].value = Amount::MAX_MONEY + Amount::ONE_SAT),
        "bad-txns-vout-toolarge"
    );
    assert_eq!(
        reason(|tx| tx.output = vec![pay(2_000_000_000_000_000, stranger()); 2]),
        "bad-txns-txouttotal-toolarge"
    );
    assert_eq!(
        reason(|tx| tx.input.push(tx.input[0].clone())),
        "bad-txns-inputs-duplicate"
    );
    assert_eq!(
        reason(|tx| {
            tx.input.push(tx.input[0].clone());
            tx.input[1].previous_output = OutPoint::null();
        }),
        "bad-txns-prevout-null"
    );
    let mut no_input = bench.spend_with(|_| {});
    no_input.input.clear();
    assert_eq!(bench.reason(no_input), "bad-txns-vin-empty");
    assert_eq!(
        reason(|tx| tx.output[0].value = Amount::from_sat(100_001)),
        "bad-txns-in-belowout"
    );
}

#[test]
fn what_is_not_relayed() {
    let bench = bench();
    let reason = |change: fn(&mut Transaction)| bench.reason_with(change);

    assert_eq!(reason(|tx| tx.version = transaction::Version(4)), "version");
    assert_eq!(reason(|tx| tx.version = transaction::Version(0)), "version");
    assert_eq!(
        reason(|tx| tx.output[0].value = Amount::from_sat(293)),
        "dust"
    );
    assert_eq!(
        reason(|tx| tx.output[0].script_pubkey = ScriptBuf::from_bytes(vec![0x51])),
        "scriptpubkey"
    );
    assert_eq!(
        reason(|tx| tx.output = vec![pay(300, stranger()); 4_000]),
        "tx-size"
    );
    assert_eq!(
        reason(|tx| tx.output = vec![pay(0, ScriptBuf::new_op_return([]))]),
        "tx-size-small"
    );
    assert_eq!(
        reason(|tx| tx.input[0].script_sig = ScriptBuf::from_bytes(vec![0x61])),
        "scriptsig-not-pushonly"
    );
    assert_eq!(
        reason(|tx| tx.output[0].value = Amount::from_sat(100_000)),
        "min relay fee not met"
    );
    let coinbase = {
        let hash = bench.chain.block_hash(3).expect("mined");
        bench.chain.block(&hash).expect("known").block.txdata[0].clone()
    };
    assert_eq!(bench.reason(coinbase), "coinbase");
}

#[test]
fn what_lightning_needs_is_relayed() {
    let bench = bench();
    let anchor = ScriptBuf::new_p2wsh(&ScriptBuf::from_bytes(vec![0x51]).wscript_hash());

    // A commitment transaction: version 2, 330 sat anchors, 253 sat/kw.
    let tx = bench.spend_with(|tx| {
        tx.output = vec![
            pay(330, anchor.clone()),
            pay(330, anchor),
            pay(98_000, stranger()),
        ];
        let weight = tx.weight().to_wu() + 110;
        tx.output[2].value = Amount::from_sat(100_000 - 660 - (weight * 253).div_ceil(1_000));
    });
    bench.chain.submit(tx).expect("accepted");
}

#[test]
fn known_transactions() {
    let bench = bench();
    let tx = bench.purse.pass_on(&bench.coin, FEE_SAT);

    bench.chain.submit(tx.clone()).expect("accepted");
    assert_eq!(bench.reason(tx.clone()), "txn-already-in-mempool");
    let mut other_witness = tx.clone();
    other_witness.input[0].witness.push([1]);
    assert_eq!(
        bench.reason(other_witness),
        "txn-same-nonwitness-data-in-mempool"
    );

    bench.chain.mine(1);
    let refusal = bench.chain.submit(tx.clone()).expect_err("confirmed");
    assert_eq!(
        refusal.to_string(),
        "Transaction outputs already in utxo set"
    );
    assert_eq!(refusal.rpc_code(), -27);

    bench
        .chain
        .submit(bench.purse.pass_on(&output_of(&tx, 0), FEE_SAT))
        .expect("accepted");
    bench.chain.mine(1);
    let refusal = bench.chain.submit(tx).expect_err("its output is spent too");
    assert_eq!(refusal.reason(), "bad-txns-inputs-missingorspent");
    assert_eq!(refusal.rpc_code(), -25);
}

#[test]
fn inputs_that_are_not_there() {
    let bench = bench();
    let unknown = (
        OutPoint {
            vout: 9,
            ..bench.coin.0
        },
        bench.coin.1.clone(),
    );

    assert_eq!(
        bench.reason(bench.purse.pass_on(&unknown, FEE_SAT)),
        "bad-txns-inputs-missingorspent"
    );
}

#[test]
fn a_coinbase_matures_after_100_blocks() {
    let chain = Chain::new();
    let purse = Purse::new(1);
    chain.mine_to(purse.p2wpkh(), 1);
    let hash = chain.block_hash(1).expect("mined");
    let coinbase = output_of(&chain.block(&hash).expect("known").block.txdata[0], 0);
    let tx = purse.pass_on(&coinbase, FEE_SAT);

    chain.mine(98);
    let refusal = chain
        .submit(tx.clone())
        .expect_err("99 blocks deep in the next one");
    assert_eq!(refusal.reason(), "bad-txns-premature-spend-of-coinbase");

    chain.mine(1);
    chain.submit(tx).expect("100 blocks deep in the next one");
}

#[test]
fn absolute_lock_times() {
    let bench = bench();
    let height = bench.chain.height();
    let locked_to = |height: u32| {
        bench.spend_with(|tx| {
            tx.lock_time = absolute::LockTime::from_height(height).expect("a height");
        })
    };

    assert_eq!(bench.reason(locked_to(height + 1)), "non-final");
    bench
        .chain
        .submit(locked_to(height))
        .expect("final in the next block");
    let ignored = bench.spend_with(|tx| {
        tx.lock_time = absolute::LockTime::from_height(height + 9).expect("a height");
        tx.input[0].sequence = Sequence::MAX;
        tx.output[0].value -= Amount::from_sat(9_000);
    });
    bench
        .chain
        .submit(ignored)
        .expect("final sequences switch the lock off");
}

#[test]
fn absolute_lock_times_in_seconds_go_by_median_time() {
    let bench = bench();
    let tip = bench.chain.block(&bench.chain.tip().hash).expect("known");
    let tx = bench.spend_with(|tx| {
        let later = absolute::LockTime::from_time(tip.median_time_secs + 3_600).expect("a time");
        tx.lock_time = later;
    });

    assert_eq!(bench.reason(tx.clone()), "non-final");
    bench.chain.advance_clock(Duration::from_secs(4_000));
    bench.chain.mine(5);
    assert_eq!(
        bench.reason(tx.clone()),
        "non-final",
        "the median lags behind"
    );
    bench.chain.mine(1);
    bench.chain.submit(tx).expect("final");
}

#[test]
fn relative_lock_times() {
    let bench = bench();
    let after =
        |blocks| bench.spend_with(|tx| tx.input[0].sequence = Sequence::from_height(blocks));
    assert_eq!(bench.reason(after(2)), "non-BIP68-final");
    bench.chain.mine(1);
    bench
        .chain
        .submit(after(2))
        .expect("2 blocks deep in the next one");

    // Version 1 has no relative lock times.
    let coin = bench.purse.coin(&bench.chain, 50_000);
    let mut tx = unsigned(std::slice::from_ref(&coin), vec![pay(49_000, stranger())]);
    tx.version = transaction::Version::ONE;
    tx.input[0].sequence = Sequence::from_height(100);
    bench
        .chain
        .submit(bench.purse.sign(tx, &[coin]))
        .expect("not locked");
}

#[test]
fn relative_lock_times_in_seconds() {
    let bench = bench();
    let tx = bench.spend_with(|tx| tx.input[0].sequence = Sequence::from_512_second_intervals(2));

    assert_eq!(bench.reason(tx.clone()), "non-BIP68-final");
    bench.chain.advance_clock(Duration::from_secs(2 * 512 + 60));
    bench.chain.mine(6);
    bench.chain.submit(tx).expect("passed");
}

#[test]
fn an_unconfirmed_coin_has_no_age() {
    let bench = bench();
    let coin = coin_on(&bench.chain, bench.purse.p2wpkh(), 50_000);
    let mut tx = unsigned(std::slice::from_ref(&coin), vec![pay(49_000, stranger())]);
    tx.input[0].sequence = Sequence::from_height(1);

    assert_eq!(
        bench.reason(bench.purse.sign(tx, &[coin])),
        "non-BIP68-final"
    );
}

#[test]
fn a_replacement_pays_for_what_it_replaces() {
    let bench = bench();
    let first = bench.purse.pass_on(&bench.coin, 1_000);
    let child = bench.purse.pass_on(&output_of(&first, 0), 5_000);
    bench.chain.submit(first).expect("accepted");
    bench.chain.submit(child).expect("accepted");

    assert_eq!(
        bench.reason(bench.purse.pass_on(&bench.coin, 6_000)),
        "insufficient fee"
    );
    let better = bench.purse.pass_on(&bench.coin, 6_200);
    let txid = bench
        .chain
        .submit(better)
        .expect("pays for both and for itself");
    assert_eq!(bench.chain.mempool(), [txid]);
}

#[test]
fn a_replacement_cannot_rest_on_what_it_replaces() {
    let bench = bench();
    let first = bench.purse.pass_on(&bench.coin, 1_000);
    let coins = [bench.coin.clone(), output_of(&first, 0)];
    bench.chain.submit(first).expect("accepted");

    let tx = bench.purse.spend(&coins, vec![pay(150_000, stranger())]);
    assert_eq!(bench.reason(tx), "bad-txns-spends-conflicting-tx");

    let unconfirmed = coin_on(&bench.chain, bench.purse.p2wpkh(), 50_000);
    let coins = [bench.coin.clone(), unconfirmed];
    let tx = bench.purse.spend(&coins, vec![pay(100_000, stranger())]);
    assert_eq!(bench.reason(tx), "replacement-adds-unconfirmed");
}

#[test]
fn families_are_bounded() {
    let bench = bench();
    let mut coin = bench.coin.clone();
    for _ in 0..25 {
        let tx = bench.purse.pass_on(&coin, 300);
        coin = output_of(&tx, 0);
        bench.chain.submit(tx).expect("accepted");
    }

    let one_more = bench.purse.pass_on(&coin, 300);
    assert_eq!(bench.reason(one_more.clone()), "too-long-mempool-chain");
    bench.chain.mine(1);
    bench
        .chain
        .submit(one_more)
        .expect("the family is confirmed");
}

#[test]
fn a_child_pays_for_its_parent_in_a_package() {
    let bench = bench();
    let parent = bench.purse.pass_on(&bench.coin, 0);
    let poor_child = bench.purse.pass_on(&output_of(&parent, 0), 150);
    let child = bench.purse.pass_on(&output_of(&parent, 0), 1_000);
    assert_eq!(bench.reason(parent.clone()), "min relay fee not met");

    let outcome = bench.chain.submit_package(vec![parent.clone(), poor_child]);
    let reasons = outcome
        .results
        .values()
        .map(|result| result.clone().map_err(|no| no.reason()));
    let mut reasons: Vec<_> = reasons.collect();
    reasons.sort();
    let expected = ["bad-txns-inputs-missingorspent", "min relay fee not met"];
    assert_eq!(reasons, expected.map(|reason| Err(reason.to_owned())));
    assert_eq!(bench.chain.mempool(), []);

    let outcome = bench.chain.submit_package(vec![parent, child]);
    assert!(outcome.is_success(), "{outcome:?}");
    assert_eq!(bench.chain.mempool().len(), 2);
}

#[test]
fn bare_multisig_up_to_three_keys_is_relayed() {
    let bench = bench();
    let key = bitcoin::PublicKey::new(bench.purse.keys.public_key());
    let multisig = |keys: i64| {
        let script = (0..keys).fold(Builder::new().push_int(1), |script, _| {
            script.push_key(&key)
        });
        script
            .push_int(keys)
            .push_opcode(opcodes::all::OP_CHECKMULTISIG)
            .into_script()
    };

    let tx = |keys| bench.spend_with(|tx| tx.output[0].script_pubkey = multisig(keys));
    assert_eq!(bench.reason(tx(4)), "scriptpubkey");
    bench.chain.submit(tx(3)).expect("accepted");
}
