//! Invoices that strangers ask for: in no list before they are paid, and never too many.

use super::bench::*;
use crate::holder::Holder;
use crate::id::{HolderId, Preimage, WalletId};
use crate::invoice::{
    FORGET_AFTER_SECS, Invoice, MAX_LIVE_PER_WALLET, MAX_UNLISTED_PER_WALLET, State as InvoiceState,
};
use crate::ledger::entity::UnlistedCount;
use crate::ledger::{
    Command, EventBody, HolderCommand, InvoiceDraft, Refusal, WalletKeys, WalletRef,
};
use crate::time::Timestamp;

const WALLET: WalletId = WalletId::from_bytes([5; 16]);
const ITS: WalletRef = WalletRef::Wallet(WALLET);

fn begin() -> Bench {
    let mut bench = Bench::new();
    let id = HolderId::from_bytes([1; 16]);
    let holder = Holder {
        id,
        name: None,
        password: None,
        is_admin: false,
        created_at: Timestamp::default(),
        deleted_at: None,
        epoch: 0,
        wallets: 0,
        recovery: None,
        keys: Vec::new(),
    };
    bench.must(HolderCommand::Add {
        holder: Box::new(holder),
        keys: Vec::new(),
        wallet: None,
    });
    let wallet = crate::holder::Wallet {
        id: WALLET,
        holder: id,
        number: 0,
        name: "w".into(),
        currency: None,
        created_at: Timestamp::default(),
        updated_at: Timestamp::default(),
        deleted_at: None,
        epoch: 0,
        key: None,
    };
    bench.must(HolderCommand::AddWallet(WalletKeys {
        wallet: Box::new(wallet),
        keys: Vec::new(),
        address: None,
    }));
    bench
}

fn wanted(n: u8, hold: bool) -> Command {
    let Command::DraftInvoice(draft) = draft(n, ITS, Some(1_000)) else {
        unreachable!("a draft")
    };
    let unlisted = true;
    Command::DraftInvoice(Box::new(InvoiceDraft {
        unlisted,
        hold,
        ..*draft
    }))
}

fn issue(bench: &mut Bench, n: u8) {
    bench.must(Command::IssueInvoice {
        hash: hash(n),
        bolt11: "ln".into(),
        lsp_fee: None,
        idempotency: None,
    });
}

fn listed(bench: &mut Bench, n: u8) {
    bench.must(draft(n, ITS, Some(1_000)));
    issue(bench, n);
}

fn unpaid(bench: &Bench) -> (u32, u32) {
    let in_all = bench.state.get::<UnlistedCount>(&()).expect("readable");
    let its = bench.state.counters(ITS).expect("readable");
    (in_all.unwrap_or_default().unpaid, its.unlisted)
}

#[test]
fn it_comes_into_the_list_when_it_is_paid() {
    let mut bench = begin();
    listed(&mut bench, 1);
    let events = bench.state.progress().event_id;
    bench.must(wanted(2, false));
    issue(&mut bench, 2);
    assert_eq!(
        bench.state.progress().event_id,
        events,
        "nobody hears of it"
    );
    let row = bench.get::<Invoice>(&hash(2));
    assert_eq!(
        (row.number, row.entry, row.state),
        (0, 0, InvoiceState::Open)
    );
    assert_eq!(unpaid(&bench), (1, 1));
    let counters = bench.state.counters(ITS).expect("readable");
    assert_eq!((counters.invoices, counters.live), (1, 2));

    bench.wait_secs(5);
    listed(&mut bench, 3);
    bench.must(intend(2, 1_000));
    bench.must(receipt(2, 1_000));
    let row = bench.get::<Invoice>(&hash(2));
    assert_eq!((row.number, row.entry), (3, 3));
    let paid_at = row.receipt.map(|receipt| receipt.at);
    assert_eq!(Some(row.created_at), paid_at, "numbers grow with time");
    assert_eq!(unpaid(&bench), (0, 0));
    assert_eq!(bench.owns(ITS), 1_000);
    let last = bench.records.last().and_then(|record| record.events.last());
    let last = last.map(|event| &event.body);
    assert!(
        matches!(last, Some(EventBody::PaymentReceived { .. })),
        "{last:?}"
    );
    listed(&mut bench, 4);
    assert_eq!(bench.get::<Invoice>(&hash(4)).number, 4);
}

