//! A till whose bitcoind is slow: what comes late is waited for, what comes too late counts as no answer, and
//! neither loses anything. Where this machine has no bitcoind the story says so.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

use super::sale;
use crate::audit::Books;
use crate::onchain::{audit_agrees, becomes, fund, got, stranger};
use crate::shop::{Shop, text, until};

const QUICK: [(&str, &str); 3] = [
    ("TILL_HTTP_REQUEST_TIMEOUT_SECS", "20"),
    ("TILL_PAYMENTS_RECHECK_SECS", "1"),
    ("TILL_PAYMENTS_WAIT_SECS", "5"),
];
const LATE: Duration = Duration::from_millis(60);
/// Longer than the till waits for an answer.
const TOO_LATE: Duration = Duration::from_secs(16);

/// Stands before a server, and holds back whatever that says.
struct Slow {
    address: SocketAddr,
    millis: Arc<AtomicU64>,
}

impl Slow {
    async fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let millis = Arc::new(AtomicU64::new(0));
        let held = Arc::clone(&millis);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(server).await else {
                    continue;
                };
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                tokio::spawn(pass(from_client, to_server, Arc::default()));
                tokio::spawn(pass(from_server, to_client, Arc::clone(&held)));
            }
        });
        Slow { address, millis }
    }

    fn by(&self, time: Duration) {
        let millis = u64::try_from(time.as_millis()).unwrap();
        self.millis.store(millis, Ordering::Relaxed);
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, millis: Arc<AtomicU64>) {
    let mut bytes = [0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        let held = Duration::from_millis(millis.load(Ordering::Relaxed));
        tokio::time::sleep(held).await;
        if to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_bitcoind_is_waited_for_and_nothing_is_lost() {
    let Some(shop) = Shop::open_on_bitcoind(&QUICK).await else {
        return;
    };
    let books = Books::of(&shop);
    fund(&shop, 1_000_000).await;
    let server = { shop.world.chain() }.with_bitcoind(|bitcoind| bitcoind.address());
    let slow = Slow::before(server.unwrap()).await;
    shop.world.till().stop().await.unwrap();
    let address = slow.address.to_string();
    let by_it = [("TILL_CHAIN_BITCOIND_RPC", address.as_str())];
    shop.world.till().start_with(&by_it).await.unwrap();

    slow.by(LATE);
    sale(&shop).await;
    let friend = stranger(90);
    let body = json!({"amountSat": 50_000, "address": friend.to_string(), "feerateSatByte": 3});
    let (status, paid) = shop.post("/wallet/payonchain", body.clone()).await;
    assert_eq!(status, 200, "{paid}");
    becomes(&shop, &text(&paid, "paymentId"), "SUCCEEDED").await;

    // What comes of it nobody knows in time; whoever asks again with the same key gets the one payment.
    slow.by(TOO_LATE);
    let key = [("Idempotency-Key", "late")];
    let ask = async || {
        let body = Some(body.clone());
        let asked = shop.try_call(Method::POST, "/wallet/payonchain", body, &key);
        asked.await.unwrap()
    };
    let (status, answer) = ask().await;
    assert_eq!(status, 503, "{answer}");
    // Channels need no chain for a payment.
    sale(&shop).await;

    slow.by(Duration::ZERO);
    let paid = until("bitcoind to be asked again", async || {
        let (status, paid) = ask().await;
        (status == 200).then_some(paid)
    })
    .await;
    becomes(&shop, &text(&paid, "paymentId"), "SUCCEEDED").await;
    assert_eq!(got(&shop, &friend), [50_000, 50_000], "once");
    audit_agrees(&shop, &books).await;
    shop.close().await;
}
