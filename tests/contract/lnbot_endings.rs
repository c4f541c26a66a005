//! Streams that the till ends: because it stops, or because nobody reads them.

use std::time::{Duration, Instant};

use serde_json::json;
use support::app::{AHEAD_BYTES, TestApp, until};
use support::caller::Socket;
use support::lnbot::Bot;
use support::sse::Frames;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

const HOUR_SECS: u32 = 3_600;
/// More events than a connection holds that nobody reads, and more than anybody may fall behind by.
const CROWD: usize = 1_500;
/// Invoices that are made side by side.
const TOGETHER: usize = 50;
/// Nothing that ends at once takes longer, on a machine with other work.
const AT_ONCE: Duration = Duration::from_secs(5);

/// A stream that is open: its greeting has come.
async fn listening(bot: &Bot, path: &str) -> Frames {
    let mut frames = bot.listen(path, None).await.expect("a stream");
    frames.next().await.expect("a greeting");
    frames
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_waits_for_no_stream_and_for_no_socket() {
    let mut app = TestApp::lnbot().await;
    let (bot, account) = app.bot_wallet().await;
    let (_, me) = bot.get("/me").await;
    let id = me["walletId"].as_str().unwrap().to_owned();
    let invoice = app.bill(&id, 5, HOUR_SECS).await;
    let watch = format!(
        "/wallets/{id}/invoices/{}/events?timeout=300",
        invoice.number
    );
    let mut streams = vec![
        listening(&bot, "/wallets/current/events").await,
        listening(&account.primary, &format!("/wallets/{id}/events")).await,
        listening(&bot, &watch).await,
    ];
    let mut till = app.wallet_admin().await.socket("", &[]).await.unwrap();
    let lnbits = app.wallet("till").await;
    let path = format!("/api/v1/ws/{}", lnbits.inkey);
    let mut wallet = Socket::open(&app.url, &path).await.unwrap();
    until(async || (app.service.subscribers() == 5).then_some(())).await;

    let reading = tokio::spawn(async move {
        let goodbyes = [till.rest().await, wallet.rest().await];
        for frames in &mut streams {
            assert_eq!(frames.told().await, None, "it ends without an event");
        }
        goodbyes
    });
    let begun = Instant::now();
    app.stop_serving().await;
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
    for (events, goodbye) in reading.await.unwrap() {
        assert!(events.is_empty(), "{events:?}");
        let away = (1001, "the till is shutting down".to_owned());
        assert_eq!(goodbye, Some(away));
    }
}

/// A stream of which nothing is ever read.
async fn deaf(app: &TestApp, bot: &Bot) -> TcpStream {
    let tcp = TcpSocket::new_v4().unwrap();
    tcp.set_recv_buffer_size(AHEAD_BYTES).unwrap();
    let address = app.url.strip_prefix("http://").unwrap();
    let mut stream = tcp.connect(address.parse().unwrap()).await.unwrap();
    let head = format!(
        "GET /v1/wallets/current/events HTTP/1.1\r\nhost: till\r\nauthorization: Bearer {}\r\n\r\n",
        bot.key
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    until(async || (app.service.subscribers() == 1).then_some(())).await;
    stream
}

async fn fill(bot: &Bot) {
    let wanted = json!({"amount": 1, "memo": "x".repeat(256), "reference": "y".repeat(256)});
    for _ in 0..CROWD / TOGETHER {
        let asked = (0..TOGETHER).map(|_| bot.post("/wallets/current/invoices", wanted.clone()));
        for (status, made) in futures_util::future::join_all(asked).await {
            assert_eq!(status, 200, "{made}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_never_reads_a_stream_is_let_go_and_can_resume() {
    let app = TestApp::lnbot_hasty(Duration::from_millis(500)).await;
    let (bot, _) = app.bot_wallet().await;
    let mut deaf = deaf(&app, &bot).await;
    fill(&bot).await;
    until(async || (app.service.subscribers() == 0).then_some(())).await;

    // What was on its way is all that there is, and it goes on where it ended.
    let mut taken = Vec::new();
    let _ = deaf.read_to_end(&mut taken).await;
    let text = String::from_utf8_lossy(&taken);
    let mut ids = text.lines().filter_map(|line| line.strip_prefix("id: "));
    let last = ids.next_back().expect("an event").to_owned();
    let told = text.matches("invoice.created").count();
    assert!(told < CROWD, "it was cut off");
    let mut again = bot
        .listen("/wallets/current/events", Some(&last))
        .await
        .unwrap();
    let next = again.told().await.expect("what it has missed");
    assert!(next.id() > last.parse().ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_never_reads_a_stream_holds_no_stop_up() {
    let mut app = TestApp::lnbot().await;
    let (bot, _) = app.bot_wallet().await;
    let _deaf = deaf(&app, &bot).await;
    fill(&bot).await;
    assert_eq!(app.service.subscribers(), 1);
    let begun = Instant::now();
    app.stop_serving().await;
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
}
