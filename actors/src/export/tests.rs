//! The history of a random shop adds up; ranges, slow takers and takers who leave.

use std::path::Path;
use std::time::Duration;

use till::id::{PaymentId, TxId};
use till::ledger::{Account, Command, Decision, OnchainSeen, WalletRef, Which, decide};
use till::money::Msat;
use till::payment::FailureReason;
use till::time::Timestamp;
use till::treasury::{Channel, ChannelState, Figures, Purpose};

use super::feed::AHEAD;
use super::reader::PIECE_RECORDS;
use super::*;
use crate::testing::{Books, draft, hash, msat, reserve};

/// A small generator (splitmix64): the same history for the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    fn amount(&mut self) -> Msat {
        msat(1 + self.roll(90_000))
    }
}

fn exporter(dir: &Path) -> Exporter {
    Exporter::new(dir, bitcoin::Network::Regtest)
}

async fn all(exporter: &Exporter, from: Option<u64>, to: Option<u64>) -> Vec<Line> {
    let moment = |millis: Option<u64>| millis.map(Timestamp::from_millis);
    let mut export = exporter.export(moment(from), moment(to)).await.unwrap();
    let mut lines = Vec::new();
    while let Some(piece) = export.next().await.unwrap() {
        lines.extend(piece);
    }
    lines
}

fn sum(lines: &[Line]) -> i128 {
    lines.iter().map(|line| line.amount_msat).sum()
}

fn house(books: &Books) -> i128 {
    books.state.balance(Account::HOUSE).unwrap().credit_msat()
}

/// Like [`Books::run`], where a refusal is as good.
fn attempt(books: &mut Books, command: Command) {
    let now = Timestamp::from_millis(books.now + 1);
    match decide(&books.state, command.clone(), now) {
        Ok(Decision::Commit(_)) => books.run(command),
        Ok(Decision::Repeat(_)) | Err(_) => {}
    }
}

fn step(books: &mut Books, dice: &mut Dice, n: u8) {
    let (hash, tx_id) = (hash(n), TxId::from_bytes([n; 32]));
    let which = Which::to_invoice(hash);
    let lsp_fee = if dice.roll(3) == 0 {
        msat(77)
    } else {
        Msat::ZERO
    };
    let seen = |purpose, amount, fee| {
        Command::BookOnchain(OnchainSeen {
            tx_id,
            purpose,
            amount,
            fee,
            height: Some(1),
            cost: msat(5_000),
        })
    };
    let wallet = match n % 3 {
        0 => WalletRef::House,
        _ => WalletRef::Wallet(till::id::WalletId::from_bytes([7; 16])),
    };
    let command = match dice.roll(13) {
        0 => {
            let draft = till::ledger::InvoiceDraft {
                wallet,
                amount: None,
                ..draft(n)
            };
            attempt(books, Command::DraftInvoice(Box::new(draft)));
            Command::IssueInvoice {
                lsp_fee: None,
                hash,
                bolt11: format!("ln{n}"),
                idempotency: None,
            }
        }
        1 | 2 => {
            let amount = dice.amount();
            let deadline_height = None;
            attempt(
                books,
                Command::IntendClaim {
                    hash,
                    amount,
                    lsp_fee,
                    deadline_height,
                },
            );
            Command::BookReceipt {
                offer: None,
                hash,
                amount,
                lsp_fee,
            }
        }
        3 => Command::BookReceipt {
            offer: None,
            hash,
            amount: dice.amount(),
            lsp_fee,
        },
        4 | 5 => {
            let Command::ReservePayment(mut order) = reserve(n, dice.amount().get()) else {
                panic!("a reservation")
            };
            order.wallet = wallet;
            order.fee_cap = msat(dice.roll(500));
            Command::ReservePayment(order)
        }
        6 | 7 => Command::PostPayment {
            which,
            hash,
            preimage: None,
            fee: msat(dice.roll(900)),
            node_amount: Some(msat(70)),
        },
        8 => Command::VoidPayment {
            which,
            attempt: None,
            reason: FailureReason::NoRoute,
        },
        9 => seen(Purpose::Deposit, dice.amount(), Msat::ZERO),
        10 => Command::ReverseDeposit { tx_id },
        11 => match dice.roll(3) {
            0 => seen(Purpose::ChannelFunding, dice.amount(), msat(300)),
            1 => seen(Purpose::ChannelProceeds, dice.amount(), Msat::ZERO),
            _ => seen(Purpose::ClosingCost, dice.amount(), msat(200)),
        },
        _ => channel_or_reconcile(books, dice, n),
    };
    attempt(books, command);
}

