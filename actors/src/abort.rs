//! The way out when going on could lose money. Owns the process's end; called where memory and
//! disk may disagree, or where a part that must not die has died.

use std::any::Any;
use std::cell::Cell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

/// How the threads are named that sled starts by itself.
const SLED_THREADS: [&str; 2] = ["sled-io-", "log flusher"];

/// Set while sled opens what may be damaged: its own threads may then die without us.
static OPENING_SLED: AtomicBool = AtomicBool::new(false);
/// Whether one of them did.
static SLED_DIED: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// Set while this thread runs work whose panic is an answer, not an accident.
    static CONTAINED: Cell<bool> = const { Cell::new(false) };
    /// Set while this thread runs work whose panic ends the process, whoever it is done for.
    static VITAL: Cell<bool> = const { Cell::new(false) };
}

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

/// Where tests have a process die, as if its plug were pulled: `CRASH_AT` names the point. Only in
/// debug builds; a release has no such points.
pub(crate) fn crash_point(name: &str) {
    #[cfg(debug_assertions)]
    {
        static WHERE: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
        let point = WHERE.get_or_init(|| std::env::var("CRASH_AT").ok());
        if point.as_deref() == Some(name) {
            eprintln!("tilld: CRASH_AT={name}");
            std::process::abort();
        }
    }
    #[cfg(not(debug_assertions))]
    let _ = name;
}

/// Runs a part whose panic does not end the process: an HTTP handler, a subscriber.
pub async fn periphery<F: Future>(part: F) -> F::Output {
    PERIPHERY.scope((), part).await
}

/// Runs work whose panic is an answer: reading what may be damaged, with a library that panics on
/// damage. The panic's text comes back as the error. Only for work that leaves nothing half done.
///
/// # Errors
/// What the panic said.
pub fn contained<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let (vital, contained) = (VITAL.replace(false), CONTAINED.replace(true));
    let done = catch_unwind(AssertUnwindSafe(work));
    VITAL.set(vital);
    CONTAINED.set(contained);
    done.map_err(|panic| text_of(panic.as_ref()))
}

fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic without a text").to_owned()
}

/// Runs work whose panic ends the process even in the [`periphery`]: reading what answers rest on.
pub(crate) fn vital<T>(work: impl FnOnce() -> T) -> T {
    let (vital, contained) = (VITAL.replace(true), CONTAINED.replace(false));
    let done = work();
    VITAL.set(vital);
    CONTAINED.set(contained);
    done
}

/// While it lives, a panic in one of sled's own threads does not end the process.
pub(crate) struct OpeningSled(());

impl OpeningSled {
    pub(crate) fn begin() -> Self {
        SLED_DIED.store(false, Ordering::SeqCst);
        OPENING_SLED.store(true, Ordering::SeqCst);
        Self(())
    }

    /// Whether one of sled's threads has died since.
    pub(crate) fn has_died(&self) -> bool {
        SLED_DIED.load(Ordering::SeqCst)
    }
}

impl Drop for OpeningSled {
    fn drop(&mut self) {
        OPENING_SLED.store(false, Ordering::SeqCst);
    }
}

fn is_tolerated() -> bool {
    if CONTAINED.get() {
        return true;
    }
    let thread = std::thread::current();
    let name = thread.name().unwrap_or_default();
    let is_sled = SLED_THREADS.iter().any(|known| name.starts_with(known));
    if is_sled && OPENING_SLED.load(Ordering::SeqCst) {
        SLED_DIED.store(true, Ordering::SeqCst);
        return true;
    }
    false
}

/// From now on a contained panic is not printed. For commands that do not serve: any other panic is
/// reported as it was, and ends what it always ended.
pub fn hush_contained() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !is_tolerated() {
            report(info);
        }
    }));
}

/// From now on a panic ends the process, unless it comes from the [`periphery`]. The node's
/// background tasks and the money actors would otherwise leave a zombie behind: a till that takes
/// payments and books none.
pub fn abort_on_panic() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if is_tolerated() {
            tracing::warn!(panic = %info, "what is being read is damaged");
            return;
        }
        report(info);
        if VITAL.get() || PERIPHERY.try_with(|()| ()).is_err() {
            abort("a panic in a part that cannot be restarted");
        }
    }));
}
