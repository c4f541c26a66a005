//! Subscribers: what was missed, what is live, and who is too slow.

use till::ledger::{EventBody, WalletRef};

use super::*;
use crate::testing::{Books, hash};

const HOUSE: Topic = Topic::Wallet(WalletRef::House);

struct Desk {
    hub: HubHandle,
    books: Books,
    _dir: tempfile::TempDir,
}

impl Desk {
    async fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let books = Books::open(dir.path());
        let limits = HubLimits {
            max_subscribers: 2,
            max_lag: 3,
        };
        let hub = HubHandle::new(limits);
        let args = Args {
            views: books.views.clone(),
            limits,
        };
        let (actor, _) = ractor::Actor::spawn(None, HubActor, args).await.unwrap();
        hub.connect(actor);
        Self {
            hub,
            books,
            _dir: dir,
        }
    }

    fn sell(&mut self, n: u8) {
        self.books.ask(n, None);
        self.books.earn(n);
        self.hub.announce(self.books.views.progress().event_id);
    }

    async fn listen(&self, since: Option<u64>) -> Subscription {
        self.hub
            .subscribe(HOUSE, since, Listener::Till)
            .await
            .unwrap()
    }
}

async fn sale(subscription: &mut Subscription) -> u8 {
    match subscription.next().await {
        Delivery::Event(event) => match event.body {
            EventBody::PaymentReceived { hash: sold, .. } => {
                (0..=255).find(|n| hash(*n) == sold).unwrap()
            }
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_past_runs_into_the_present_without_a_seam() {
    let mut desk = Desk::open().await;
    for n in 1..=100 {
        desk.sell(n);
    }
    let mut all = desk.listen(Some(0)).await;
    let mut live = desk.listen(None).await;
    for n in 1..=100 {
        assert_eq!(sale(&mut all).await, n);
    }
    for n in 101..=110 {
        desk.sell(n);
        assert_eq!(sale(&mut all).await, n);
        assert_eq!(sale(&mut live).await, n);
    }
}

#[tokio::test]
async fn a_reader_that_falls_behind_is_told_where_to_resume() {
    let mut desk = Desk::open().await;
    let mut slow = desk.listen(Some(0)).await;
    desk.sell(1);
    assert_eq!(sale(&mut slow).await, 1);
    // It has caught up only once it has waited; from then on it must keep up.
    let waited = tokio::time::timeout(std::time::Duration::from_millis(20), slow.next()).await;
    assert!(waited.is_err());
    for n in 2..=6 {
        desk.sell(n);
    }
    // The hub's mailbox has been read once a new subscriber has its answer.
    let mut resumed = desk.listen(Some(1)).await;
    assert_eq!(slow.next().await, Delivery::Lagged { resume_from: 1 });
    for n in 2..=6 {
        assert_eq!(sale(&mut resumed).await, n);
    }
}

/// The test's runtime has one thread: whoever else has something to do is the proof.
#[tokio::test]
async fn who_reads_a_long_past_lets_others_work() {
    let mut desk = Desk::open().await;
    for n in 1..=200 {
        desk.sell(n);
    }
    let nobodys = Topic::Payment(hash(250));
    let mut idle = desk
        .hub
        .subscribe(nobodys, Some(0), Listener::Till)
        .await
        .unwrap();
    let turns = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = std::sync::Arc::clone(&turns);
    let other = tokio::spawn(async move {
        loop {
            counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            tokio::task::yield_now().await;
        }
    });
    // It finds nothing in the past; and once it waits for the present, all of it has been read.
    let newest = desk.books.views.progress().event_id;
    while idle.cursor() < newest {
        let next = tokio::time::timeout(std::time::Duration::from_millis(1), idle.next());
        assert!(next.await.is_err(), "nothing of this hash has happened");
    }
    other.abort();
    let turns = turns.load(std::sync::atomic::Ordering::Relaxed);
    let pages = usize::try_from(newest).unwrap() / 64;
    assert!(turns >= pages, "{turns} turns in {pages} pages");
}

#[tokio::test]
async fn an_id_that_was_never_given_hears_what_is_new() {
    let mut desk = Desk::open().await;
    desk.sell(1);
    let mut ahead = desk.listen(Some(u64::MAX)).await;
    desk.sell(2);
    assert_eq!(sale(&mut ahead).await, 2);
}

#[tokio::test]
async fn there_is_room_for_so_many_and_an_end_for_all() {
    let desk = Desk::open().await;
    let mut first = desk.listen(None).await;
    let second = desk.listen(None).await;
    let third = desk.hub.subscribe(HOUSE, None, Listener::Till).await;
    assert_eq!(third.unwrap_err(), SubscribeError::Busy);
    drop(second);
    desk.listen(None).await;
    desk.hub.stop();
    assert_eq!(first.next().await, Delivery::Closed);
    let late = desk.hub.subscribe(HOUSE, None, Listener::Till).await;
    assert_eq!(late.unwrap_err(), SubscribeError::Unavailable);
}

#[tokio::test]
async fn who_listens_to_one_wallet_is_not_woken_nor_cut_off_by_another() {
    let mut desk = Desk::open().await;
    let nobodys = Topic::Payment(hash(200));
    let mut other = desk
        .hub
        .subscribe(nobodys, None, Listener::Till)
        .await
        .unwrap();
    let mut house = desk.listen(None).await;
    // More than anybody may fall behind by.
    for n in 1..=6 {
        desk.sell(n);
        assert_eq!(sale(&mut house).await, n);
    }
    let waited = tokio::time::timeout(std::time::Duration::from_millis(20), other.next()).await;
    assert!(waited.is_err(), "{waited:?}");
}
