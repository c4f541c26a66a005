//! Lists, history and counts against a naive model: every row of two wallets, filtered, sorted and
//! added up by hand. There are more rows than one bitmap tells of.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use till::id::{PaymentHash, PaymentId, Preimage, WalletId};
use till::invoice::Invoice;
use till::ledger::{Changes, Command, Decision, InvoiceDraft, MetaOf, WalletRef, Which, decide};
use till::meta::{Meta, MetaChange};
use till::money::Msat;
use till::payment::{FailureReason, Payment};
use till::time::Timestamp;

use super::*;
use crate::service::{ListQuery, ListRow, Named, Order, Period, SEARCH_WINDOW};
use crate::testing::{Books, draft, msat, reserve};

const WALLETS: [WalletId; 2] = [WalletId::from_bytes([1; 16]), WalletId::from_bytes([2; 16])];
const TAGS: [Option<&str>; 3] = [None, Some("shop"), Some("bar")];
/// Rows to make; three quarters of them are one wallet's.
const ROWS: u64 = 2_400;

/// Numbers that look random, and are the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, top: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % top
    }
}

fn preimage(n: u64) -> Preimage {
    let mut bytes = [9; 32];
    bytes[..8].copy_from_slice(&n.to_be_bytes());
    Preimage::from_bytes(bytes)
}

fn tagged(dice: &mut Dice) -> Meta {
    let tag = TAGS[usize::try_from(dice.below(3)).unwrap()].map(str::to_owned);
    Meta {
        tag,
        ..Meta::default()
    }
}

/// Commands are applied to the views in groups of many sizes.
struct Filler {
    books: Books,
    group: Vec<Changes>,
    records: Vec<till::ledger::Record>,
}

impl Filler {
    fn run(&mut self, command: Command, dice: &mut Dice) {
        let books = &mut self.books;
        // Some share a moment, some are hours apart.
        books.now += [0, 1, 5_000, 4_000_000][usize::try_from(dice.below(4)).unwrap()];
        let now = Timestamp::from_millis(books.now);
        let Decision::Commit(record) = decide(&books.state, command, now).unwrap() else {
            panic!("a repeat")
        };
        self.group.push(books.state.evolve(&record).unwrap());
        self.records.push(record);
        if dice.below(40) == 0 {
            self.flush();
        }
    }

    fn flush(&mut self) {
        self.books.journal.append(self.records.iter()).unwrap();
        let group: Vec<&Changes> = self.group.iter().collect();
        self.books
            .views
            .apply(&group, self.books.journal.head())
            .unwrap();
        self.group.clear();
        self.records.clear();
    }
}

fn fill(dir: &Path) -> Books {
    let mut dice = Dice(88_172_645_463_325_252);
    let mut filler = Filler {
        books: Books::open(dir),
        group: Vec::new(),
        records: Vec::new(),
    };
    for n in 0..ROWS {
        let wallet = WalletRef::Wallet(WALLETS[usize::from(dice.below(4) == 0)]);
        match dice.below(4) {
            0 if n > 100 => pay(&mut filler, n, wallet, &mut dice),
            _ => ask(&mut filler, n, wallet, &mut dice),
        }
    }
    filler.flush();
    filler.books
}

fn ask(filler: &mut Filler, n: u64, wallet: WalletRef, dice: &mut Dice) {
    let hash = preimage(n).payment_hash();
    let amount = msat(1 + dice.below(50) * 700);
    let wanted = InvoiceDraft {
        hash,
        preimage: Some(preimage(n)),
        wallet,
        amount: Some(amount),
        meta: tagged(dice),
        unlisted: false,
        expiry_secs: 100_000,
        ..draft(0)
    };
    filler.run(Command::DraftInvoice(Box::new(wanted)), dice);
    if dice.below(20) == 0 {
        return;
    }
    let (bolt11, lsp_fee) = (format!("ln{n}"), None);
    let issue = Command::IssueInvoice {
        hash,
        bolt11,
        lsp_fee,
        idempotency: None,
    };
    filler.run(issue, dice);
    let (lsp_fee, deadline_height, offer) = (Msat::ZERO, None, None);
    match dice.below(4) {
        0 => {}
        1 => {
            let change = Box::new(MetaChange {
                tag: tagged(dice).tag,
                ..MetaChange::default()
            });
            let of = MetaOf::Invoice(hash);
            filler.run(Command::ChangeMeta { of, change }, dice);
        }
        _ => {
            filler.run(
                Command::IntendClaim {
                    hash,
                    amount,
                    lsp_fee,
                    deadline_height,
                },
                dice,
            );
            filler.run(
                Command::BookReceipt {
                    hash,
                    amount,
                    lsp_fee,
                    offer,
                },
                dice,
            );
        }
    }
}

