//! Two sets of views side by side, key by key. Owns the walk; what an entry means is `words`'.

use std::cmp::Ordering;

use super::report::{AuditReport, Difference};
use super::words;
use crate::views::{ViewError, Views};

/// Keys that may be looked at again at a quiet moment; bounds memory and that moment.
pub(super) const MAX_SUSPECTS: usize = 100_000;
/// Progress is reported after this many entries.
const REPORT_EVERY: u64 = 1_000_000;

/// What a walk found.
#[derive(Default)]
pub(super) struct Walked {
    pub(super) compared: u64,
    /// Keys at which the two differed when they were read.
    pub(super) suspects: Vec<Vec<u8>>,
    /// Suspects beyond the bound.
    pub(super) left_out: u64,
}

/// Walks through all entries of both. They MUST stand at the same record for what differs to be a
/// difference; otherwise it is only a suspicion.
pub(super) fn walk(expected: &Views, found: &Views) -> Result<Walked, ViewError> {
    let mut walked = Walked::default();
    let (mut left, mut right) = (expected.entries(), found.entries());
    let (mut one, mut other) = (left.next().transpose()?, right.next().transpose()?);
    loop {
        let order = match (&one, &other) {
            (None, None) => return Ok(walked),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((a, _)), Some((b, _))) => a.cmp(b),
        };
        let differs = order != Ordering::Equal || one != other;
        let key = match order {
            Ordering::Less | Ordering::Equal => one.as_ref(),
            Ordering::Greater => other.as_ref(),
        };
        if differs && let Some((key, _)) = key {
            if walked.suspects.len() < MAX_SUSPECTS {
                walked.suspects.push(key.to_vec());
            } else {
                walked.left_out += 1;
            }
        }
        walked.compared += 1;
        if walked.compared.is_multiple_of(REPORT_EVERY) {
            tracing::info!(done = walked.compared, "comparing entries");
        }
        if order != Ordering::Greater {
            one = left.next().transpose()?;
        }
        if order != Ordering::Less {
            other = right.next().transpose()?;
        }
    }
}

/// Reads every suspect again and puts into the report what still differs.
pub(super) fn confirm(
    report: &mut AuditReport,
    suspects: &[Vec<u8>],
    expected: &Views,
    found: &Views,
) -> Result<(), ViewError> {
    for key in suspects {
        let (wanted, is) = (expected.entry(key)?, found.entry(key)?);
        if wanted != is {
            let (expected, found) = words::values(key, wanted.as_deref(), is.as_deref());
            report.differs(Difference {
                subject: words::subject(key, wanted.as_deref().or(is.as_deref())),
                expected,
                found,
            });
        }
    }
    Ok(())
}
