//! Bounded waiting by looking again: every wait has a name and an end.
//!
//! Nothing here knows what is waited for; a time-out says it in words.

use std::time::Duration;

use tokio::time::Instant;

/// How often a condition is looked at.
pub const LOOK_EVERY: Duration = Duration::from_millis(25);

/// Something did not come about in time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("waited {} s in vain: {what}", .limit.as_secs())]
pub struct TimedOut {
    /// What was waited for.
    pub what: String,
    /// How long.
    pub limit: Duration,
}

/// Looks at once and then every [`LOOK_EVERY`] until `look` finds something.
///
/// # Errors
/// [`TimedOut`], or the first error of `look`.
pub async fn until<T, E, F>(what: &str, limit: Duration, mut look: F) -> Result<T, E>
where
    F: AsyncFnMut() -> Result<Option<T>, E>,
    E: From<TimedOut>,
{
    let deadline = Instant::now() + limit;
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        if Instant::now() >= deadline {
            let what = what.to_owned();
            return Err(TimedOut { what, limit }.into());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Gives a future an end.
///
/// # Errors
/// [`TimedOut`] if it is not done by then.
pub async fn within<T>(
    what: &str,
    limit: Duration,
    work: impl Future<Output = T>,
) -> Result<T, TimedOut> {
    tokio::time::timeout(limit, work)
        .await
        .map_err(|_elapsed| TimedOut {
            what: what.to_owned(),
            limit,
        })
}
