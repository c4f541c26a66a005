//! What waits is told after a restart, in order, and an address that fails holds back only its own.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use till::id::WalletId;
use till::invoice::Invoice;
use till::ledger::{Command, InvoiceDraft, Origin, OutboxCommand, WalletRef};
use till::outbox::{Delivery, DeliveryState, Verdict};
use till::time::Timestamp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::About;
use crate::testing::{Books, draft, hash, start};
use crate::views::Endpoint;

/// Answers every request with a status, and tells what it was.
async fn receiver(status: u16) -> (String, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let (told, heard) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (mut peer, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            // Every body of these tests ends so.
            while !request.ends_with(b"}") {
                let mut some = [0; 1_024];
                let read = peer.read(&mut some).await.unwrap();
                assert!(read > 0, "the request broke off");
                request.extend(&some[..read]);
            }
            let answer =
                format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            peer.write_all(answer.as_bytes()).await.unwrap();
            let _ = told.send(String::from_utf8(request).unwrap());
        }
    });
    (url, heard)
}

/// A paid invoice whose maker wants to be told.
fn sell(books: &mut Books, n: u8, url: &str) {
    sell_for(books, WalletRef::House, n, url);
}

fn sell_for(books: &mut Books, wallet: WalletRef, n: u8, url: &str) {
    let draft = InvoiceDraft {
        wallet,
        webhook_url: Some(url.to_owned()),
        ..draft(n)
    };
    books.run(Command::DraftInvoice(Box::new(draft)));
    books.run(Command::IssueInvoice {
        hash: hash(n),
        bolt11: format!("ln{n}"),
        lsp_fee: None,
        idempotency: None,
    });
    books.earn(n);
}

fn tried(books: &mut Books, number: u64, attempt: u32, verdict: Verdict) {
    let status = "500".to_owned();
    books.run(
        OutboxCommand::Tried {
            number,
            attempt,
            verdict,
            status,
        }
        .into(),
    );
}

fn due(books: &Books, at: u64) -> Vec<u64> {
    let at = Timestamp::from_millis(at);
    let busy = HashMap::new();
    let due = books
        .views
        .due_deliveries(at, &busy, Endpoint::default(), (10, 10));
    let due = due.unwrap();
    let mut numbers: Vec<u64> = due.now.iter().map(|(_, row)| row.number).collect();
    numbers.sort_unstable();
    numbers
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_told_before_the_till_died_is_told_after() {
    let dir = tempfile::tempdir().unwrap();
    let (url, mut heard) = receiver(204).await;
    let mut books = Books::open(dir.path());
    sell(&mut books, 1, &url);
    sell(&mut books, 2, &url);
    books.views.close();
    drop(books);
    let (till, _) = start(dir.path()).await.unwrap();
    let service = till.service();
    let render = |told: &super::Told| match &told.about {
        About::Invoice(invoice) => Some(format!("{{\"hash\":\"{}\"}}", invoice.hash)),
        About::Payment(_) => None,
    };
    service.webhook_bodies(Origin::Pos, Arc::new(render));
    for n in [1, 2] {
        let request = heard.recv().await.unwrap();
        let body = format!("{{\"hash\":\"{}\"}}", hash(n));
        assert!(request.ends_with(&body), "{request}");
        assert!(
            request.contains(&format!("webhook-id: msg_{n}\r\n")),
            "{request}"
        );
    }
    let told = service.views().wait_for(Duration::from_secs(10), |views| {
        let row = views.get::<Delivery>(&2)?.unwrap();
        Ok((row.state == DeliveryState::Delivered).then_some(row))
    });
    assert_eq!(told.await.unwrap().unwrap().tries, 1);
    let invoice = service.views().get::<Invoice>(&hash(1)).unwrap().unwrap();
    assert_eq!(invoice.meta.webhook_status.as_deref(), Some("204"));
    drop(service);
    till.stop().await;
    assert!(heard.try_recv().is_err(), "each was told once");
}

#[test]
fn an_address_that_fails_holds_back_its_own_and_one_that_refuses_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let mut books = Books::open(dir.path());
    sell(&mut books, 1, "https://a.example/");
    sell(&mut books, 2, "https://a.example/");
    sell(&mut books, 3, "https://b.example/");
    let now = books.now;
    assert_eq!(due(&books, now), [1, 3], "one at a time for each address");
    tried(&mut books, 1, 1, Verdict::Failed);
    assert_eq!(due(&books, now), [3], "nothing overtakes what failed");
    // The same try told twice counts once.
    tried(&mut books, 1, 1, Verdict::Failed);
    assert_eq!(books.views.get::<Delivery>(&1).unwrap().unwrap().tries, 1);
    assert_eq!(due(&books, now + 6_000), [1, 3]);
    tried(&mut books, 1, 2, Verdict::Refused);
    assert_eq!(
        due(&books, now),
        [2, 3],
        "what is not wanted lets others by"
    );
    tried(&mut books, 2, 1, Verdict::Taken);
    tried(&mut books, 3, 1, Verdict::Gone);
    assert_eq!(due(&books, now), [0_u64; 0]);
    assert_eq!(due(&books, now + 60_000), [1]);
}

#[test]
fn one_wallet_has_only_so_many_places() {
    let dir = tempfile::tempdir().unwrap();
    let mut books = Books::open(dir.path());
    let (greedy, other) = ([4; 16], [5; 16]);
    let [greedy, other] = [greedy, other].map(|id| WalletRef::Wallet(WalletId::from_bytes(id)));
    for n in 1..=9 {
        sell_for(&mut books, greedy, n, &format!("https://{n}.example/"));
    }
    for n in 10..=11 {
        sell_for(&mut books, other, n, &format!("https://{n}.example/"));
    }
    let at = Timestamp::from_millis(books.now);
    let due = |busy: &HashMap<_, _>| {
        let due = books
            .views
            .due_deliveries(at, busy, Endpoint::default(), (16, 4));
        due.unwrap().now
    };
    let of = |due: &[(_, Delivery)], wallet| {
        let theirs = due.iter().filter(|(_, row)| row.wallet == wallet);
        theirs.count()
    };
    let first = due(&HashMap::new());
    assert_eq!((of(&first, greedy), of(&first, other)), (4, 2));
    // Those are under way and hang: there is nothing more for the greedy one, until one is over.
    let under_way = first.iter().map(|(at, row)| (*at, row.wallet));
    let mut busy: HashMap<_, _> = under_way.collect();
    assert_eq!(due(&busy).len(), 0);
    let over = first.iter().find(|(_, row)| row.wallet == greedy);
    busy.remove(&over.unwrap().0);
    assert_eq!(of(&due(&busy), greedy), 1);
}

/// Nobody's address is worse than another's: with more of them than places, each has its turn.
#[test]
fn every_address_has_its_turn() {
    let dir = tempfile::tempdir().unwrap();
    let mut books = Books::open(dir.path());
    for n in 1..=5 {
        sell(&mut books, n, &format!("https://{n}.example/"));
    }
    let at = Timestamp::from_millis(books.now);
    let mut last = Endpoint::default();
    let mut had_turns = Vec::new();
    for _ in 0..10 {
        // One place, free again at once; and all of them have more to be told all the time.
        let due = books
            .views
            .due_deliveries(at, &HashMap::new(), last, (1, 1));
        let (endpoint, row) = due.unwrap().now.remove(0);
        last = endpoint;
        had_turns.push(row.number);
    }
    let (first, second) = had_turns.split_at(5);
    assert_eq!(first, second);
    let mut first = first.to_vec();
    first.sort_unstable();
    assert_eq!(first, [1, 2, 3, 4, 5]);
}
