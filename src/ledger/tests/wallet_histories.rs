//! Random lives of two wallets that may be deleted at any time. Whatever happens, no money is made or
//! lost, a deleted wallet has neither money nor an invoice that could be paid, and the numbers of a
//! wallet's live invoices and of those that strangers asked for are what counting them gives.

use proptest::prelude::*;

use super::bench::*;
use crate::holder::{Holder, Wallet};
use crate::id::{HolderId, PaymentHash, WalletId};
use crate::invoice::Invoice;
use crate::ledger::{
    Account, Command, Entity, HolderCommand, InvoiceDraft, Kind, State, WalletKeys, WalletRef,
};
use crate::payment::{Payment, State as PaymentState};
use crate::time::Timestamp;
use crate::transaction::{About, Side};

/// Hashes from here on are paid by the wallets, those below are asked for by them.
const OUTGOING: u8 = 8;
const ANA: HolderId = HolderId::from_bytes([1; 16]);
const WALLETS: [WalletId; 2] = [WalletId::from_bytes([5; 16]), WalletId::from_bytes([6; 16])];

#[derive(Clone, Debug)]
enum Step {
    Draft(u8, bool),
    Issue(u8),
    Intend(u8),
    Receipt(u8),
    Expire(u8),
    Lapse(u8),
    Reserve(u8, bool),
    Post(u8),
    Void(u8),
    /// Deletes a wallet; `true` for somebody who has seen only some of its invoices.
    Delete(bool, bool),
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (ours, theirs) = (0..OUTGOING, OUTGOING..2 * OUTGOING);
    let which = any::<bool>();
    let step = prop_oneof![
        4 => (ours.clone(), which).prop_map(|(n, second)| Step::Draft(n, second)),
        4 => ours.clone().prop_map(Step::Issue),
        3 => ours.clone().prop_map(Step::Intend),
        3 => ours.clone().prop_map(Step::Receipt),
        1 => ours.clone().prop_map(Step::Expire),
        1 => ours.prop_map(Step::Lapse),
        2 => (theirs.clone(), any::<bool>()).prop_map(|(n, second)| Step::Reserve(n, second)),
        1 => theirs.clone().prop_map(Step::Post),
        1 => theirs.prop_map(Step::Void),
        1 => (any::<bool>(), any::<bool>()).prop_map(|(second, stale)| Step::Delete(second, stale)),
        1 => (1..90u64).prop_map(Step::Wait),
    ];
    proptest::collection::vec(step, 1..120)
}

fn wallet(second: bool) -> WalletRef {
    WalletRef::Wallet(WALLETS[usize::from(second)])
}

fn amount(n: u8) -> u64 {
    1_000 + u64::from(n)
}

fn command(bench: &Bench, step: &Step) -> Option<Command> {
    Some(match *step {
        Step::Draft(n, second) => asked(n, wallet(second)),
        Step::Issue(n) => Command::IssueInvoice {
            hash: hash(n),
            bolt11: format!("ln{n}"),
            lsp_fee: None,
            idempotency: None,
        },
        Step::Intend(n) => intend(n, amount(n)),
        Step::Receipt(n) => receipt(n, amount(n)),
        Step::Expire(n) => Command::ExpireInvoice { hash: hash(n) },
        Step::Lapse(n) => Command::LapseClaim { hash: hash(n) },
        Step::Reserve(n, second) => reserve(n, wallet(second), 700, 7),
        Step::Post(n) => post(n, 3),
        Step::Void(n) => void(n, None),
        Step::Delete(second, stale) => {
            let mut live = live(bench, wallet(second));
            if stale {
                live.pop();
            }
            let wallet = WALLETS[usize::from(second)];
            HolderCommand::DeleteWallet { wallet, live }.into()
        }
        Step::Wait(_) => return None,
    })
}

/// Every other invoice is one that a stranger asks for.
fn asked(n: u8, wallet: WalletRef) -> Command {
    match draft(n, wallet, Some(amount(n))) {
        Command::DraftInvoice(draft) => Command::DraftInvoice(Box::new(InvoiceDraft {
            unlisted: n % 2 == 1,
            ..*draft
        })),
        other => other,
    }
}

/// A wallet's invoices, by all rows.
fn invoices(bench: &Bench, of: WalletRef) -> Vec<Invoice> {
    let rows = bench.rows.iter();
    let invoices = rows.filter(|(key, _)| key.first() == Some(&(Kind::Invoice as u8)));
    invoices
        .map(|(key, row)| Invoice::from_bytes(key, row).expect("readable"))
        .filter(|invoice| invoice.wallet == of)
        .collect()
}

/// A wallet's live invoices, counted over all rows.
fn live(bench: &Bench, of: WalletRef) -> Vec<PaymentHash> {
    let live = invoices(bench, of).into_iter().filter(Invoice::is_live);
    live.map(|invoice| invoice.hash).collect()
}

