//! ln.bot: the streams and the status as the official crate `lnbot` reads them, unchanged, with only the
//! base URL set.

use std::time::Duration;

use futures_util::StreamExt as _;
use lnbot::{InvoiceEventType, LnBot, LnBotError, PaymentEventType, ServiceState};
use support::app::TestApp;
use support::fake_node::Foreign;
use tokio::time::timeout;

/// Nothing takes longer.
const LIMIT: Duration = Duration::from_secs(20);

fn client(app: &TestApp, key: &str) -> LnBot {
    LnBot::new(key).with_base_url(&app.url)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_crate_reads_every_stream() {
    let app = TestApp::lnbot().await;
    let account = app.account().await;
    let (id, bot) = account.new_wallet().await;
    let (users, wallets) = (client(&app, &account.primary.key), client(&app, &bot.key));

    let invoice = app.bill(&id, 5_000, 3_600).await;
    let wallet = wallets.wallet("current");
    let events = wallet.events();
    let mut stream = events.stream();
    let invoices = users.wallet(&id);
    let invoices = invoices.invoices();
    let hash = invoice.hash.to_string();
    let mut watch = invoices.watch_by_hash(&hash, None);
    let mut short = invoices.watch(1, Some(0));
    let early = timeout(LIMIT, short.next())
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert_eq!(early.event, InvoiceEventType::Timeout);
    let told = async {
        let told = timeout(LIMIT, watch.next()).await.unwrap();
        (told.unwrap().unwrap(), watch.next().await.is_none())
    };
    let first = async {
        timeout(LIMIT, stream.next())
            .await
            .unwrap()
            .unwrap()
            .unwrap()
    };
    let paid = async {
        // The streams are opened by being read, so something happens only once they are.
        support::app::until(async || (app.service.subscribers() == 2).then_some(())).await;
        app.settle(&invoice).await;
    };
    let ((told, ended), event, ()) = tokio::join!(told, first, paid);
    assert_eq!(
        (told.event, told.data.number),
        (InvoiceEventType::Settled, 1)
    );
    assert!(told.data.settled_at.is_some() && ended);
    assert_eq!(event.event, "invoice.settled");
    assert_eq!(event.data["amount"], 5_000);

    let bolt11 = app.node.foreign(Foreign::default());
    app.spend(&id, bolt11, LIMIT).await;
    let payments = wallets.wallet("current");
    let payments = payments.payments();
    let mut watch = payments.watch(1, Some(30));
    let told = timeout(LIMIT, watch.next())
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert_eq!(told.event, PaymentEventType::Settled);
    assert_eq!((told.data.number, told.data.amount), (1, 1_000));
    let event = timeout(LIMIT, stream.next())
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert_eq!(event.event, "payment.created");
    assert_eq!(event.data["number"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_crate_reads_the_status() {
    let app = TestApp::lnbot_over(|till| till.health_every = Duration::from_millis(50)).await;
    let client = LnBot::unauthenticated().with_base_url(&app.url);
    let measured = async || {
        let status = client.status().await.unwrap();
        (status.status != ServiceState::Unknown).then_some(status)
    };
    let status = support::app::until(measured).await;
    assert!(status.updated_at.is_some() && status.notice.is_none());
    assert_eq!(status.components.webhooks.backlog, Some(0));
    for (range, secs, buckets) in [
        ("24h", 300, 289),
        ("7d", 3_600, 169),
        ("30d", 21_600, 121),
        ("90d", 86_400, 91),
    ] {
        let history = client.status_history(range).await.unwrap();
        assert_eq!(
            (history.range.as_str(), history.bucket_seconds),
            (range, secs)
        );
        assert_eq!(history.buckets.len(), buckets);
        assert!(history.summary.samples > 0);
    }
    let refused = client.status_history("1y").await.unwrap_err();
    assert!(
        matches!(refused, LnBotError::BadRequest { .. }),
        "{refused:?}"
    );
}
