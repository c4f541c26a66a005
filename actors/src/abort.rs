//! The way out when going on could lose money. Owns the process's end; called where memory and
//! disk may disagree, or where a part that must not die has died.

use std::future::Future;

tokio::task_local! {
    /// Set while a part runs that may fail by itself: it is supervised, and holds no money.
    static PERIPHERY: ();
}

/// Ends the process at once, with the reason in the log and on standard error. Nothing is flushed:
/// what was acknowledged is on disk, and the next start recovers from there.
pub fn abort(why: &str) -> ! {
    tracing::error!(why, "aborting: the till stops rather than lose money");
    // The log may be asynchronous or filtered; the operator must see this.
    eprintln!("tilld: aborting: {why}");
    std::process::abort()
}

/// Runs a part whose panic does not end the process: an HTTP handler, a subscriber.
pub async fn periphery<F: Future>(part: F) -> F::Output {
    PERIPHERY.scope((), part).await
}

/// From now on a panic ends the process, unless it comes from the [`periphery`]. The node's
/// background tasks and the money actors would otherwise leave a zombie behind: a till that takes
/// payments and books none.
pub fn abort_on_panic() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        report(info);
        if PERIPHERY.try_with(|()| ()).is_err() {
            abort("a panic in a part that cannot be restarted");
        }
    }));
}