fn channel_or_reconcile(books: &mut Books, dice: &mut Dice, n: u8) -> Command {
    if dice.roll(2) == 0 {
        return Command::RecordChannel(Channel {
            address: None,
            announced: false,
            splicing: None,
            spliced: Vec::new(),
            user_channel_id: [n; 16],
            channel_id: String::new(),
            counterparty: "02".into(),
            funding_tx: Some(TxId::from_bytes([n; 32])),
            funding_index: 0,
            got: msat(dice.roll(9_000)),
            given: msat(dice.roll(9_000)),
            state: ChannelState::Pending,
            opened_at: Timestamp::default(),
            closing: None,
        });
    }
    attempt(
        books,
        Command::NoteRouting {
            earned: msat(2_000),
        },
    );
    let held = |account| books.state.balance(account).unwrap().debit_msat();
    let moved = i128::from(dice.roll(1_500)) - 700;
    let channels_msat = held(Account::Lightning) + moved;
    Command::Reconcile {
        figures: Figures {
            channels_low_msat: channels_msat,
            channels_high_msat: channels_msat,
            closing_msat: held(Account::Closing),
            onchain_msat: held(Account::Onchain),
        },
        seq: books.state.progress().seq,
    }
}

#[tokio::test]
async fn the_lines_of_random_histories_add_up_to_the_house_s_balance() {
    let mut met = std::collections::BTreeSet::new();
    for seed in 0..6 {
        let dir = tempfile::tempdir().unwrap();
        let (mut books, mut dice) = (Books::open(dir.path()), Dice(seed));
        for _ in 0..600 {
            let n = u8::try_from(dice.roll(40)).unwrap();
            step(&mut books, &mut dice, n);
        }
        let lines = all(&exporter(dir.path()), None, None).await;
        assert_eq!(sum(&lines), house(&books), "seed {seed}");
        met.extend(lines.iter().map(|line| line.about.kind));
        let fees = |account| books.state.balance(account).unwrap().debits_posted;
        let mined: u64 = lines.iter().map(|line| line.mining_fee.get()).sum();
        assert_eq!(
            mined,
            fees(Account::FeesChain),
            "seed {seed}: the house pays all miners"
        );
        // Cut anywhere, both halves hold the whole.
        let cut = 1_000 + dice.roll(books.now - 1_000);
        let exporter = exporter(dir.path());
        let mut halves = all(&exporter, None, Some(cut)).await;
        halves.extend(all(&exporter, Some(cut + 1), None).await);
        assert_eq!(halves, lines, "seed {seed}, cut at {cut}");
    }
    // A history in which something never happened would prove nothing about it.
    let all_kinds = [
        LineKind::LightningReceived,
        LineKind::LightningSent,
        LineKind::SwapIn,
        LineKind::SwapInReversed,
        LineKind::ChannelOpen,
        LineKind::ChannelClose,
        LineKind::ChannelPush,
        LineKind::Routing,
        LineKind::Adjustment,
    ];
    assert_eq!(met.into_iter().collect::<Vec<_>>(), all_kinds);
}

