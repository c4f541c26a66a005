//! Rules for closings of channels: a closing is on disk before the node is told, and ends only when
//! its money is where its owner wants it.

use super::draft::Draft;
use crate::id::{PaymentId, TxId};
use crate::ledger::command::{CloseCommand, Refusal};
use crate::ledger::entity::Archive;
use crate::ledger::record::{Fact, Record};
use crate::ledger::state::State;
use crate::treasury::{CloseJob, CloseState};

pub(super) fn decide<A: Archive>(
    state: &State<A>,
    draft: Draft,
    command: CloseCommand,
) -> Result<Record, Refusal> {
    let draft = match command {
        CloseCommand::Ask(wanted) => ask(state, draft, *wanted)?,
        CloseCommand::Refuse { user_channel_id } => {
            step(state, draft, user_channel_id, |now| match now {
                CloseState::Closing => Some(CloseState::Refused),
                CloseState::Returning { .. }
                | CloseState::Sweeping { .. }
                | CloseState::Done { .. }
                | CloseState::Refused => None,
            })?
        }
        CloseCommand::Show {
            user_channel_id,
            tx_id,
        } => step(state, draft, user_channel_id, |now| shown(now, tx_id))?,
        CloseCommand::Finish { user_channel_id } => {
            step(state, draft, user_channel_id, |now| match now {
                CloseState::Returning { tx_id } => Some(CloseState::Done {
                    tx_id,
                    payment: None,
                }),
                CloseState::Closing
                | CloseState::Sweeping { .. }
                | CloseState::Done { .. }
                | CloseState::Refused => None,
            })?
        }
    };
    Ok(draft.finish())
}

/// The same wish twice is one wish. A cooperative closing may become a forced one: a peer that does
/// not answer leaves no other way.
fn ask<A: Archive>(state: &State<A>, draft: Draft, wanted: CloseJob) -> Result<Draft, Refusal> {
    let wanted = CloseJob {
        created_at: draft.at(),
        state: CloseState::Closing,
        ..wanted
    };
    let Some(known) = state.get::<CloseJob>(&wanted.user_channel_id)? else {
        return Ok(draft.fact(Fact::CloseJobSet(Box::new(wanted))));
    };
    match known.state {
        CloseState::Refused => Ok(draft.fact(Fact::CloseJobSet(Box::new(wanted)))),
        CloseState::Closing if known.sweep_to == wanted.sweep_to => {
            let sterner = wanted.force && !known.force;
            let force = known.force || wanted.force;
            let job = CloseJob { force, ..known };
            Ok(if sterner {
                draft.fact(Fact::CloseJobSet(Box::new(job)))
            } else {
                draft
            })
        }
        CloseState::Returning { .. } | CloseState::Sweeping { .. } | CloseState::Done { .. }
            if known.sweep_to == wanted.sweep_to =>
        {
            Ok(draft)
        }
        CloseState::Closing
        | CloseState::Returning { .. }
        | CloseState::Sweeping { .. }
        | CloseState::Done { .. } => Err(Refusal::ClosingAlready),
    }
}

/// A reorg may bring another closing transaction. Whoever was told that nothing would be done gets
/// nothing sent on, should the channel close some day.
fn shown(now: CloseState, tx_id: TxId) -> Option<CloseState> {
    let next = match now {
        CloseState::Refused => return None,
        CloseState::Closing | CloseState::Returning { .. } => CloseState::Returning { tx_id },
        CloseState::Sweeping { payment, .. } => CloseState::Sweeping { tx_id, payment },
        CloseState::Done { payment, .. } => CloseState::Done { tx_id, payment },
    };
    (next != now).then_some(next)
}

/// The channel's money is on its way: the payment's record and this are one.
pub(super) fn sweep<A: Archive>(
    state: &State<A>,
    draft: Draft,
    user_channel_id: [u8; 16],
    payment: PaymentId,
) -> Result<Draft, Refusal> {
    let Some(job) = state.get::<CloseJob>(&user_channel_id)? else {
        return Err(Refusal::WrongState);
    };
    let CloseState::Returning { tx_id } = job.state else {
        return Err(Refusal::WrongState);
    };
    let state = CloseState::Sweeping { tx_id, payment };
    Ok(draft.fact(Fact::CloseJobSet(Box::new(CloseJob { state, ..job }))))
}

/// The money is where it should go. A payment that was given up may have made it all the same.
pub(super) fn swept<A: Archive>(
    state: &State<A>,
    draft: Draft,
    user_channel_id: [u8; 16],
    payment: PaymentId,
) -> Result<Draft, Refusal> {
    step(state, draft, user_channel_id, |now| match now {
        CloseState::Returning { tx_id } | CloseState::Sweeping { tx_id, .. } => {
            let payment = Some(payment);
            Some(CloseState::Done { tx_id, payment })
        }
        CloseState::Closing | CloseState::Done { .. } | CloseState::Refused => None,
    })
}

/// The payment that was to send the money on, or had done so before a reorg, has lost its coins:
/// another may be made.
pub(super) fn unswept<A: Archive>(
    state: &State<A>,
    draft: Draft,
    user_channel_id: [u8; 16],
    lost: PaymentId,
) -> Result<Draft, Refusal> {
    step(state, draft, user_channel_id, |now| match now {
        CloseState::Sweeping { tx_id, payment } if payment == lost => {
            Some(CloseState::Returning { tx_id })
        }
        CloseState::Done { tx_id, payment } if payment == Some(lost) => {
            Some(CloseState::Returning { tx_id })
        }
        CloseState::Closing
        | CloseState::Returning { .. }
        | CloseState::Sweeping { .. }
        | CloseState::Done { .. }
        | CloseState::Refused => None,
    })
}

fn step<A: Archive>(
    state: &State<A>,
    draft: Draft,
    user_channel_id: [u8; 16],
    next: impl FnOnce(CloseState) -> Option<CloseState>,
) -> Result<Draft, Refusal> {
    let Some(job) = state.get::<CloseJob>(&user_channel_id)? else {
        return Ok(draft);
    };
    Ok(match next(job.state) {
        Some(state) => draft.fact(Fact::CloseJobSet(Box::new(CloseJob { state, ..job }))),
        None => draft,
    })
}
