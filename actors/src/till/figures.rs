//! Figures for whoever watches the till from outside. Owns what they mean; it reads, and counts
//! nothing by itself: alarms and payments come from what is durable, so a restart forgets none.

use std::path::PathBuf;

use crate::journal::Applied;
use crate::node::handle::NodeHandle;
use crate::views::{ViewError, Views};

/// How the till is, at one moment.
#[derive(Clone, Debug)]
pub struct Figures {
    /// The last record that is durable and visible.
    pub journal_seq: u64,
    /// The last record that the views have.
    pub views_seq: u64,
    /// The last event.
    pub event_id: u64,
    /// Alarms of each kind since the first record.
    pub alarms: Vec<(&'static str, usize)>,
    /// Outgoing payments that are not final.
    pub payments_pending: usize,
    /// Whether payments are held back until a restoration is acknowledged.
    pub payments_held: bool,
    /// Invoices whose money is being claimed or held.
    pub invoices_tended: usize,
    /// Room on the disk, where the system says.
    pub disk_free_bytes: Option<u64>,
    /// The node, once it has started.
    pub node: Option<NodeState>,
}

/// How the node is.
#[derive(Clone, Copy, Debug)]
pub struct NodeState {
    /// Whether it runs.
    pub running: bool,
    /// The best block it knows.
    pub height: u32,
    /// When it last synced, in seconds since 1970.
    pub last_sync_secs: Option<u64>,
    /// Channels that can be used now.
    pub channels_usable: usize,
    /// Channels there are.
    pub channels: usize,
}

/// Reads the figures. Cheap to clone.
#[derive(Clone, Debug)]
pub struct FiguresHandle {
    pub(super) dir: PathBuf,
    pub(super) views: Views,
    pub(super) applied: Applied,
    pub(super) node: NodeHandle,
}

impl FiguresHandle {
    /// The figures now.
    ///
    /// # Errors
    /// [`ViewError`] if the views cannot be read.
    pub async fn read(&self) -> Result<Figures, ViewError> {
        let reader = self.clone();
        let read = tokio::task::spawn_blocking(move || reader.read_views());
        let mut figures = match read.await {
            Ok(figures) => figures?,
            Err(error) => return Err(sled::Error::from(std::io::Error::other(error)).into()),
        };
        let node = self.node.call(|node| {
            let (status, channels) = (node.status(), node.channels());
            Ok(NodeState {
                running: status.running,
                height: status.height,
                last_sync_secs: status.last_sync_secs,
                channels_usable: channels.iter().filter(|channel| channel.is_usable).count(),
                channels: channels.len(),
            })
        });
        // A node that has not started has no figures.
        figures.node = node.await.ok();
        Ok(figures)
    }

    fn read_views(&self) -> Result<Figures, ViewError> {
        let progress = self.views.progress();
        Ok(Figures {
            journal_seq: self.applied.seq(),
            views_seq: progress.seq,
            event_id: progress.event_id,
            alarms: self.views.alarms()?,
            payments_pending: self.views.pending_payments()?.len(),
            payments_held: crate::restored::holds_payments(&self.views)?,
            invoices_tended: self.views.to_be_tended()?.len(),
            disk_free_bytes: crate::disk::free_bytes(&self.dir),
            node: None,
        })
    }
}
