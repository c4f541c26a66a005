//! The HTTP/1.1 server: connections, their limits, and how they end. Owns no route.
//!
//! `axum::serve` would do, but for two things: a client that never finishes its request line would
//! keep its connection for ever, and there would be no bound on connections.

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

/// How long a client may take to send the head of a request, idle time between two included.
pub(super) const HEAD_TIME: Duration = Duration::from_secs(30);
/// Connections at once, more than the subscribers that there are by default; more wait in the system's queue.
const MAX_CONNECTIONS: usize = 12_288;
/// The pause after the system refused a connection: it is out of descriptors, most likely.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `drain` says so, and returns when every connection has ended: those that are idle
/// at once, others after the answer they are waiting for.
pub(super) async fn serve(
    listener: TcpListener,
    app: Router,
    head_time: Duration,
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
            connection(stream, app, head_time, drain).await;
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
    head_time: Duration,
    mut drain: watch::Receiver<bool>,
) {
    // Answers are small and waited for.
    let _ = stream.set_nodelay(true);
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head_time)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(app))
        .with_upgrades();
    tokio::pin!(served);
    let ended = tokio::select! {
        ended = served.as_mut() => ended,
        () = told(&mut drain) => {
            served.as_mut().graceful_shutdown();
            served.await
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
    }

    async fn start(head_time: Duration) -> Served {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (go_on, asked) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
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
                .route("/slow", get(slow));
        let (drain, draining) = watch::channel(false);
        let server = tokio::spawn(serve(listener, app, head_time, draining));
        Served {
            address,
            drain,
            server,
            go_on,
            asked,
        }
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
        let served = start(HEAD_TIME).await;
        let head = "GET /who HTTP/1.1\r\nhost: till\r\nconnection: close\r\n\r\n";
        let answer = ask(served.address, head).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.ends_with("127.0.0.1"), "{answer}");
    }

    #[tokio::test]
    async fn a_head_that_never_ends_is_cut_off() {
        let served = start(Duration::from_millis(50)).await;
        let answer = ask(served.address, "GET /who HTTP/1.1\r\nhost: ti").await;
        assert!(!answer.contains("200"), "{answer}");
    }

    #[tokio::test]
    async fn draining_ends_idle_connections_and_lets_answers_out() {
        let served = start(HEAD_TIME).await;
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
