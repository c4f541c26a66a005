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

/// A wait that looks again and again:
///
/// ```text
/// let mut wait = Wait::new("the tip to be seen", LIMIT);
/// while !seen().await? {
///     wait.pause().await?;
/// }
/// ```
#[derive(Debug)]
pub struct Wait {
    what: String,
    limit: Duration,
    deadline: Instant,
}

impl Wait {
    /// Begins now.
    pub fn new(what: impl Into<String>, limit: Duration) -> Self {
        Wait {
            what: what.into(),
            limit,
            deadline: Instant::now() + limit,
        }
    }

    /// Until the next look.
    ///
    /// # Errors
    /// [`TimedOut`] once the time is over.
    pub async fn pause(&mut self) -> Result<(), TimedOut> {
        if Instant::now() >= self.deadline {
            return Err(TimedOut {
                what: self.what.clone(),
                limit: self.limit,
            });
        }
        tokio::time::sleep(LOOK_EVERY).await;
        Ok(())
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