fn pay(filler: &mut Filler, n: u64, wallet: WalletRef, dice: &mut Dice) {
    let hash = preimage(n).payment_hash();
    let Command::ReservePayment(order) = reserve(0, 1 + dice.below(2_000)) else {
        panic!("another command")
    };
    let mut id = [0; 16];
    id[..8].copy_from_slice(&n.to_be_bytes());
    let text = format!("ln{n}");
    let order = till::ledger::PaymentOrder {
        id: PaymentId::from_bytes(id),
        target: till::node::SendTarget::Bolt11 { text, hash },
        wallet,
        fee_cap: msat(20),
        meta: tagged(dice),
        ..*order
    };
    filler.run(Command::ReservePayment(Box::new(order)), dice);
    let which = Which::to_invoice(hash);
    let (attempt, reason) = (None, FailureReason::NoRoute);
    match dice.below(3) {
        0 => {}
        1 => filler.run(
            Command::VoidPayment {
                which,
                attempt,
                reason,
            },
            dice,
        ),
        _ => {
            let (preimage, fee, node_amount) = (Some(preimage(n)), msat(7), None);
            let post = Command::PostPayment {
                which,
                hash,
                preimage,
                fee,
                node_amount,
            };
            filler.run(post, dice);
        }
    }
}

/// All rows of these wallets, newest first, as the model has them.
fn model(views: &Views, wallets: &[WalletId]) -> Vec<ListRow> {
    let invoices = views.all::<Invoice>().unwrap().into_iter();
    let invoices = invoices.filter(|invoice| invoice.number > 0);
    let payments = views.all::<Payment>().unwrap().into_iter();
    let mut rows: Vec<ListRow> = invoices
        .map(|invoice| ListRow::Invoice(Box::new(invoice)))
        .chain(payments.map(|payment| ListRow::Payment(Box::new(payment))))
        .filter(|row| {
            wallets
                .iter()
                .any(|id| row.wallet() == WalletRef::Wallet(*id))
        })
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse((row.created_at(), place(row))));
    rows
}

fn place(row: &ListRow) -> (WalletRef, u32) {
    match row {
        ListRow::Invoice(invoice) => (invoice.wallet, invoice.entry),
        ListRow::Payment(payment) => (payment.wallet, payment.entry),
    }
}

fn hash_of(row: &ListRow) -> PaymentHash {
    match row {
        ListRow::Invoice(invoice) => invoice.hash,
        ListRow::Payment(payment) => payment.hash.unwrap(),
    }
}

/// Every query of a small grid: by status, tag, amount, time.
fn queries(rows: &[ListRow], wallets: &[WalletId]) -> Vec<ListQuery> {
    let middle = rows[rows.len() / 2].created_at();
    let late = rows[rows.len() / 9].created_at();
    let standings = [
        None,
        Some(vec![]),
        Some(vec![Standing::Pending]),
        Some(vec![Standing::Success, Standing::Failed]),
    ];
    let tags = [
        None,
        Some(vec!["shop".to_owned()]),
        Some(vec!["bar".into(), "".into(), "x".into()]),
    ];
    let times = [
        (None, None),
        (Some(middle), None),
        (Some(middle), Some(late)),
        (None, Some(middle)),
    ];
    let amounts = [
        None,
        Some((0, i64::MAX)),
        Some((i64::MIN, -1)),
        Some((-1_500, 7_001)),
        Some((701, 701)),
    ];
    let mut queries = Vec::new();
    for standings in &standings {
        for tags in &tags {
            for (from, to) in times {
                for amount_msat in amounts {
                    queries.push(ListQuery {
                        standings: standings.clone(),
                        tags: tags.clone(),
                        from,
                        to,
                        amount_msat,
                        ..ListQuery::all(wallets.to_vec())
                    });
                }
            }
        }
    }
    queries
}

fn facet(row: &ListRow, by: Facet) -> &str {
    let text = match by {
        Facet::Status => Some(row.standing().word()),
        Facet::Tag => row.meta().tag.as_deref(),
        Facet::Extension => row.meta().extension.as_deref(),
        Facet::Size => panic!("nobody counts by size"),
    };
    text.unwrap_or_default()
}

