//! Opening channels: one wish, one question to the node, one channel; and who pays the push.

use super::bench::*;
use crate::id::{OpeningId, RequestHash, TxId};
use crate::ledger::{
    Account, Command, Decision, IdempotencyKey, OpeningOrder, Origin, Reference, Refusal,
};
use crate::money::{Msat, Sat};
use crate::time::Timestamp;
use crate::treasury::{Channel, ChannelState, Opening, OpeningOutcome, OpeningRefusal};

const UCID: [u8; 16] = [9; 16];
const FUNDING: TxId = TxId::from_bytes([4; 32]);

fn id(n: u8) -> OpeningId {
    OpeningId::from_bytes([n; 16])
}

fn key(operation: &str) -> IdempotencyKey {
    IdempotencyKey {
        origin: Origin::Pos,
        wallet: HOUSE,
        operation: operation.into(),
        key: "first channel".into(),
    }
}

fn wish(n: u8, request: Option<&[u8]>) -> Command {
    Command::IntendOpening(Box::new(OpeningOrder {
        id: id(n),
        counterparty: "02ab".into(),
        address: "127.0.0.1:9735".into(),
        announce: false,
        capacity: Sat::new(100_000).expect("small"),
        push: msat(7_000),
        idempotency: request.map(|request| (key("openchannel"), RequestHash::of(request))),
    }))
}

fn end(n: u8, outcome: OpeningOutcome) -> Command {
    Command::EndOpening { id: id(n), outcome }
}

/// What the node tells once the funding transaction is known.
fn pending() -> Command {
    Command::RecordChannel(Channel {
        user_channel_id: UCID,
        channel_id: "c1".into(),
        counterparty: "02ab".into(),
        funding_tx: Some(FUNDING),
        funding_index: 0,
        got: Msat::ZERO,
        given: Msat::ZERO,
        state: ChannelState::Pending,
        opened_at: Timestamp::default(),
        closing: None,
        address: None,
        announced: false,
        splicing: None,
        spliced: Vec::new(),
    })
}

#[test]
fn a_key_names_one_opening_whatever_became_of_it() {
    let mut bench = Bench::new();
    bench.must(wish(1, Some(b"a")));
    let same = Ok(Decision::Repeat(Reference::Opening(id(1))));
    assert_eq!(bench.run(wish(2, Some(b"a"))), same, "while nobody knows");
    let conflict = Err(Refusal::IdempotencyConflict);
    assert_eq!(bench.run(wish(2, Some(b"b"))), conflict);
    bench.must(end(1, OpeningOutcome::Refused(OpeningRefusal::PeerAway)));
    assert_eq!(bench.run(wish(2, Some(b"a"))), same, "when it was refused");
    assert!(bench.must(wish(3, None)), "without a key each is another");
    assert!(bench.must(wish(4, None)));
}

#[test]
fn the_first_word_about_an_opening_stands() {
    let mut bench = Bench::new();
    let unknown = bench.run(end(1, OpeningOutcome::Named(UCID)));
    assert_eq!(unknown, Err(Refusal::WrongState));
    bench.must(wish(1, None));
    assert_eq!(bench.get::<Opening>(&id(1)).outcome, None);
    assert!(bench.must(end(1, OpeningOutcome::Named(UCID))));
    let refused = OpeningOutcome::Refused(OpeningRefusal::Impossible);
    assert!(!bench.must(end(1, refused)));
    assert!(!bench.must(end(1, OpeningOutcome::Named([1; 16]))));
    let opening = bench.get::<Opening>(&id(1));
    assert_eq!(opening.outcome, Some(OpeningOutcome::Named(UCID)));
}

/// The node may tell of a channel before anybody has written down what it is called.
#[test]
fn what_the_peer_is_given_is_paid_once_in_whatever_order_things_are_told() {
    let named = || end(1, OpeningOutcome::Named(UCID));
    for told in [[named(), pending()], [pending(), named()]] {
        let mut bench = Bench::new();
        bench.must(wish(1, None));
        for command in told {
            bench.must(command);
        }
        assert!(!bench.must(named()) && !bench.must(pending()));
        assert_eq!(bench.owns(HOUSE), -7_000);
        assert_eq!(bench.balance(Account::Lightning).debit_msat(), -7_000);
        let channel = bench.get::<Channel>(&UCID);
        assert_eq!(channel.state, ChannelState::Pending);
        assert_eq!(
            (channel.given, channel.funding_tx),
            (msat(7_000), Some(FUNDING))
        );
    }
}

#[test]
fn a_payment_s_key_is_no_opening_s() {
    let mut bench = Bench::new();
    bench.must(receipt(1, 100_000));
    bench.must(wish(1, Some(b"a")));
    let mut order = order(9, HOUSE, 100, 0);
    order.idempotency = Some((key("payinvoice"), RequestHash::of(b"a")));
    assert!(bench.must(Command::ReservePayment(Box::new(order))));
}
