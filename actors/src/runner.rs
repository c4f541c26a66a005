//! Runs flows: carries out what each wants done and tells it what came of it. Owns the waiting and
//! the asking again; what is done in which order the flows decide (`till::flow`).

use std::time::Duration;

use till::flow::{Answer, Away, Effect, Flow, Step};
use till::ledger::Command;
use till::node::{SendFault, SendRequest};

use crate::abort::abort;
use crate::ledger::{LedgerError, LedgerHandle};
use crate::node::NodeError;
use crate::node::handle::NodeHandle;
use crate::views::Views;

/// How long to wait before the ledger is asked again after it gave no answer.
const ASK_AGAIN: Duration = Duration::from_millis(200);

/// Everything that a flow can touch. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Runner {
    pub(crate) ledger: LedgerHandle,
    pub(crate) node: NodeHandle,
    pub(crate) views: Views,
}

/// Who waits for a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum For {
    /// Somebody who can be told to come back later.
    Caller,
    /// The node, whose word is carried out however long it takes.
    Node,
}

impl Runner {
    /// Runs a flow that somebody waits for who can be told to come back later.
    ///
    /// # Errors
    /// [`LedgerError`] if the ledger did not take a command, or gave no answer; the flow is
    /// forgotten then, as if the process had died.
    pub(crate) async fn run<F: Flow>(&self, flow: F) -> Result<F::Outcome, LedgerError> {
        self.drive(flow, For::Caller).await
    }

    /// Runs a flow that the node's word demands; `None` if the till is stopping.
    pub(crate) async fn run_for_node<F: Flow>(&self, flow: F) -> Option<F::Outcome> {
        self.drive(flow, For::Node).await.ok()
    }

    async fn drive<F: Flow>(&self, mut flow: F, whom: For) -> Result<F::Outcome, LedgerError> {
        let mut answer = None;
        loop {
            match flow.step(&self.views, answer) {
                Ok(Step::Done(outcome)) => return Ok(outcome),
                Ok(Step::Do(effect)) => answer = Some(self.carry_out(*effect, whom).await?),
                Err(damaged) => abort(&damaged.to_string()),
            }
        }
    }

    async fn carry_out(&self, effect: Effect, whom: For) -> Result<Answer, LedgerError> {
        Ok(match effect {
            Effect::Execute(command) => return self.execute(command, whom).await,
            Effect::Claim {
                hash,
                amount,
                preimage,
            } => {
                let claimed = self
                    .node
                    .run(move |node| node.claim(hash, amount, &preimage));
                Answer::Claimed(is_done("claim", claimed.await))
            }
            Effect::Fail(hash) => {
                let failed = self.node.run(move |node| node.fail(hash)).await;
                Answer::Failed(is_done("fail an HTLC back", failed))
            }
            Effect::Send(request) => Answer::Sent(self.send(request).await),
            Effect::Look => {
                let look = self.node.run(|node| node.look()).await;
                Answer::Look(look.map_err(|_| Away))
            }
            Effect::Row(id) => {
                let row = self.node.run(move |node| node.payment(id)).await;
                Answer::Row(row.map_err(|_| Away))
            }
        })
    }

    async fn execute(&self, command: Command, whom: For) -> Result<Answer, LedgerError> {
        let mut executed = match whom {
            For::Caller => self.ledger.execute(command.clone()).await,
            For::Node => self.ledger.execute_for_node(command.clone()).await,
        };
        while let (For::Node, Err(LedgerError::Unknown | LedgerError::Busy)) = (whom, &executed) {
            tracing::warn!("the ledger gave no answer to what the node demands; asking again");
            tokio::time::sleep(ASK_AGAIN).await;
            executed = self.ledger.execute_for_node(command.clone()).await;
        }
        match executed {
            Ok(done) => Ok(Answer::Executed(Ok(done))),
            Err(LedgerError::Refused(refusal)) => {
                tracing::info!(%refusal, "the ledger refused");
                Ok(Answer::Executed(Err(refusal)))
            }
            Err(error) => Err(error),
        }
    }

    async fn send(&self, request: SendRequest) -> Result<till::id::NodePaymentId, SendFault> {
        let sent = self.node.run(move |node| node.send(&request)).await;
        // The call was never made if the node is not there.
        sent.unwrap_or(Err(SendFault::NotAsked))
    }
}

/// What the node did not do is asked for again later: nothing is lost by it.
fn is_done(what: &str, answer: Result<Result<(), NodeError>, NodeError>) -> bool {
    match answer {
        Ok(Ok(())) => true,
        Ok(Err(error)) | Err(error) => {
            tracing::warn!(%error, what, "the node did not do it");
            false
        }
    }
}
