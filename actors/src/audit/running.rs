//! The audit of a till that serves. Owns the order in which it can be done without stopping
//! payments: replay and compare while the till goes on, then look again at what differed, on the
//! journal's own thread between two commits, when both sides stand at the same record.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{mpsc, oneshot};

use super::node_check::NodeCheck;
use super::report::{AuditError, AuditReport};
use super::scratch::Scratch;
use super::{compare, invariants};
use crate::abort::contained;
use crate::journal::Job;
use crate::node::handle::NodeHandle;
use crate::service::network_name;
use crate::views::Views;

/// Records that may be left to replay on the journal's thread.
const SMALL_GAP: u64 = 500;
/// How often the gap is narrowed before it is taken as it is.
const MAX_ROUNDS: u32 = 20;

/// Audits a running till. Cheap to clone; one audit at a time.
#[derive(Clone, Debug)]
pub struct Auditor {
    pub(crate) dir: PathBuf,
    pub(crate) network: bitcoin::Network,
    pub(crate) views: Views,
    /// Weak: an audit must not keep the journal's thread from ending.
    pub(crate) jobs: mpsc::WeakSender<Job>,
    pub(crate) node: NodeHandle,
    pub(crate) under_way: Arc<AtomicBool>,
}

/// Given back however the audit ends.
struct Turn(Arc<AtomicBool>);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

impl Auditor {
    /// Audits the till while it serves.
    ///
    /// # Errors
    /// [`AuditError`] if it cannot be done, or another one is under way.
    pub async fn audit(&self) -> Result<AuditReport, AuditError> {
        if self.under_way.swap(true, Ordering::SeqCst) {
            return Err(AuditError::Busy);
        }
        let turn = Turn(Arc::clone(&self.under_way));
        let (auditor, (report, answer)) = (self.clone(), oneshot::channel());
        let thread = std::thread::Builder::new().name("audit".into());
        thread.spawn(move || {
            let done = contained(|| auditor.run());
            let done = done.unwrap_or_else(|panic| Err(AuditError::Failed(panic)));
            drop(turn);
            // Nobody may wait any more.
            let _ = report.send(done);
        })?;
        let mut done = answer.await.map_err(|_| AuditError::Stopping)??;
        if let Some(check) = &mut done.node {
            let node = self.node.call(|node| Ok(node.figures())).await;
            check.put_to(node.ok().flatten());
        }
        Ok(done)
    }

    fn run(&self) -> Result<AuditReport, AuditError> {
        let mut scratch = Scratch::open(&self.dir, network_name(self.network))?;
        self.narrow(&mut scratch)?;
        let walked = compare::walk(&scratch.views, &self.views)?;
        self.narrow(&mut scratch)?;
        let (compared, left_out) = (walked.compared, walked.left_out);
        let (scratch, confirmed) = self.confirm(scratch, walked.suspects)?;
        let audited = confirmed.and_then(|mut report| {
            report.compared = compared;
            report.differences_total += left_out;
            report.records = scratch.views.head().seq;
            report.views.seq = report.records;
            report.invariants = invariants::check(&scratch.views)?;
            report.node = Some(NodeCheck::of(&scratch.views)?);
            Ok(report)
        });
        scratch.remove();
        audited
    }

    /// Replays until the till is only a little ahead.
    fn narrow(&self, scratch: &mut Scratch) -> Result<(), AuditError> {
        for _ in 0..MAX_ROUNDS {
            scratch.advance_to_end()?;
            if self
                .views
                .head()
                .seq
                .saturating_sub(scratch.views.head().seq)
                < SMALL_GAP
            {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Hands the suspects to the journal's thread, which looks at them between two commits.
    fn confirm(
        &self,
        mut scratch: Scratch,
        suspects: Vec<Vec<u8>>,
    ) -> Result<(Scratch, Result<AuditReport, AuditError>), AuditError> {
        let jobs = self.jobs.upgrade().ok_or(AuditError::Stopping)?;
        let views = self.views.clone();
        let (report, answer) = oneshot::channel();
        let done = Box::new(move || {
            let confirmed = contained(|| {
                let mut report = AuditReport::default();
                scratch.advance(views.head().seq)?;
                compare::confirm(&mut report, &suspects, &scratch.views, &views)?;
                Ok(report)
            });
            let confirmed = confirmed.unwrap_or_else(|panic| Err(AuditError::Failed(panic)));
            // The audit waits for nothing else.
            let _ = report.send((scratch, confirmed));
        });
        let change = None;
        let sent = jobs.blocking_send(Job { change, done });
        sent.map_err(|_| AuditError::Stopping)?;
        drop(jobs);
        answer.blocking_recv().map_err(|_| AuditError::Stopping)
    }
}