#[tokio::test]
async fn a_line_says_what_went_where() {
    let dir = tempfile::tempdir().unwrap();
    let mut books = Books::open(dir.path());
    books.ask(1, None);
    let (amount, lsp_fee) = (msat(900), msat(100));
    books.run(Command::IntendClaim {
        hash: hash(1),
        amount,
        lsp_fee,
        deadline_height: None,
    });
    books.run(Command::BookReceipt {
        offer: None,
        hash: hash(1),
        amount,
        lsp_fee,
    });
    books.run(reserve(2, 500));
    books.run(Command::PostPayment {
        which: Which::to_invoice(hash(2)),
        hash: hash(2),
        preimage: None,
        fee: msat(7),
        node_amount: None,
    });
    let tx_id = TxId::from_bytes([3; 32]);
    books.run(Command::BookOnchain(OnchainSeen {
        tx_id,
        purpose: Purpose::ChannelFunding,
        amount: msat(10_000),
        fee: msat(250),
        height: None,
        cost: Msat::ZERO,
    }));
    let lines = all(&exporter(dir.path()), None, None).await;
    let rows: Vec<_> = lines
        .iter()
        .map(|l| {
            (
                l.about.kind,
                l.amount_msat,
                l.mining_fee.get(),
                l.service_fee.get(),
                l.number,
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            (LineKind::LightningReceived, 900, 0, 100, 1),
            (LineKind::LightningSent, -507, 0, 7, 1),
            (LineKind::ChannelOpen, -250, 250, 0, 1),
        ]
    );
    assert_eq!(lines[0].about.hash, Some(hash(1)));
    assert_eq!(lines[1].about.hash, Some(hash(2)));
    assert_eq!(lines[1].about.payment, Some(PaymentId::from_bytes([2; 16])));
    assert_eq!(lines[2].about.tx_id, Some(tx_id));
}

#[tokio::test]
async fn both_ends_of_a_range_belong_to_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut books = Books::open(dir.path());
    let exporter = exporter(dir.path());
    assert_eq!(all(&exporter, None, None).await, []);
    for n in 1..=20 {
        books.ask(n, None);
        books.earn(n);
    }
    let lines = all(&exporter, None, None).await;
    assert_eq!(lines.len(), 20);
    let at = |n: usize| lines[n].at.as_millis();
    assert_eq!(all(&exporter, Some(at(4)), Some(at(9))).await, lines[4..=9]);
    assert_eq!(
        all(&exporter, Some(at(4) + 1), Some(at(9) - 1)).await,
        lines[5..9]
    );
    assert_eq!(all(&exporter, Some(at(7)), Some(at(7))).await, lines[7..8]);
    assert_eq!(all(&exporter, Some(0), Some(u64::MAX)).await, lines);
    assert_eq!(all(&exporter, Some(at(19) + 1), None).await, []);
    assert_eq!(all(&exporter, Some(at(9)), Some(at(4))).await, []);
}

/// Enough records for many pieces, each with a line.
fn long_history(dir: &Path) -> Books {
    let mut books = Books::open(dir);
    let deposit = |n: u64| {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&n.to_be_bytes());
        Command::BookOnchain(OnchainSeen {
            tx_id: TxId::from_bytes(bytes),
            purpose: Purpose::Deposit,
            amount: msat(1),
            fee: Msat::ZERO,
            height: None,
            cost: Msat::ZERO,
        })
    };
    let mut records = Vec::new();
    for n in 0..5 * PIECE_RECORDS {
        books.now += 1;
        let now = Timestamp::from_millis(books.now);
        let Decision::Commit(record) = decide(&books.state, deposit(n), now).unwrap() else {
            panic!("a repeat")
        };
        books.state.evolve(&record).unwrap();
        records.push(record);
    }
    books.journal.append(records.iter()).unwrap();
    books
}

#[tokio::test]
async fn who_takes_nothing_costs_little_and_is_cut_off() {
    let dir = tempfile::tempdir().unwrap();
    let books = long_history(dir.path());
    assert_eq!(
        sum(&all(&exporter(dir.path()), None, None).await),
        house(&books)
    );
    let impatient = Exporter {
        stall: Duration::from_millis(1),
        ..exporter(dir.path())
    };
    let every_place = impatient.places.available_permits();
    let mut export = impatient.export(None, None).await.unwrap();
    // Its place is free again once it has been cut off.
    let places = u32::try_from(every_place).unwrap();
    drop(impatient.places.acquire_many(places).await.unwrap());
    let mut pieces = 0;
    let error = loop {
        match export.next().await {
            Ok(Some(_)) => pieces += 1,
            Ok(None) => panic!("a part of a history must not pass for the whole"),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, ExportError::CutOff), "{error}");
    assert_eq!(pieces, AHEAD, "reading did not run ahead of its taker");
}

#[tokio::test]
async fn who_leaves_ends_the_reading() {
    let dir = tempfile::tempdir().unwrap();
    let _books = long_history(dir.path());
    let exporter = exporter(dir.path());
    let (mut first, second) = (
        exporter.export(None, None).await.unwrap(),
        exporter.export(None, None).await.unwrap(),
    );
    assert!(matches!(
        exporter.export(None, None).await,
        Err(ExportError::Busy)
    ));
    assert!(first.next().await.unwrap().is_some());
    drop((first, second));
    drop(exporter.places.acquire_many(2).await.unwrap());
    assert_eq!(all(&exporter, None, None).await.len(), 5_000);
}
