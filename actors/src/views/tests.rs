//! Views against the journal: lost, behind, ahead; and lists against a naive filter.

use till::invoice::Invoice;
use till::ledger::{Command, WalletRef, Which};
use till::payment::FailureReason;
use till::time::Timestamp;

use super::*;
use crate::service::types::{IncomingPayment, InvoiceQuery, PaymentQuery};
use crate::testing::{Books, hash, reserve};

pub(super) fn rows(views: &Views) -> Vec<(Vec<u8>, Vec<u8>)> {
    let rows = views.tree.iter().map(Result::unwrap);
    rows.map(|(key, value)| (key.to_vec(), value.to_vec()))
        .collect()
}

/// Twelve invoices, every third unpaid, and eight payments, every other failed.
pub(super) fn busy(dir: &Path) -> Books {
    let mut books = Books::open(dir);
    for n in 0..12 {
        books.ask(n, Some(if n % 2 == 0 { "even" } else { "odd" }));
        if n % 3 != 0 {
            books.earn(n);
        }
    }
    for n in 100..108 {
        books.run(reserve(n, 10));
        if n % 2 == 0 {
            let reason = FailureReason::NoRoute;
            books.run(Command::VoidPayment {
                which: Which::to_invoice(hash(n)),
                attempt: None,
                reason,
            });
        }
    }
    books
}

#[test]
fn lost_views_are_rebuilt_as_they_were() {
    let dir = tempfile::tempdir().unwrap();
    let books = busy(dir.path());
    let before = rows(&books.views);
    drop(books);
    std::fs::remove_dir_all(dir.path().join("views")).unwrap();
    assert_eq!(rows(&Books::open(dir.path()).views), before);
}

#[test]
fn views_that_are_behind_catch_up() {
    let dir = tempfile::tempdir().unwrap();
    let mut books = busy(dir.path());
    // What a crash between the commit and the views leaves: records that the views lack.
    let now = Timestamp::from_millis(books.now + 1_000_000);
    let expire = Command::ExpireInvoice { hash: hash(0) };
    let decision = till::ledger::decide(&books.state, expire, now).unwrap();
    let till::ledger::Decision::Commit(record) = decision else {
        panic!("a repeat")
    };
    books.journal.append([record].iter()).unwrap();
    assert_eq!(
        books
            .views
            .get::<Invoice>(&hash(0))
            .unwrap()
            .unwrap()
            .receipt,
        None
    );
    let seq = books.journal.last_seq();
    drop(books);
    let books = Books::open(dir.path());
    assert_eq!(books.views.progress().seq, seq);
    let invoice = books.views.get::<Invoice>(&hash(0)).unwrap().unwrap();
    assert_eq!(invoice.state, till::invoice::State::Expired);
}

#[test]
fn a_journal_that_is_shorter_than_the_views_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    drop(busy(dir.path()));
    for name in ["journal.sqlite", "journal.sqlite-wal", "journal.sqlite-shm"] {
        let _ = std::fs::remove_file(dir.path().join(name));
    }
    let journal = crate::journal::Journal::open(&dir.path().join("journal.sqlite"), "regtest");
    let views = Views::open(&dir.path().join("views")).unwrap();
    let refused = catch_up(&journal.unwrap(), &views).unwrap_err();
    assert!(
        matches!(refused, CatchUpError::JournalShorter { journal: 0, .. }),
        "{refused}"
    );
}

