//! The log: filter and format from the configuration, to stderr, times in UTC.
//!
//! Owns the global subscriber. It does not know who logs what; keeping secrets out of the log is
//! the work of the types that hold them.

use std::io::IsTerminal as _;

use tracing::Subscriber;
use tracing_subscriber::{
    EnvFilter,
    fmt::{MakeWriter, time::SystemTime},
    util::SubscriberInitExt as _,
};

use crate::config::LogConfig;

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is not one. A loaded configuration never has such a filter.
    #[error("log.filter is not a log filter: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Somebody else has set up logging in this process.
    #[error("logging is set up already")]
    AlreadySet,
}

/// Starts logging to stderr, for the whole process.
///
/// # Errors
/// When called twice.
pub fn init(log: &LogConfig) -> Result<(), TelemetryError> {
    let subscriber = subscriber(log, std::io::stderr, is_coloured())?;
    subscriber
        .try_init()
        .map_err(|_| TelemetryError::AlreadySet)
}

/// Logs to stderr what `work` does on this thread: for commands that do not serve.
///
/// # Errors
/// If the filter is not one.
pub fn during<T>(log: &LogConfig, work: impl FnOnce() -> T) -> Result<T, TelemetryError> {
    let subscriber = subscriber(log, std::io::stderr, is_coloured())?;
    Ok(tracing::subscriber::with_default(subscriber, work))
}

fn is_coloured() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// The subscriber, writing wherever it is told to. `SystemTime` prints RFC 3339 in UTC.
fn subscriber<W>(
    log: &LogConfig,
    writer: W,
    colours: bool,
) -> Result<Box<dyn Subscriber + Send + Sync>, TelemetryError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let builder = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_new(&log.filter)?)
        .with_timer(SystemTime)
        .with_writer(writer);
    Ok(if log.json {
        Box::new(builder.json().flatten_event(true).finish())
    } else {
        Box::new(builder.with_ansi(colours).finish())
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::config::{Config, Overrides};

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(filter: &str, json: bool, act: impl FnOnce()) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        let log = LogConfig {
            filter: filter.to_owned(),
            json,
        };
        let subscriber = subscriber(&log, move || writer.clone(), false).unwrap();
        tracing::subscriber::with_default(subscriber, act);
        let bytes = lines.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn text_lines_begin_with_the_time_in_utc() {
        let text = logged("info", false, || {
            tracing::info!(amount_msat = 21_000, "sale")
        });
        let time = text.split_whitespace().next().unwrap();
        assert!(time.ends_with('Z') && time.contains('T'), "{text}");
        assert!(
            text.contains("INFO") && text.contains("sale amount_msat=21000"),
            "{text}"
        );
    }

    #[test]
    fn json_is_one_object_a_line() {
        let text = logged("info", true, || {
            tracing::info!(amount_msat = 21_000, "sale");
            tracing::warn!("late");
        });
        let lines: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines[0]["message"], "sale");
        assert_eq!(lines[0]["amount_msat"], 21_000);
        assert!(lines[0]["timestamp"].as_str().unwrap().ends_with('Z'));
        assert_eq!(lines[1]["level"], "WARN");
    }

    #[test]
    fn the_filter_of_the_configuration_decides() {
        let text = logged("warn,noisy=debug", false, || {
            tracing::info!("hidden");
            tracing::debug!(target: "noisy", "shown");
        });
        assert!(!text.contains("hidden") && text.contains("shown"), "{text}");
    }

    #[test]
    fn a_logged_configuration_shows_no_secret() {
        let mut flags = Overrides::default();
        let node_id = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
        flags.set("--set", "lsp.node_id", node_id);
        flags.set("--set", "lsp.address", "lsp.example.com:9735");
        flags.set("--set", "lsp.token", "hunter2");
        flags.set(
            "--set",
            "chain.esplora_url",
            "https://ann:hunter2@esplora.example.com/api",
        );
        let config = Config::load(None, std::iter::empty(), flags).unwrap();
        for json in [false, true] {
            let text = logged("trace", json, || tracing::info!(?config, "configuration"));
            assert!(text.contains("esplora.example.com"), "{text}");
            assert!(!text.contains("hunter2"), "{text}");
        }
    }
}
