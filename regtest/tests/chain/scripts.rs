//! Scripts are run for real: good spends pass, forged ones do not.

use bitcoin::opcodes::all::{OP_CHECKSIG, OP_CLTV, OP_CSV, OP_DROP};
use bitcoin::script::Builder;
use bitcoin::{ScriptBuf, Sequence, Transaction, absolute};
use till_regtest::chain::{Chain, Reject};

use crate::support::{Coin, Purse, coin_on, pay, stranger, unsigned};

const VALUE_SAT: u64 = 80_000;

fn spend_of(coin: &Coin) -> Transaction {
    unsigned(
        std::slice::from_ref(coin),
        vec![pay(VALUE_SAT - 1_000, stranger())],
    )
}

fn confirmed_coin(chain: &Chain, script: ScriptBuf) -> Coin {
    let coin = coin_on(chain, script, VALUE_SAT);
    chain.mine(1);
    coin
}

#[test]
fn p2wpkh() {
    let chain = Chain::new();
    let (owner, thief) = (Purse::new(1), Purse::new(2));
    let coin = confirmed_coin(&chain, owner.p2wpkh());

    let refusal = chain
        .submit(thief.sign(spend_of(&coin), std::slice::from_ref(&coin)))
        .expect_err("forged");
    assert_eq!(refusal, Reject::ScriptFailed { input: 0 });
    assert!(
        refusal
            .to_string()
            .starts_with("mandatory-script-verify-flag-failed (")
    );

    let mut tampered = owner.sign(spend_of(&coin), std::slice::from_ref(&coin));
    tampered.output[0].value -= bitcoin::Amount::ONE_SAT;
    assert_eq!(
        chain.submit(tampered),
        Err(Reject::ScriptFailed { input: 0 })
    );

    chain
        .submit(owner.sign(spend_of(&coin), &[coin]))
        .expect("accepted");
}

#[test]
fn taproot_key_spend() {
    let chain = Chain::new();
    let (owner, thief) = (Purse::new(1), Purse::new(2));
    let coin = confirmed_coin(&chain, owner.p2tr());

    let forged = thief.sign_p2tr(spend_of(&coin), &coin);
    assert_eq!(chain.submit(forged), Err(Reject::ScriptFailed { input: 0 }));

    chain
        .submit(owner.sign_p2tr(spend_of(&coin), &coin))
        .expect("accepted");
}

#[test]
fn p2wsh_with_a_relative_lock() {
    let chain = Chain::new();
    let (owner, thief) = (Purse::new(1), Purse::new(2));
    let script = Builder::new()
        .push_int(3)
        .push_opcode(OP_CSV)
        .push_opcode(OP_DROP)
        .push_key(&bitcoin::PublicKey::new(owner.keys.public_key()))
        .push_opcode(OP_CHECKSIG)
        .into_script();
    let coin = confirmed_coin(&chain, script.to_p2wsh());
    let spend_after = |blocks| {
        let mut tx = spend_of(&coin);
        tx.input[0].sequence = Sequence::from_height(blocks);
        tx
    };

    let early = owner.sign_p2wsh(spend_after(3), &coin, &script);
    assert_eq!(chain.submit(early.clone()), Err(Reject::NonBip68Final));
    chain.mine(2);
    let too_short = owner.sign_p2wsh(spend_after(2), &coin, &script);
    assert_eq!(
        chain.submit(too_short),
        Err(Reject::ScriptFailed { input: 0 })
    );
    let forged = thief.sign_p2wsh(spend_after(3), &coin, &script);
    assert_eq!(chain.submit(forged), Err(Reject::ScriptFailed { input: 0 }));
    chain.submit(early).expect("accepted");
}

#[test]
fn p2wsh_with_an_absolute_lock() {
    let chain = Chain::new();
    let owner = Purse::new(1);
    let script = Builder::new()
        .push_int(125)
        .push_opcode(OP_CLTV)
        .push_opcode(OP_DROP)
        .push_key(&bitcoin::PublicKey::new(owner.keys.public_key()))
        .push_opcode(OP_CHECKSIG)
        .into_script();
    let coin = confirmed_coin(&chain, script.to_p2wsh());
    let spend_at = |height| {
        let mut tx = spend_of(&coin);
        tx.lock_time = absolute::LockTime::from_height(height).expect("a height");
        owner.sign_p2wsh(tx, &coin, &script)
    };

    assert_eq!(chain.submit(spend_at(124)), Err(Reject::NonFinal));
    chain.mine(3);
    assert_eq!(chain.height(), 124);
    assert_eq!(
        chain.submit(spend_at(124)),
        Err(Reject::ScriptFailed { input: 0 })
    );
    assert_eq!(chain.submit(spend_at(125)), Err(Reject::NonFinal));
    chain.mine(1);
    chain.submit(spend_at(125)).expect("accepted");
}

#[test]
fn every_input_is_checked() {
    let chain = Chain::new();
    let (owner, other) = (Purse::new(1), Purse::new(2));
    let coins = [
        confirmed_coin(&chain, owner.p2wpkh()),
        confirmed_coin(&chain, other.p2wpkh()),
    ];

    let tx = owner.spend(&coins, vec![pay(VALUE_SAT, stranger())]);

    assert_eq!(chain.submit(tx), Err(Reject::ScriptFailed { input: 1 }));
}
