//! Who looks at a running till and changes nothing: the audit and the figures. Owns what each of them
//! may hold.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::{FiguresHandle, TillConfig};
use crate::audit::Auditor;
use crate::journal::{Job, Writer};
use crate::node::handle::NodeHandle;
use crate::views::Views;

/// Who looks at the till and changes nothing.
#[derive(Debug)]
pub(super) struct Observers {
    pub(super) auditor: Auditor,
    pub(super) figures: FiguresHandle,
}

impl Observers {
    pub(super) fn new(
        config: &TillConfig,
        views: &Views,
        jobs: &mpsc::Sender<Job>,
        writer: &Writer,
        node: &NodeHandle,
    ) -> Self {
        Self {
            auditor: Auditor {
                dir: config.data_dir.clone(),
                network: config.network,
                views: views.clone(),
                jobs: jobs.downgrade(),
                node: node.clone(),
                under_way: Arc::default(),
            },
            figures: FiguresHandle {
                dir: config.data_dir.clone(),
                views: views.clone(),
                applied: writer.applied(),
                node: node.clone(),
            },
        }
    }
}
