//! Decides and evolves in memory, then passes record and reply to the journal's thread and goes
//! on with the next command: many commands share one commit.

use ractor::{Actor, ActorProcessingErr, ActorRef};
use till::ledger::{Changes, Command, Decision, Done, Record, Refusal, State, decide};
use till::time::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use crate::abort::abort;
use crate::journal::{Applied, Job};
use crate::views::Views;

/// Rows held in memory before those that the views have are let go.
const HELD_ROWS: usize = 4_096;

/// The ledger's one message.
pub(crate) struct Execute {
    pub(super) command: Command,
    pub(super) now: Timestamp,
    /// Answered exactly once, after the commit on which the answer rests. The caller may be gone.
    pub(super) reply: oneshot::Sender<Result<Done, Refusal>>,
    /// The caller's place in the queue; free again once it is answered.
    pub(super) place: OwnedSemaphorePermit,
}

/// What the actor starts from.
pub(crate) struct Args {
    /// The state that the journal's records add up to.
    pub(crate) state: State<Views>,
    /// Where decided commands go.
    pub(crate) journal: mpsc::Sender<Job>,
    /// How far the views have come.
    pub(crate) applied: Applied,
}

/// The actor.
pub(crate) struct LedgerActor;

impl Actor for LedgerActor {
    type Msg = Execute;
    type State = Args;
    type Arguments = Args;

    async fn pre_start(
        &self,
        _myself: ActorRef<Execute>,
        args: Args,
    ) -> Result<Args, ActorProcessingErr> {
        Ok(args)
    }

    async fn handle(
        &self,
        _myself: ActorRef<Execute>,
        message: Execute,
        ledger: &mut Args,
    ) -> Result<(), ActorProcessingErr> {
        let Execute {
            command,
            now,
            reply,
            place,
        } = message;
        if ledger.state.held_rows() > HELD_ROWS {
            ledger.state.forget_through(ledger.applied.seq());
        }
        let (change, answer) = execute(&mut ledger.state, command, now);
        let done = Box::new(move || {
            // A caller that has gone away is no reason to fail: the command is done all the same.
            let _ = reply.send(answer);
            drop(place);
        });
        if ledger.journal.send(Job { change, done }).await.is_err() {
            abort("the journal's thread is gone");
        }
        Ok(())
    }
}

type Outcome = (Option<(Record, Changes)>, Result<Done, Refusal>);

fn execute(state: &mut State<Views>, command: Command, now: Timestamp) -> Outcome {
    match decide(state, command, now) {
        Ok(Decision::Commit(record)) if record.is_empty() => (None, Ok(Done::Unchanged)),
        Ok(Decision::Commit(record)) => match state.evolve(&record) {
            Ok(changes) => (Some((record, changes)), Ok(Done::Changed)),
            Err(error) => abort(&format!("a decided record does not apply: {error}")),
        },
        Ok(Decision::Repeat(payment)) => (None, Ok(Done::Repeat(payment))),
        Err(Refusal::Damaged(error)) => abort(&error.to_string()),
        Err(refusal) => (None, Err(refusal)),
    }
}
