//! How often an address may call what asks for no key. Owns the counts, in memory and bounded.

use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

/// How many addresses are remembered before those that may call again are forgotten.
const MAX_ADDRESSES: usize = 10_000;

/// A limit per address.
pub(crate) struct RateLimit {
    limiter: DefaultKeyedRateLimiter<IpAddr>,
    clock: DefaultClock,
}

impl RateLimit {
    /// So many calls at once, and as many again in a minute.
    pub(crate) fn per_minute(calls: NonZeroU32) -> Self {
        Self {
            limiter: RateLimiter::dashmap(Quota::per_minute(calls)),
            clock: DefaultClock::default(),
        }
    }

    /// Counts a call. Callers of which no address is known share one count.
    ///
    /// # Errors
    /// After how many seconds to come back.
    pub(crate) fn count(&self, address: Option<IpAddr>) -> Result<(), u64> {
        if self.limiter.len() > MAX_ADDRESSES {
            self.limiter.retain_recent();
        }
        let address = address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        self.limiter.check_key(&address).map_err(|not_until| {
            let wait = not_until.wait_time_from(self.clock.now());
            wait.as_secs() + 1
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_its_own_count() {
        let limit = RateLimit::per_minute(NonZeroU32::MIN.saturating_add(2));
        let (ana, ben) = (Some([192, 0, 2, 1].into()), Some([192, 0, 2, 2].into()));
        for _ in 0..3 {
            assert_eq!(limit.count(ana), Ok(()));
        }
        let wait = limit.count(ana).expect_err("three are enough");
        assert!((1..=21).contains(&wait), "{wait}");
        assert_eq!(limit.count(ben), Ok(()));
    }
}
