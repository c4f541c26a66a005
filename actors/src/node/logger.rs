//! The node's log as part of ours. Owns the mapping of levels.

use ldk_node::logger::{LogLevel, LogRecord, LogWriter};

/// Passes the node's log records to tracing under the target `ldk`.
pub(super) struct TracingLogger;

impl LogWriter for TracingLogger {
    fn log(&self, record: LogRecord<'_>) {
        let LogRecord {
            level,
            args,
            module_path,
            line,
        } = record;
        match level {
            // The node's finest levels print messages of the protocol, secrets included.
            LogLevel::Gossip | LogLevel::Trace => {}
            LogLevel::Debug => tracing::trace!(target: "ldk", module_path, line, "{args}"),
            // Its routine, every sync among it, is our detail.
            LogLevel::Info => tracing::debug!(target: "ldk", module_path, line, "{args}"),
            LogLevel::Warn => tracing::warn!(target: "ldk", module_path, line, "{args}"),
            LogLevel::Error => tracing::error!(target: "ldk", module_path, line, "{args}"),
        }
    }
}
