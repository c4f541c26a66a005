//! Bringing the views up to the journal: the tail after a crash, everything after they were lost.
//! Owns the order of that; the same code path serves both.

use till::ledger::state::EvolveError;
use till::ledger::{Changes, State};

use super::{ViewError, Views};
use crate::journal::{Head, Journal, JournalError};

/// Records that are applied to the views in one batch.
const BATCH: usize = 1_000;
/// Progress is reported after this many records.
const REPORT_EVERY: u64 = 10_000;

/// Why the views cannot be brought up to the journal.
#[derive(Debug, thiserror::Error)]
pub enum CatchUpError {
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The views cannot be written.
    #[error(transparent)]
    View(#[from] ViewError),
    /// A record does not follow from those before it.
    #[error(transparent)]
    Evolve(#[from] EvolveError),
    /// The journal lost records that the views have seen.
    #[error(
        "the journal ends at record {journal}, but the view has seen record {view}: the journal \
         was cut or replaced by an older one. Restore the newest journal; nothing is started."
    )]
    JournalShorter {
        /// The journal's last record.
        journal: u64,
        /// The views' last record.
        view: u64,
    },
    /// The journal has another record where the views' last one should be.
    #[error(
        "record {seq} of the journal is not the one that the view has seen: the journal was replaced \
         by another one. Restore the right journal; if this is the right one, delete the folder \
         `views`. Nothing is started."
    )]
    OtherHistory {
        /// The views' last record.
        seq: u64,
    },
}

/// Applies to the views every record that they do not have, and returns the state over them.
///
/// # Errors
/// [`CatchUpError`]; nothing may be served then.
pub fn catch_up(journal: &Journal, views: &Views) -> Result<State<Views>, CatchUpError> {
    let mut state = State::over(views.clone()).map_err(ViewError::from)?;
    let (from, to) = (state.progress().seq, journal.last_seq());
    if from > to {
        return Err(CatchUpError::JournalShorter {
            journal: to,
            view: from,
        });
    }
    if journal.head_at(from)? != views.head() {
        return Err(CatchUpError::OtherHistory { seq: from });
    }
    if to - from > REPORT_EVERY {
        tracing::info!(records = to - from, "bringing the view up to the journal");
    }
    catch_up_through(journal, views, &mut state, to)?;
    Ok(state)
}

/// Applies to the views, and to the `state` over them, the records that they lack, through `last`.
///
/// # Errors
/// [`CatchUpError`]; the state is of no further use then.
pub(crate) fn catch_up_through(
    journal: &Journal,
    views: &Views,
    state: &mut State<Views>,
    last: u64,
) -> Result<(), CatchUpError> {
    let from = state.progress().seq;
    let mut batch: Vec<Changes> = Vec::with_capacity(BATCH);
    let mut head = views.head();
    journal.replay_through::<CatchUpError>(from, last, |entry| {
        batch.push(state.evolve(&entry.record)?);
        head = entry.head;
        if batch.len() == BATCH {
            flush(views, state, &mut batch, head)?;
        }
        let done = head.seq - from;
        if done.is_multiple_of(REPORT_EVERY) {
            let of = last - from;
            tracing::info!(done, of, "bringing the view up to the journal");
        }
        Ok(())
    })?;
    if !batch.is_empty() {
        flush(views, state, &mut batch, head)?;
    }
    Ok(())
}

fn flush(
    views: &Views,
    state: &mut State<Views>,
    batch: &mut Vec<Changes>,
    head: Head,
) -> Result<(), CatchUpError> {
    views.apply(&batch.iter().collect::<Vec<_>>(), head)?;
    state.forget_through(state.progress().seq);
    batch.clear();
    Ok(())
}