/// Numbers are dense, grow with time, and are had by what is listed alone.
fn check_numbers(bench: &Bench, of: WalletRef) {
    let all = invoices(bench, of);
    let waiting = all.iter().filter(|invoice| invoice.is_outstanding());
    let counters = bench.state.counters(of).expect("readable");
    assert_eq!(usize::try_from(counters.unlisted), Ok(waiting.count()));
    let mut listed: Vec<_> = all.iter().filter(|invoice| invoice.number > 0).collect();
    listed.sort_by_key(|invoice| invoice.number);
    for (place, invoice) in listed.iter().enumerate() {
        assert_eq!(usize::try_from(invoice.number), Ok(place + 1));
        assert!(invoice.entry > 0 && (!invoice.unlisted || invoice.receipt.is_some()));
    }
    assert!(listed.is_sorted_by_key(|invoice| (invoice.created_at, invoice.entry)));
    assert_eq!(usize::try_from(counters.invoices), Ok(listed.len()));
}

fn check(bench: &Bench) {
    let owned = bench.owns(HOUSE) + bench.owns(wallet(false)) + bench.owns(wallet(true));
    let held = bench.balance(Account::Lightning).debit_msat();
    assert_eq!(owned, held, "no money is made or lost");
    for second in [false, true] {
        let (of, id) = (wallet(second), WALLETS[usize::from(second)]);
        let counted = live(bench, of).len();
        let known = bench.state.counters(of).expect("readable").live;
        assert_eq!(usize::try_from(known), Ok(counted), "live invoices");
        assert!(bench.owns(of) >= 0);
        check_numbers(bench, of);
        check_statement(bench, of);
        if !bench.get::<Wallet>(&id).is_open() {
            assert_eq!((bench.owns(of), counted), (0, 0), "a tombstone");
        }
    }
}

/// Every line is about a row that names it, or about the wallet's end, and every such row has a line.
fn check_statement(bench: &Bench, of: WalletRef) {
    let lines = bench.statement(of);
    let mut named = 0;
    for line in &lines {
        let number = Some(line.number);
        match &line.about {
            About::Invoice(hash) => {
                assert_eq!(bench.get::<Invoice>(hash).tx_number, number);
                assert_eq!(line.side, Side::Credit);
            }
            About::Payment(id) => {
                assert_eq!(bench.get::<Payment>(id).tx_number, number);
                assert_eq!((line.side, line.network_fee), (Side::Debit, msat(3)));
            }
            About::Deleted => continue,
            About::Address(_) | About::Other => panic!("{line:?}"),
        }
        named += 1;
    }
    let rows = |kind: Kind| {
        let rows = bench.rows.iter();
        rows.filter(move |(key, _)| key.first() == Some(&(kind as u8)))
    };
    let invoices = rows(Kind::Invoice).map(|(key, row)| Invoice::from_bytes(key, row));
    let paid = invoices.map(|row| row.expect("readable"));
    let paid = paid.filter(|row| row.wallet == of && row.receipt.is_some());
    let payments = rows(Kind::Payment).map(|(key, row)| Payment::from_bytes(key, row));
    let sent = payments.map(|row| row.expect("readable"));
    let sent = sent.filter(|row| row.wallet == of && row.state == PaymentState::Succeeded);
    assert_eq!(paid.count() + sent.count(), named);
}

/// A holder with two wallets.
fn begin() -> Bench {
    let mut bench = Bench::new();
    let holder = Holder {
        id: ANA,
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
    for id in WALLETS {
        let wallet = Wallet {
            id,
            holder: ANA,
            number: 0,
            name: "w".into(),
            currency: None,
            created_at: Timestamp::default(),
            updated_at: Timestamp::default(),
            deleted_at: None,
            epoch: 0,
            key: None,
        };
        let (wallet, keys) = (Box::new(wallet), Vec::new());
        bench.must(HolderCommand::AddWallet(WalletKeys {
            wallet,
            keys,
            address: None,
        }));
    }
    bench
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn wallets_come_and_go_and_money_stays(steps in steps()) {
        let mut bench = begin();
        for step in &steps {
            if let Step::Wait(secs) = step {
                bench.wait_secs(*secs);
                continue;
            }
            let Some(command) = command(&bench, step) else { continue };
            let before = bench.records.len();
            if bench.run(command).is_err() {
                prop_assert_eq!(before, bench.records.len());
            }
            check(&bench);
        }
        let mut replayed = State::over(Shelf::default()).expect("an empty shelf");
        for record in &bench.records {
            replayed.evolve(record).expect("replays");
        }
        prop_assert_eq!(replayed.progress(), bench.state.progress());
        for second in [false, true] {
            let counters = |state: &State<Shelf>| state.counters(wallet(second));
            prop_assert_eq!(counters(&replayed), counters(&bench.state));
        }
    }
}