fn meets(query: &ListQuery, row: &ListRow) -> bool {
    let tag = row.meta().tag.clone().unwrap_or_default();
    query
        .standings
        .as_ref()
        .is_none_or(|any| any.contains(&row.standing()))
        && query.tags.as_ref().is_none_or(|any| any.contains(&tag))
        && query.from.is_none_or(|from| row.created_at() >= from)
        && query.to.is_none_or(|to| row.created_at() <= to)
        && query
            .amount_msat
            .is_none_or(|(low, high)| (low..=high).contains(&row.amount_msat()))
}

#[test]
fn lists_are_what_a_filter_would_give() {
    let dir = tempfile::tempdir().unwrap();
    let views = fill(dir.path()).views;
    for wallets in [&WALLETS[..1], &WALLETS[1..], &WALLETS[..], &[]] {
        let rows = model(&views, wallets);
        let queries = match rows.is_empty() {
            true => vec![ListQuery::all(Vec::new())],
            false => queries(&rows, wallets),
        };
        for query in queries {
            let wanted: Vec<&ListRow> = rows.iter().filter(|row| meets(&query, row)).collect();
            for (offset, limit) in [(0, 10), (3, 100), (700, 5), (1_100, 40), (5_000, 1)] {
                let newest = ListQuery {
                    offset,
                    limit,
                    ..query.clone()
                };
                let found = views.list(&newest).unwrap();
                assert_eq!(found.total, u64::try_from(wanted.len()).unwrap());
                let page: Vec<&ListRow> = wanted.iter().skip(offset).take(limit).copied().collect();
                assert_eq!(found.rows.iter().collect::<Vec<_>>(), page);
                assert_eq!(found.window, None);
                let found = views
                    .list(&ListQuery {
                        order: Order::Oldest,
                        ..newest
                    })
                    .unwrap();
                let page: Vec<&ListRow> = wanted
                    .iter()
                    .rev()
                    .skip(offset)
                    .take(limit)
                    .copied()
                    .collect();
                assert_eq!(found.rows.iter().collect::<Vec<_>>(), page);
            }
        }
    }
}

#[test]
fn rows_are_found_by_name_by_what_is_in_them_and_in_any_order() {
    let dir = tempfile::tempdir().unwrap();
    let views = fill(dir.path()).views;
    let rows = model(&views, &WALLETS);
    let all = || ListQuery::all(WALLETS.to_vec());
    let named = vec![
        Named::Hash(hash_of(&rows[5])),
        Named::Hash(hash_of(&rows[900])),
    ];
    let found = views
        .list(&ListQuery {
            named: Some(named),
            ..all()
        })
        .unwrap();
    assert_eq!(found.rows, [rows[5].clone(), rows[900].clone()]);
    // A wallet does not find another's rows.
    let stranger = rows
        .iter()
        .find(|row| row.wallet() == WalletRef::Wallet(WALLETS[1]));
    let named = Some(vec![Named::Hash(hash_of(stranger.unwrap()))]);
    let query = ListQuery {
        named,
        ..ListQuery::all(WALLETS[..1].to_vec())
    };
    assert_eq!(views.list(&query).unwrap().total, 0);
    let matches = |row: &ListRow| row.amount_msat() % 3 == 0;
    let query = ListQuery {
        matches: Some(Arc::new(matches)),
        offset: 2,
        limit: 7,
        ..all()
    };
    let found = views.list(&query).unwrap();
    let wanted: Vec<&ListRow> = rows.iter().filter(|row| matches(row)).collect();
    assert_eq!(found.rows.iter().collect::<Vec<_>>(), wanted[2..9]);
    assert_eq!(
        (found.total, found.window),
        (u64::try_from(wanted.len()).unwrap(), Some(SEARCH_WINDOW))
    );
    let glance = |brief: &Brief, wallet: WalletRef| {
        (brief.tag == "shop" || wallet == WalletRef::Wallet(WALLETS[1]))
            && brief.standing() == Standing::Pending
            && brief.amount_msat < 20_000
            && brief.created_at() > Timestamp::from_millis(0)
            && brief.memo == "goods"
    };
    for (wallets, tags) in [
        (&WALLETS[..1], None),
        (&WALLETS[..], None),
        (&WALLETS[..], Some(vec!["bar".to_owned()])),
    ] {
        let query = ListQuery {
            glance: Some(Arc::new(glance)),
            tags,
            offset: 1,
            limit: 30,
            ..ListQuery::all(wallets.to_vec())
        };
        let is_shop = |row: &ListRow| row.meta().tag.as_deref() == Some("shop");
        let rows = model(&views, wallets);
        let rows = rows.iter().filter(|row| meets(&query, row));
        let wanted: Vec<&ListRow> = rows
            .filter(|row| is_shop(row) || row.wallet() == WalletRef::Wallet(WALLETS[1]))
            .filter(|row| row.standing() == Standing::Pending && row.amount_msat() < 20_000)
            .filter(|row| row.memo() == "goods")
            .collect();
        assert!(wanted.len() > 31);
        let found = views.list(&query).unwrap();
        assert_eq!(found.rows.iter().collect::<Vec<_>>(), wanted[1..31]);
        assert_eq!(found.total, u64::try_from(wanted.len()).unwrap());
    }
    let compare = |one: &Brief, other: &Brief| one.amount_msat.cmp(&other.amount_msat);
    let query = ListQuery {
        order: Order::Sorted(Arc::new(compare)),
        limit: 20,
        ..all()
    };
    let found = views.list(&query).unwrap();
    let mut wanted = rows.clone();
    wanted.sort_by_key(ListRow::amount_msat);
    assert_eq!(found.rows, wanted[..20]);
    assert_eq!(found.total, u64::try_from(rows.len()).unwrap());
}

