//! When the till stops: SIGTERM or Ctrl-C, or a part of it that failed. Owns the signals; a
//! second one ends the process on the spot.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// The exit code after a second signal: 128 + SIGTERM.
const IMPATIENT_EXIT: i32 = 143;

/// Why the till stops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// Somebody asked for it.
    Asked,
    /// A part failed, for this reason.
    Failed(String),
}

/// Waits for the first reason to stop, and from then on listens for a second signal.
pub(super) async fn wait_for_stop(
    mut failed: watch::Receiver<Option<String>>,
) -> std::io::Result<Stop> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let stop = tokio::select! {
        _ = terminate.recv() => Stop::Asked,
        _ = interrupt.recv() => Stop::Asked,
        why = failed.wait_for(Option::is_some) => {
            Stop::Failed(why.ok().and_then(|why| why.clone()).unwrap_or_default())
        }
    };
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        eprintln!("tilld: ending at once, as asked twice");
        std::process::exit(IMPATIENT_EXIT);
    });
    Ok(stop)
}
