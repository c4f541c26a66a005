//! The control API: a world over HTTP, for scripts and for people with curl.
//!
//! JSON in, JSON out, errors as `{"error": "..."}`. It has no authentication: it is for loopback, and
//! the money is worth nothing. It knows nothing of Lightning or of the till; all it does is call
//! [`World`].
//!
//! | file | owns |
//! | --- | --- |
//! | `routes` | the table of contents |
//! | `wire` | the JSON |
//! | `money`, `blocks`, `parts` | what the customer, the chain and the processes do |
//! | `input`, `error` | reading requests, and the words and statuses of refusals |

mod blocks;
mod error;
mod info;
mod input;
mod money;
mod parts;
mod routes;
#[cfg(test)]
mod tests;
mod wire;

use std::io;
use std::net::SocketAddr;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::world::World;

pub use wire::Info;

/// A running control API.
#[derive(Debug)]
pub struct Control {
    addr: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<io::Result<()>>,
}

impl Control {
    /// Serves a world at `addr`; port 0 takes a free one.
    ///
    /// # Errors
    /// If the address cannot be bound.
    pub async fn start(world: World, addr: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(addr).await?;
        let addr = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let serve = axum::serve(listener, routes::router(world));
        let task = tokio::spawn(async move {
            tokio::select! {
                served = serve => served,
                _ = stopped => Ok(()),
            }
        });
        Ok(Control { addr, stop, task })
    }

    /// Base URL, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Stops answering.
    pub async fn stop(self) {
        drop(self.stop);
        match self.task.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the control API ended badly"),
            Err(error) => tracing::error!(%error, "the control API panicked"),
        }
    }
}

/// What `GET /info` answers.
pub async fn info(world: &World) -> Info {
    info::gather(world).await
}
