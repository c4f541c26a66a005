//! `tilld serve`: from a configuration and a seed to a running till. Owns the process: its
//! runtime, signals, listener and exit code; it knows neither routes nor actors.

mod chain;
pub(crate) mod control;
mod metrics;
mod settings;
mod shutdown;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use till_actors::till::{NodeSource, StartError, Till};
use tokio::net::TcpListener;
use zeroize::Zeroizing;

use crate::config::Config;
use crate::http::TrustedProxies;
use crate::listen::{self, Patience};
use crate::seed::Mnemonic;
use control::Control;
use shutdown::{Stop, wait_for_stop};

/// How long WebSockets may take to say goodbye, once all else has been answered.
const GOODBYES: Duration = Duration::from_secs(1);

/// Why the till did not start or did not end well.
#[derive(Debug, thiserror::Error)]
enum ServeError {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Source(#[from] chain::SourceError),
    #[error("cannot listen on {address}: {error} (http.listen)")]
    Listen {
        address: SocketAddr,
        error: std::io::Error,
    },
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("a part of the till failed: {0}")]
    Failed(String),
}

/// Serves until a signal or a failure ends it. 0 after SIGTERM or Ctrl-C, 1 after a failure.
pub(crate) fn serve(config: Config, mnemonic: Mnemonic) -> ExitCode {
    till_actors::abort::abort_on_panic();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.into()),
    };
    let served = runtime.block_on(run(config, mnemonic));
    // Everything that matters has ended by now; what is left must not hold the process up.
    runtime.shutdown_background();
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn fail(error: &ServeError) -> ExitCode {
    tracing::error!(%error, "the till ends");
    eprintln!("tilld: {error}");
    ExitCode::FAILURE
}

async fn run(config: Config, mnemonic: Mnemonic) -> Result<(), ServeError> {
    // The lock on the data folder comes first: it tells best what is wrong when there are two.
    let till = start(&config, &mnemonic).await?;
    drop(mnemonic);
    let served = serve_with_door(&config, &till).await;
    // Whatever happened, a node that was started is stopped.
    till.stop().await;
    match served? {
        Stop::Asked => Ok(()),
        Stop::Failed(why) => Err(ServeError::Failed(why)),
    }
}

/// Serves, and lets the operator in on loopback meanwhile.
async fn serve_with_door(config: &Config, till: &Till) -> Result<Stop, ServeError> {
    let control = Control::open(&config.till.data_dir, till.auditor(), till.service()).await?;
    let served = listen_and_serve(config, till).await;
    drop(control);
    served
}

async fn listen_and_serve(config: &Config, till: &Till) -> Result<Stop, ServeError> {
    let address = config.http.listen;
    let listener = TcpListener::bind(address).await;
    let listener = listener.map_err(|error| ServeError::Listen { address, error })?;
    tracing::info!(address = %listener.local_addr()?, "serving");
    let gate = settings::gate(config);
    let mut app = crate::pos::router(till.service(), settings::pos(config, gate.clone()));
    let lnbits = crate::lnbits::router(till.service(), settings::lnbits(config, gate));
    let (lnbot, well_known) = crate::lnbot::routers(till.service(), settings::lnbot(config));
    app = app
        .nest_service("/api/v1", lnbits)
        .nest_service("/v1", lnbot)
        .merge(well_known);
    if config.http.metrics {
        app = app.merge(metrics::router(till.figures()));
    }
    let proxies = config.http.trusted_proxies.iter();
    let proxies = TrustedProxies::new(proxies.map(|proxy| proxy.0));
    let app = proxies.before(app.layer(axum::middleware::from_fn(as_periphery)));
    let grace = Duration::from_secs(config.http.shutdown_grace_secs);
    serve_until_stopped(listener, app, till, grace).await
}

/// A handler that panics answers 500 and takes nothing with it.
async fn as_periphery(request: Request, next: Next) -> Response {
    till_actors::abort::periphery(next.run(request)).await
}

async fn start(config: &Config, mnemonic: &Mnemonic) -> Result<Till, ServeError> {
    let chain = chain::source(&config.chain)?;
    let seed = Zeroizing::new(mnemonic.as_bip39().to_seed(""));
    let source = NodeSource::Embedded {
        config: Box::new(settings::node(config, chain.clone())),
        mnemonic: mnemonic.as_bip39().clone(),
    };
    let started = Till::start(settings::till(config, chain), seed, source).await;
    Ok(started?)
}

/// Serves, and drains once told to stop: no new connections, streams end at once and are resumed
/// elsewhere or later, requests under way are answered for up to `grace`.
async fn serve_until_stopped(
    listener: TcpListener,
    app: Router,
    till: &Till,
    grace: Duration,
) -> Result<Stop, ServeError> {
    let (drain, draining) = tokio::sync::watch::channel(false);
    let server = tokio::spawn(listen::serve(listener, app, Patience::default(), draining));
    let stop = wait_for_stop(till.failed()).await?;
    tracing::info!(?stop, "draining");
    drain.send_replace(true);
    till.end_streams();
    if tokio::time::timeout(grace, server).await.is_err() {
        tracing::warn!("some requests were still under way after the grace period");
    }
    // The server does not wait for what was upgraded.
    if tokio::time::timeout(GOODBYES, till.streams_ended())
        .await
        .is_err()
    {
        tracing::debug!("some sockets did not say goodbye");
    }
    Ok(stop)
}
