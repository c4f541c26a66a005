//! Room on the disk. Owns the floor below which nothing new is begun, so that what is under way can
//! still be written down; it ends nothing.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

/// Below this many free bytes no new invoice or payment is begun. What is under way needs a few
/// kilobytes each; the rest is for checkpoints, sled's segments and the node's own store.
pub const DISK_FLOOR_BYTES: u64 = 64 * 1024 * 1024;
/// How long an answer of the system's counts, in milliseconds.
const KEEP_MILLIS: u64 = 1_000;
/// Never asked yet.
const NEVER: u64 = u64::MAX;

/// Tells whether there is room to begin something.
#[derive(Debug)]
pub(crate) struct DiskFloor {
    dir: PathBuf,
    floor_bytes: u64,
    since: Instant,
    asked_at_millis: AtomicU64,
    is_low: AtomicBool,
}

impl DiskFloor {
    pub(crate) fn new(dir: &Path, floor_bytes: u64) -> Self {
        Self {
            dir: dir.to_owned(),
            floor_bytes,
            since: Instant::now(),
            asked_at_millis: AtomicU64::new(NEVER),
            is_low: AtomicBool::new(false),
        }
    }

    /// Whether there is less room than the floor. The system is asked once a second at most.
    pub(crate) fn is_low(&self) -> bool {
        let now = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(NEVER);
        let asked_at = self.asked_at_millis.load(Ordering::Relaxed);
        if asked_at != NEVER && now.saturating_sub(asked_at) < KEEP_MILLIS {
            return self.is_low.load(Ordering::Relaxed);
        }
        // Where the system does not say, there is no reason to turn customers away.
        let low = free_bytes(&self.dir).is_some_and(|free| free < self.floor_bytes);
        if self.is_low.swap(low, Ordering::Relaxed) != low {
            let floor_bytes = self.floor_bytes;
            if low {
                tracing::error!(floor_bytes, "the disk is nearly full: nothing new is begun");
            } else {
                tracing::info!("there is room on the disk again");
            }
        }
        self.asked_at_millis.store(now, Ordering::Relaxed);
        low
    }
}

/// Bytes that this process may still write below `dir`, as far as the system says.
pub(crate) fn free_bytes(dir: &Path) -> Option<u64> {
    let system = rustix::fs::statvfs(dir).ok()?;
    Some(system.f_bavail.saturating_mul(system.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floor_is_what_it_was_told() {
        let dir = std::env::temp_dir();
        assert!(free_bytes(&dir).is_some_and(|free| free > 0));
        assert!(DiskFloor::new(&dir, u64::MAX).is_low());
        assert!(!DiskFloor::new(&dir, 0).is_low());
        // Nobody is turned away because the system does not answer.
        assert!(!DiskFloor::new(Path::new("/no/such/folder"), u64::MAX).is_low());
    }
}