#[test]
fn history_and_counts_are_what_adding_up_gives() {
    let dir = tempfile::tempdir().unwrap();
    let views = fill(dir.path()).views;
    for wallets in [&WALLETS[..1], &WALLETS[..]] {
        let rows = model(&views, wallets);
        for (period, millis) in [(Period::Hour, 3_600_000), (Period::Day, 86_400_000)] {
            for query in queries(&rows, wallets) {
                let mut wanted: Vec<(Timestamp, Moved)> = Vec::new();
                for row in rows
                    .iter()
                    .filter(|row| meets(&query, row) && row.standing() == Standing::Success)
                {
                    let begin = row.created_at().as_millis() / millis * millis;
                    let begin = Timestamp::from_millis(begin);
                    if wanted.last().is_none_or(|(last, _)| *last != begin) {
                        wanted.push((begin, Moved::default()));
                    }
                    let (_, moved) = wanted.last_mut().unwrap();
                    let (amount, fee_msat) = (row.amount_msat(), row.fee().get());
                    *moved = moved.and(Moved {
                        count_in: u64::from(amount > 0),
                        count_out: u64::from(amount < 0),
                        in_msat: amount.max(0).unsigned_abs(),
                        out_msat: amount.min(0).unsigned_abs(),
                        fee_msat,
                    });
                }
                let found = views.history(&query, period).unwrap();
                assert_eq!((found.points, found.window), (wanted, None));
            }
        }
        for query in queries(&rows, wallets) {
            for by in [Facet::Tag, Facet::Status, Facet::Extension] {
                let (found, window) = views.counts(&query, by).unwrap();
                assert_eq!(window, None);
                let mut wanted: BTreeMap<&str, u64> = BTreeMap::new();
                for row in rows.iter().filter(|row| meets(&query, row)) {
                    *wanted.entry(facet(row, by)).or_default() += 1;
                }
                let found = found.iter().map(|one| (one.text.as_str(), one.count));
                assert_eq!(found.collect::<BTreeMap<_, _>>(), wanted);
            }
            let (found, window) = views.tallies(&query, Facet::Tag).unwrap();
            assert_eq!(window, None);
            let mut wanted: BTreeMap<&str, (u64, i64)> = BTreeMap::new();
            for row in rows.iter().filter(|row| meets(&query, row)) {
                if row.standing() == Standing::Success {
                    let (count, net_msat) = wanted.entry(facet(row, Facet::Tag)).or_default();
                    (*count, *net_msat) = (*count + 1, *net_msat + row.amount_msat());
                }
            }
            let found = found
                .iter()
                .map(|one| (one.text.as_str(), (one.settled, one.net_msat)));
            assert_eq!(found.collect::<BTreeMap<_, _>>(), wanted);
        }
    }
}

#[test]
fn lost_views_count_again_what_they_had_counted() {
    let dir = tempfile::tempdir().unwrap();
    let books = fill(dir.path());
    let before = super::tests::rows(&books.views);
    drop(books);
    std::fs::remove_dir_all(dir.path().join("views")).unwrap();
    assert_eq!(super::tests::rows(&Books::open(dir.path()).views), before);
}
