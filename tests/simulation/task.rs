//! Flows under way: each wants an effect, waits for its answer, or has it. Owns nothing else.

use till::flow::{
    Answer, Cancel, Check, Checked, Effect, Flow, NotDone, NotReserved, OnEvent, Reserve, Reserved,
    Retried, Retry, Send, Settle, Step, Tend, Tended,
};
use till::id::{PaymentHash, PaymentId};
use till::ledger::{Archive, Command};

/// What a flow came to.
pub(crate) enum Outcome {
    Event,
    Reserved(Result<Reserved, NotReserved>),
    Sent,
    Retried(PaymentId, Retried),
    Checked(Checked),
    Tended(Tended),
    Settled(PaymentHash, Result<(), NotDone>),
    Cancelled(PaymentHash, Result<(), NotDone>),
    Asked(u8, bool),
}

/// A flow, whichever it is.
pub(crate) enum Task {
    Event(OnEvent),
    Reserve(Option<PaymentHash>, Reserve),
    Send(PaymentId, Send),
    Retry(PaymentId, Retry),
    Check(Check),
    Tend(Tend),
    Settle(PaymentHash, Settle),
    Cancel(PaymentHash, Cancel),
    /// Draft, register with the node, issue: as the service makes an invoice.
    Ask(u8, Asking),
}

/// Where the making of an invoice stands.
pub(crate) enum Asking {
    Draft(Box<Command>),
    Register(PaymentHash),
    Issue,
}

/// Where a task stands.
pub(crate) enum Phase {
    Wants(Effect),
    /// The ledger will answer.
    Waits,
    Has(Answer),
}

impl Task {
    /// Goes on from an answer to the next effect, or to the end.
    pub(crate) fn step(
        &mut self,
        rows: &dyn Archive,
        answer: Option<Answer>,
    ) -> Result<Effect, Outcome> {
        match self {
            Self::Event(flow) => run(flow, rows, answer, |()| Outcome::Event),
            Self::Reserve(_, flow) => run(flow, rows, answer, Outcome::Reserved),
            Self::Send(_, flow) => run(flow, rows, answer, |_| Outcome::Sent),
            Self::Retry(id, flow) => {
                let id = *id;
                run(flow, rows, answer, |done| Outcome::Retried(id, done))
            }
            Self::Check(flow) => run(flow, rows, answer, Outcome::Checked),
            Self::Tend(flow) => run(flow, rows, answer, Outcome::Tended),
            Self::Settle(hash, flow) => {
                let hash = *hash;
                run(flow, rows, answer, |done| Outcome::Settled(hash, done))
            }
            Self::Cancel(hash, flow) => {
                let hash = *hash;
                run(flow, rows, answer, |done| Outcome::Cancelled(hash, done))
            }
            Self::Ask(n, asking) => ask(*n, asking, answer),
        }
    }
}

fn run<F: Flow>(
    flow: &mut F,
    rows: &dyn Archive,
    answer: Option<Answer>,
    outcome: impl FnOnce(F::Outcome) -> Outcome,
) -> Result<Effect, Outcome> {
    match flow.step(rows, answer).expect("a readable row") {
        Step::Do(effect) => Ok(*effect),
        Step::Done(done) => Err(outcome(done)),
    }
}

fn ask(n: u8, asking: &mut Asking, answer: Option<Answer>) -> Result<Effect, Outcome> {
    match (&*asking, answer) {
        (Asking::Draft(command), None) => Ok(Effect::Execute((**command).clone())),
        (Asking::Register(hash), Some(Answer::Executed(Ok(_)))) => {
            let hash = *hash;
            *asking = Asking::Issue;
            let bolt11 = format!("ln{n}");
            Ok(Effect::Execute(Command::IssueInvoice {
                hash,
                bolt11,
                lsp_fee: None,
                idempotency: None,
            }))
        }
        (Asking::Issue, Some(Answer::Executed(Ok(_)))) => Err(Outcome::Asked(n, true)),
        (_, _) => Err(Outcome::Asked(n, false)),
    }
}
