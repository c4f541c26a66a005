//! The way out when going on could lose money. Owns nothing; called where memory and disk may
//! disagree, or where a part that must not die has died.

/// Ends the process at once, with the reason in the log and on standard error. Nothing is flushed:
/// what was acknowledged is on disk, and the next start recovers from there.
pub fn abort(why: &str) -> ! {
    tracing::error!(why, "aborting: the till stops rather than lose money");
    // The log may be asynchronous or filtered; the operator must see this.
    eprintln!("tilld: aborting: {why}");
    std::process::abort()
}

/// Makes every panic end the process, except on threads and tasks of the periphery, which are
/// supervised: the node's background tasks and the money actors would leave a zombie.
///
/// `is_periphery` is asked on the panicking thread.
pub fn abort_on_panic(is_periphery: fn() -> bool) {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        report(info);
        if !is_periphery() {
            abort("a panic in a part that cannot be restarted");
        }
    }));
}
