//! Rules for books that begin with a recovery from the seed: that they do is their first record, and where
//! in the chain is said once, by the first block that the new node knows.

use super::draft::Draft;
use crate::inception::Inception;
use crate::ledger::command::{InceptionCommand, Refusal};
use crate::ledger::entity::Archive;
use crate::ledger::record::{Fact, Record};
use crate::ledger::state::State;

pub(super) fn decide<A: Archive>(
    state: &State<A>,
    draft: Draft,
    command: InceptionCommand,
) -> Result<Record, Refusal> {
    let known = state.get::<Inception>(&())?;
    let row = match (command, known) {
        (InceptionCommand::Begin, None) if state.progress().seq == 0 => Inception {
            at: draft.at(),
            height: None,
        },
        // Where anything was written before, it is too late to call that the beginning.
        (InceptionCommand::Begin, None) | (InceptionCommand::At { .. }, None) => {
            return Err(Refusal::WrongState);
        }
        (InceptionCommand::At { height }, Some(row)) if row.height.is_none() => Inception {
            height: Some(height),
            ..row
        },
        (InceptionCommand::Begin | InceptionCommand::At { .. }, Some(_)) => {
            return Ok(draft.finish());
        }
    };
    Ok(draft.fact(Fact::InceptionSet(row)).finish())
}