#[test]
fn an_expired_one_leaves_no_trace_and_may_still_be_paid() {
    let mut bench = begin();
    for n in [1, 2] {
        bench.must(wanted(n, false));
        issue(&mut bench, n);
    }
    bench.wait_secs(100);
    let events = bench.state.progress().event_id;
    for n in [1, 2] {
        bench.must(Command::ExpireInvoice { hash: hash(n) });
    }
    assert_eq!(bench.state.progress().event_id, events);
    assert_eq!(unpaid(&bench), (0, 0));
    bench.must(intend(2, 1_000));
    assert_eq!(unpaid(&bench), (1, 1));
    bench.must(receipt(2, 1_000));
    assert_eq!(bench.get::<Invoice>(&hash(2)).number, 1);

    let forget = |n| Command::ForgetInvoice { hash: hash(n) };
    assert_eq!(bench.run(forget(1)).err(), Some(Refusal::WrongState));
    bench.wait_secs(FORGET_AFTER_SECS);
    bench.must(forget(1));
    assert!(bench.get::<Invoice>(&hash(1)).forgotten);
    let before = bench.records.len();
    bench.must(forget(1));
    assert_eq!(bench.records.len(), before, "once is enough");
    assert_eq!(bench.run(forget(2)).err(), Some(Refusal::WrongState));
    assert_eq!(bench.run(forget(9)).err(), Some(Refusal::UnknownInvoice));
}

#[test]
fn a_wallet_has_only_so_many_and_holds_none() {
    let mut bench = begin();
    assert_eq!(bench.run(wanted(1, true)).err(), Some(Refusal::WrongState));
    let most = u8::try_from(MAX_UNLISTED_PER_WALLET).expect("a small number");
    for n in 0..most {
        bench.must(wanted(n, false));
    }
    assert_eq!(
        bench.run(wanted(most, false)).err(),
        Some(Refusal::TooManyUnpaid)
    );
    listed(&mut bench, most);
    bench.must(Command::AbandonInvoice { hash: hash(0) });
    bench.must(wanted(most + 1, false));
    assert_eq!(unpaid(&bench), (u32::from(most), u32::from(most)));
}

#[test]
fn a_deleted_wallet_has_none_that_could_be_paid() {
    let mut bench = begin();
    bench.must(wanted(1, false));
    issue(&mut bench, 1);
    let delete = |live| HolderCommand::DeleteWallet {
        wallet: WALLET,
        live,
    };
    let refused = bench.run(Command::from(delete(Vec::new())));
    assert_eq!(refused.err(), Some(Refusal::WrongState));
    bench.must(delete(vec![hash(1)]));
    assert_eq!(unpaid(&bench), (0, 0));
    assert_eq!(bench.run(intend(1, 1_000)).err(), Some(Refusal::WrongState));
}

/// Everything that can be paid counts, whoever asked for it.
#[test]
fn a_wallet_has_only_so_many_that_wait_and_the_house_any_number() {
    let mut bench = begin();
    let one = |n: u32, wallet: WalletRef| {
        let mut bytes = [7; 32];
        bytes[..4].copy_from_slice(&n.to_be_bytes());
        let preimage = Preimage::from_bytes(bytes);
        let Command::DraftInvoice(like) = draft(1, wallet, Some(1_000)) else {
            unreachable!("a draft")
        };
        let (hash, preimage) = (preimage.payment_hash(), Some(preimage));
        let draft = InvoiceDraft {
            hash,
            preimage,
            ..*like
        };
        (hash, Command::DraftInvoice(Box::new(draft)))
    };
    let open = |hash| Command::IssueInvoice {
        hash,
        bolt11: "ln".into(),
        lsp_fee: None,
        idempotency: None,
    };
    for n in 0..MAX_LIVE_PER_WALLET {
        for wallet in [ITS, HOUSE] {
            let (hash, draft) = one(2 * n + u32::from(wallet == HOUSE), wallet);
            bench.must(draft);
            bench.must(open(hash));
        }
    }
    let next = |n| one(2 * MAX_LIVE_PER_WALLET + n, ITS);
    assert_eq!(bench.run(next(0).1).err(), Some(Refusal::TooManyUnpaid));
    let (hash, of_house) = one(2 * MAX_LIVE_PER_WALLET + 1, HOUSE);
    bench.must(of_house);
    bench.must(open(hash));
    // One that expires makes room for one.
    bench.wait_secs(100);
    bench.must(Command::ExpireInvoice {
        hash: one(0, ITS).0,
    });
    let (hash, draft) = next(2);
    bench.must(draft);
    bench.must(open(hash));
    assert_eq!(bench.run(next(4).1).err(), Some(Refusal::TooManyUnpaid));
}
