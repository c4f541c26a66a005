//! `/metrics` in Prometheus' text format (version 0.0.4). Owns the names; what they mean is said
//! with each. No figure names a customer, a payment or a balance.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use till_actors::till::{Figures, FiguresHandle};

/// Prometheus asks for it by this name.
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The route, for the main listener.
pub(super) fn router(figures: FiguresHandle) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .with_state(figures)
}

async fn metrics(State(figures): State<FiguresHandle>) -> Response {
    match figures.read().await {
        Ok(figures) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], render(&figures)).into_response(),
        Err(error) => {
            tracing::error!(%error, "figures cannot be read");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// The lines of a scrape.
struct Lines(String);

impl Lines {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        self.0 += &format!("# HELP tilld_{name} {help}\n# TYPE tilld_{name} {kind}\n");
    }

    fn value(&mut self, name: &str, value: impl std::fmt::Display) {
        self.0 += &format!("tilld_{name} {value}\n");
    }

    fn gauge(&mut self, name: &str, help: &str, value: impl std::fmt::Display) {
        self.head(name, "gauge", help);
        self.value(name, value);
    }

    fn counter(&mut self, name: &str, help: &str, value: impl std::fmt::Display) {
        self.head(name, "counter", help);
        self.value(name, value);
    }
}

fn render(figures: &Figures) -> String {
    let mut lines = Lines(String::new());
    lines.counter(
        "journal_records_total",
        "Records that are durable and visible.",
        figures.journal_seq,
    );
    lines.gauge(
        "views_seq",
        "Last record that the views have.",
        figures.views_seq,
    );
    lines.counter(
        "events_total",
        "Events since the first record.",
        figures.event_id,
    );
    lines.head(
        "alarms_total",
        "counter",
        "Alarms since the first record, by kind.",
    );
    for (kind, count) in &figures.alarms {
        lines.value(&format!("alarms_total{{kind=\"{kind}\"}}"), count);
    }
    lines.gauge(
        "payments_pending",
        "Outgoing payments that are not final.",
        figures.payments_pending,
    );
    lines.gauge(
        "payments_held",
        "Whether payments are held back until a restoration is acknowledged.",
        u8::from(figures.payments_held),
    );
    lines.gauge(
        "invoices_tended",
        "Invoices whose money is being claimed or held.",
        figures.invoices_tended,
    );
    if let Some(free) = figures.disk_free_bytes {
        lines.gauge("disk_free_bytes", "Room on the data folder's disk.", free);
    }
    let node = figures.node;
    let running = node.is_some_and(|node| node.running);
    lines.gauge("node_running", "Whether the node runs.", u8::from(running));
    if let Some(node) = node {
        lines.gauge(
            "node_block_height",
            "The best block the node knows.",
            node.height,
        );
        if let Some(at) = node.last_sync_secs {
            let help = "When the node last synced, in seconds since 1970.";
            lines.gauge("node_last_sync_timestamp_seconds", help, at);
        }
        lines.gauge("channels", "Channels there are.", node.channels);
        let help = "Channels that can be used now.";
        lines.gauge("channels_usable", help, node.channels_usable);
    }
    lines.0
}

#[cfg(test)]
mod tests {
    use till_actors::till::NodeState;

    use super::*;

    #[test]
    fn a_scrape_has_every_figure_once() {
        let text = render(&Figures {
            journal_seq: 17,
            views_seq: 17,
            event_id: 4,
            alarms: vec![("unasked_receipt", 2), ("over_fee_cap", 0)],
            payments_pending: 1,
            payments_held: true,
            invoices_tended: 0,
            disk_free_bytes: Some(5_000_000),
            node: Some(NodeState {
                running: true,
                height: 120,
                last_sync_secs: Some(1_700_000_000),
                channels_usable: 1,
                channels: 2,
            }),
        });
        let values: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        insta::assert_snapshot!(values.join("\n"), @r#"
        tilld_journal_records_total 17
        tilld_views_seq 17
        tilld_events_total 4
        tilld_alarms_total{kind="unasked_receipt"} 2
        tilld_alarms_total{kind="over_fee_cap"} 0
        tilld_payments_pending 1
        tilld_payments_held 1
        tilld_invoices_tended 0
        tilld_disk_free_bytes 5000000
        tilld_node_running 1
        tilld_node_block_height 120
        tilld_node_last_sync_timestamp_seconds 1700000000
        tilld_channels 2
        tilld_channels_usable 1
        "#);
        for line in values {
            let name = line.split(['{', ' ']).next().unwrap_or_default();
            assert_eq!(
                text.matches(&format!("# TYPE {name} ")).count(),
                1,
                "{line}"
            );
        }
    }

    #[test]
    fn a_node_that_has_not_started_has_no_figures() {
        let text = render(&Figures {
            journal_seq: 0,
            views_seq: 0,
            event_id: 0,
            alarms: Vec::new(),
            payments_pending: 0,
            payments_held: false,
            invoices_tended: 0,
            disk_free_bytes: None,
            node: None,
        });
        assert!(text.contains("tilld_node_running 0\n"), "{text}");
        assert!(!text.contains("tilld_channels"), "{text}");
    }
}
