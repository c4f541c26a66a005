//! The HTTP/1.1 server: connections, their limits, and how they end. Owns no route.
//!
//! `axum::serve` would do, but for three things: a client that never finishes its request line would
//! keep its connection for ever, so would one that never reads its answer, and there would be no bound on
//! connections.

mod patient;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use patient::Patient;

/// How long a client may take to send the head of a request, idle time between two included.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// How long a client may take nothing of what waits for it: longer than a radio is out of reach in passing.
const WRITE_TIME: Duration = Duration::from_secs(30);
/// The same while the till stops, where it would hold up the others.
const LAST_WRITE_TIME: Duration = Duration::from_secs(1);
/// Connections at once, more than the subscribers that there are by default; more wait in the system's queue.
const MAX_CONNECTIONS: usize = 12_288;
/// The pause after the system refused a connection: it is out of descriptors, most likely.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long clients may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// To send the head of a request, idle time between two included.
    pub head: Duration,
    /// To take some of what waits for them.
    pub write: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            head: HEAD_TIME,
            write: WRITE_TIME,
        }
    }
}

/// Serves until `drain` says so, and returns when every connection has ended: those that are idle
/// at once, others after the answer they are waiting for. What was upgraded (a WebSocket) is no connection
/// of this server's any more.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    patience: Patience,
    mut drain: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = told(&mut drain) => break,
            accepted = accept(&listener, &places) => accepted,
        };
        let (stream, peer, place) = accepted;
        let app = app.clone().layer(Extension(ConnectInfo(peer)));
        let drain = drain.clone();
        connections.spawn(async move {
            connection(stream, app, patience, drain).await;
            drop(place);
        });
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (
    TcpStream,
    SocketAddr,
    Option<tokio::sync::OwnedSemaphorePermit>,
) {
    // The semaphore is never closed.
    let place = Arc::clone(places).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer, place),
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn connection(
    stream: TcpStream,
    app: Router,
    patience: Patience,
    mut drain: watch::Receiver<bool>,
) {
    // Answers are small and waited for.
    let _ = stream.set_nodelay(true);
    let (stream, mut stalls) = Patient::new(stream, patience.write);
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.head)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(app))
        .with_upgrades();
    tokio::pin!(served);
    let ended = tokio::select! {
        ended = served.as_mut() => ended,
        () = told(&mut drain) => {
            served.as_mut().graceful_shutdown();
            tokio::select! {
                ended = served => ended,
                () = stalls.for_all_of(LAST_WRITE_TIME) => return,
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Waits until it is time to drain; also if whoever would tell is gone.
async fn told(drain: &mut watch::Receiver<bool>) {
    let _ = drain.wait_for(|drain| *drain).await;
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::convert::Infallible;

    use axum::body::Body;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::sync::Notify;

    use super::*;

    struct Served {
        address: SocketAddr,
        drain: watch::Sender<bool>,
        server: tokio::task::JoinHandle<()>,
        go_on: Arc<Notify>,
        asked: Arc<Notify>,
        ended: Arc<Notify>,
    }

    async fn start(patience: Patience) -> Served {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (go_on, asked) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let ended = Arc::new(Notify::new());
        let ends = Arc::clone(&ended);
        let (wait, tell) = (Arc::clone(&go_on), Arc::clone(&asked));
        let slow = move || async move {
            tell.notify_one();
            wait.notified().await;
            "slow"
        };
        let app =
            Router::new()
                .route(
                    "/who",
                    get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move {
                        peer.ip().to_string()
                    }),
                )
                .route("/slow", get(slow))
                .route("/endless", get(move || endless(ends)));
        let (drain, draining) = watch::channel(false);
        let server = tokio::spawn(serve(listener, app, patience, draining));
        Served {
            address,
            drain,
            server,
            go_on,
            asked,
            ended,
        }
    }

    /// Tells that what holds it is gone.
    struct Guard(Arc<Notify>);

    impl Drop for Guard {
        fn drop(&mut self) {
            self.0.notify_one();
        }
    }

    /// More than any system takes ahead, and then some.
    async fn endless(ended: Arc<Notify>) -> Body {
        let chunk = |guard| async { Some((Ok::<_, Infallible>("x".repeat(64 * 1_024)), guard)) };
        Body::from_stream(futures_util::stream::unfold(Guard(ended), chunk))
    }

    /// Asks for what never ends, and reads none of it.
    async fn deaf(address: SocketAddr) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = b"GET /endless HTTP/1.1\r\nhost: till\r\n\r\n";
        stream.write_all(head).await.unwrap();
        // Its first byte is there: the answer is under way.
        stream.readable().await.unwrap();
        stream
    }

    async fn ask(address: SocketAddr, text: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn a_handler_knows_its_caller() {
        let served = start(Patience::default()).await;
        let head = "GET /who HTTP/1.1\r\nhost: till\r\nconnection: close\r\n\r\n";
        let answer = ask(served.address, head).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.ends_with("127.0.0.1"), "{answer}");
    }

    #[tokio::test]
    async fn a_head_that_never_ends_is_cut_off() {
        let hasty = Patience {
            head: Duration::from_millis(50),
            ..Patience::default()
        };
        let served = start(hasty).await;
        let answer = ask(served.address, "GET /who HTTP/1.1\r\nhost: ti").await;
        assert!(!answer.contains("200"), "{answer}");
    }

    #[tokio::test]
    async fn who_reads_nothing_is_let_go() {
        let hasty = Patience {
            write: Duration::from_millis(50),
            ..Patience::default()
        };
        let served = start(hasty).await;
        let mut deaf = deaf(served.address).await;
        served.ended.notified().await;
        let mut rest = Vec::new();
        // Whether it is told of the end or of a reset depends on what was in its way.
        let _ = deaf.read_to_end(&mut rest).await;
        assert!(rest.starts_with(b"HTTP/1.1 200"));
    }

    #[tokio::test]
    async fn who_reads_nothing_holds_no_stop_up() {
        let served = start(Patience::default()).await;
        let _deaf = deaf(served.address).await;
        let begun = std::time::Instant::now();
        served.drain.send_replace(true);
        served.server.await.unwrap();
        assert!(begun.elapsed() < WRITE_TIME / 3);
    }

    #[tokio::test]
    async fn draining_ends_idle_connections_and_lets_answers_out() {
        let served = start(Patience::default()).await;
        let _idle = TcpStream::connect(served.address).await.unwrap();
        let head = "GET /slow HTTP/1.1\r\nhost: till\r\n\r\n";
        let waiting = tokio::spawn(ask(served.address, head));
        served.asked.notified().await;
        served.drain.send_replace(true);
        served.go_on.notify_one();
        let answer = waiting.await.unwrap();
        assert!(answer.ends_with("slow"), "{answer}");
        served.server.await.unwrap();
        TcpStream::connect(served.address).await.unwrap_err();
    }
}
