//! The chain over HTTP, as Blockstream's Esplora shows it.
//!
//! [`EsploraServer`] owns the socket and the connections. It can be stopped and started again on the
//! same port while the chain goes on, which is how tests take a node's chain source away.

mod blocks;
mod json;
mod mempool;
mod reply;
mod router;
mod scripts;
mod transactions;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

use super::Chain;

/// Pause after the system refused to accept a connection, for example for want of file handles.
const ACCEPT_RETRY: Duration = Duration::from_millis(50);

/// A running server. Dropping it stops it too, without waiting.
#[derive(Debug)]
pub struct EsploraServer {
    addr: SocketAddr,
    /// Dropped or sent: stop.
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl EsploraServer {
    /// Serves `chain` at `addr`; port 0 takes a free one, see [`Self::addr`].
    ///
    /// # Errors
    /// If the address cannot be bound.
    pub async fn start(chain: Chain, addr: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(addr).await?;
        let addr = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(serve(listener, router::router(chain), stopped));
        Ok(EsploraServer { addr, stop, task })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What clients take as the base of all paths, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Closes the port and every connection, idle or busy, and returns when they are gone.
    pub async fn stop(self) {
        drop(self.stop);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the Esplora server ended badly");
        }
    }
}

/// axum's own `serve` leaves open connections alone when it stops; here they end with the server.
async fn serve(listener: TcpListener, router: axum::Router, mut stopped: oneshot::Receiver<()>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _peer)) => {
                    connections.spawn(converse(stream, router.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_RETRY).await;
                }
            },
            Some(_ended) = connections.join_next() => {}
        }
    }
    drop(listener);
    connections.shutdown().await;
}

async fn converse(stream: TcpStream, router: axum::Router) {
    // Small answers to many small questions: waiting for more to send would only cost time.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot turn off Nagle's algorithm");
    }
    let service = TowerToHyperService::new(router);
    let connection = Builder::new(TokioExecutor::new());
    if let Err(error) = connection
        .serve_connection(TokioIo::new(stream), service)
        .await
    {
        tracing::debug!(%error, "an Esplora connection ended early");
    }
}
