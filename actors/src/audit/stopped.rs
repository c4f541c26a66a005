//! The audit of a till that is stopped: the folder is ours alone, and both sides stand still.

use std::path::Path;

use super::report::{AuditError, AuditReport, Difference};
use super::scratch::Scratch;
use super::{compare, invariants};
use crate::abort::contained;
use crate::service::network_name;
use crate::till::DataDirLock;
use crate::till::store::VIEWS;
use crate::views::{Audited, Views};

/// Audits a data folder. Nothing in it is changed.
///
/// # Errors
/// [`AuditError::Lock`] while a till uses the folder; others name what is damaged.
pub fn audit_folder(dir: &Path, network: bitcoin::Network) -> Result<AuditReport, AuditError> {
    if !dir.join(crate::till::store::JOURNAL).exists() {
        return Err(AuditError::NoJournal(dir.display().to_string()));
    }
    let _lock = DataDirLock::take(dir)?;
    let mut scratch = Scratch::open(dir, network_name(network))?;
    let mut report = AuditReport::default();
    let views = dir.join(VIEWS);
    let compared = if views.exists() {
        // Damaged files make sled panic; that is what we are here to find out.
        let compared = contained(|| views_against(&mut scratch, &mut report, &views));
        compared.unwrap_or_else(|panic| {
            unreadable(&mut report, &panic);
            Ok(())
        })
    } else {
        report.views.not_compared = Some("there are none; the next start rebuilds them".into());
        Ok(())
    };
    let audited = compared.and_then(|()| {
        scratch.advance_to_end()?;
        report.records = scratch.views.head().seq;
        if report.views.not_compared.is_none() {
            report.views.behind = report.records - report.views.seq;
        }
        report.invariants = invariants::check(&scratch.views)?;
        Ok(())
    });
    scratch.remove();
    audited.map(|()| report)
}

fn views_against(
    scratch: &mut Scratch,
    report: &mut AuditReport,
    dir: &Path,
) -> Result<(), AuditError> {
    let views = match Views::open_as_they_are(dir) {
        Ok(Audited::Current(views)) => views,
        Ok(Audited::OtherLayout) => {
            let why = "they were laid out by another program; the next start rebuilds them";
            report.views.not_compared = Some(why.into());
            return Ok(());
        }
        Ok(Audited::Lost) => {
            unreadable(report, "they are empty, or cut");
            return Ok(());
        }
        Err(error) => {
            unreadable(report, &error.to_string());
            return Ok(());
        }
    };
    let head = views.head();
    scratch.knows(head)?;
    report.views.seq = head.seq;
    scratch.advance(head.seq)?;
    let walked = match compare::walk(&scratch.views, &views) {
        Ok(walked) => walked,
        Err(error) => {
            unreadable(report, &error.to_string());
            return Ok(());
        }
    };
    report.compared = walked.compared;
    compare::confirm(report, &walked.suspects, &scratch.views, &views)?;
    report.differences_total += walked.left_out;
    Ok(())
}

fn unreadable(report: &mut AuditReport, why: &str) {
    report.views.not_compared = Some("they are damaged; the next start rebuilds them".into());
    report.differs(Difference {
        subject: "the views".to_owned(),
        expected: "readable".to_owned(),
        found: format!("damaged: {why}"),
    });
}