#[test]
fn invoice_lists_are_what_a_filter_would_give() {
    let dir = tempfile::tempdir().unwrap();
    let books = busy(dir.path());
    let mut all: Vec<Invoice> = books.views.all().unwrap();
    all.sort_by_key(|invoice| std::cmp::Reverse(invoice.number));
    let times: Vec<_> = all.iter().map(|invoice| invoice.created_at).collect();
    let bounds = [None, Some(times[9]), Some(times[4]), Some(times[0])];
    for paid_only in [false, true] {
        for external_id in [None, Some("even"), Some("none")] {
            for (from, to) in bounds
                .iter()
                .flat_map(|f| bounds.iter().map(move |t| (*f, *t)))
            {
                for (offset, limit) in [(0, 100), (1, 2), (3, 100), (50, 5), (0, 1)] {
                    let query = InvoiceQuery {
                        wallet: WalletRef::House,
                        paid_only,
                        from,
                        to,
                        external_id: external_id.map(str::to_owned),
                        offset,
                        limit,
                    };
                    let wanted: Vec<IncomingPayment> = all
                        .iter()
                        .filter(|i| !paid_only || i.receipt.is_some())
                        .filter(|i| from.is_none_or(|from| i.created_at >= from))
                        .filter(|i| to.is_none_or(|to| i.created_at <= to))
                        .filter(|i| {
                            external_id.is_none() || i.external_id.as_deref() == external_id
                        })
                        .skip(offset)
                        .take(limit)
                        .map(|invoice| IncomingPayment::Invoice(Box::new(invoice.clone())))
                        .collect();
                    let found = books.views.incoming(&query).unwrap();
                    assert_eq!(found, wanted, "{query:?}");
                }
            }
        }
    }
}

#[test]
fn payment_lists_leave_out_failures_unless_asked() {
    let dir = tempfile::tempdir().unwrap();
    let books = busy(dir.path());
    let numbers = |include_failed, offset, limit| -> Vec<u32> {
        let (wallet, from, to) = (WalletRef::House, None, None);
        let query = PaymentQuery {
            wallet,
            include_failed,
            from,
            to,
            offset,
            limit,
        };
        books
            .views
            .payments(&query)
            .unwrap()
            .iter()
            .map(|payment| payment.number)
            .collect()
    };
    assert_eq!(numbers(true, 0, 100), [8, 7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(numbers(false, 0, 100), [8, 6, 4, 2]);
    assert_eq!(numbers(false, 1, 2), [6, 4]);
    assert_eq!(books.views.pending_payments().unwrap().len(), 4);
}

#[test]
fn what_nobody_paid_is_found_to_be_forgotten_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut books = Books::open(dir.path());
    for n in [1, 2, 3] {
        books.ask(n, None);
    }
    books.earn(3);
    books.now += 60_000;
    for n in [1, 2] {
        books.run(Command::ExpireInvoice { hash: hash(n) });
    }
    let at = |books: &Books| Timestamp::from_millis(books.now);
    let due = |books: &Books, limit| books.views.forgettable(at(books), limit).unwrap();
    assert_eq!(due(&books, 9), []);
    books.now += till::invoice::FORGET_AFTER_SECS * 1_000;
    assert_eq!(due(&books, 9), [hash(1), hash(2)]);
    assert_eq!(due(&books, 1), [hash(1)]);
    books.run(Command::ForgetInvoice { hash: hash(1) });
    assert_eq!(due(&books, 9), [hash(2)]);
}

#[test]
fn overdue_invoices_are_found_in_order_and_within_bounds() {
    let dir = tempfile::tempdir().unwrap();
    let books = busy(dir.path());
    let early = Timestamp::from_millis(books.now);
    let (due, next) = books.views.overdue(early, 10).unwrap();
    assert!(due.is_empty() && next.is_some());
    let late = Timestamp::from_millis(books.now + 1_000_000);
    let (due, next) = books.views.overdue(late, 3).unwrap();
    assert_eq!(due, [hash(0), hash(3), hash(6)]);
    assert!(next.is_some());
    assert_eq!(books.views.overdue(late, 10).unwrap().0.len(), 4);
}

#[test]
fn what_belongs_together_is_read_at_one_moment() {
    let dir = tempfile::tempdir().unwrap();
    let mut books = Books::open(dir.path());
    let views = books.views.clone();
    let both = |views: &Views, between: &mut dyn FnMut()| {
        let before = views.get::<Progress>(&())?.unwrap().seq;
        between();
        Ok((before, views.get::<Progress>(&())?.unwrap().seq))
    };
    books.ask(1, None);
    let mut n = 1;
    let found = views.at_one_moment(|views| {
        both(views, &mut || {
            // Somebody writes between the first two readings, and no more then.
            if n < 3 {
                n += 1;
                books.ask(n, None);
            }
        })
    });
    let (first, second) = found.unwrap();
    assert_eq!(first, second);
    assert_eq!(n, 3);
}
