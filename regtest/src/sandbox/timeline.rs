//! What happened when: clock, rows, and what the till's own log adds to them.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Messages of the till's log that belong in a timeline, and what they are called there.
const LOG_ROWS: [(&str, &str); 3] = [
    ("HTLC claimable", "HTLC arrives at the till"),
    ("claim intended", "claim journaled"),
    ("payment received", "node has the money"),
];

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// In ms since the epoch.
    pub(super) at_ms: u64,
    /// What, in a few words.
    pub(super) what: &'static str,
}

impl Row {
    pub(super) fn new(at_ms: u64, what: &'static str) -> Self {
        Row { at_ms, what }
    }
}

/// This machine's clock. All parts of a world share it.
pub(super) fn now_ms() -> u64 {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX)
}

/// What the till's log says about a payment; nothing where it does not say it in JSON.
pub(super) fn from_log(log: &Path, payment_hash: &str) -> Vec<Row> {
    let text = std::fs::read(log).unwrap_or_default();
    String::from_utf8_lossy(&text)
        .lines()
        .filter(|line| line.contains(payment_hash))
        .filter_map(log_row)
        .collect()
}

fn log_row(line: &str) -> Option<Row> {
    let line: Value = serde_json::from_str(line).ok()?;
    let message = line["message"].as_str()?;
    let (_, what) = LOG_ROWS.iter().find(|(told, _)| *told == message)?;
    let at = OffsetDateTime::parse(line["timestamp"].as_str()?, &Rfc3339).ok()?;
    let at_ms = u64::try_from(at.unix_timestamp_nanos() / 1_000_000).ok()?;
    Some(Row::new(at_ms, what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_lines_become_rows() {
        let line = |message: &str| {
            format!(
                r#"{{"timestamp":"2026-01-01T00:00:00.123456Z","level":"INFO","message":"{message}","payment_hash":"ab","target":"till_actors::watcher::events"}}"#
            )
        };
        let row = log_row(&line("claim intended"));
        assert_eq!(row, Some(Row::new(1_767_225_600_123, "claim journaled")));
        assert_eq!(log_row(&line("something else")), None);
        assert_eq!(log_row("plain text"), None);
    }
}
