//! What happens step by step between ledger and node, as machines without a runtime: each says
//! what it wants done next and is told what came of it. Owns the order of those steps; it runs
//! nothing. The actors run flows on a real node, the simulation on a cruel one.
//!
//! Architecture invariant: a flow may be forgotten between any two steps (the process dies) and
//! nothing is lost or done twice, because everything it goes by is in the ledger.
//!
//! | flow | from | to |
//! | --- | --- | --- |
//! | [`OnEvent`] | a node event | its effect is durable, it may be acknowledged |
//! | [`Reserve`], [`Send`] | an order to pay | money set aside; the node has been asked, once |
//! | [`Retry`] | a payment whose attempt failed | another attempt is durable, or it is given up |
//! | [`Check`] | payments pending for long | posted or voided where that is proven |
//! | [`Tend`] | invoices being claimed or held | claimed again, given back, lapsed |
//! | [`Settle`], [`Cancel`] | the maker of a hold invoice | claimed, or given back |

mod check;
mod event;
mod hold;
mod pay;
mod retry;
mod tend;

pub use check::{Check, CheckTimes, Checked, Waiting};
pub use event::OnEvent;
pub use hold::{Cancel, NotDone, Settle};
pub use pay::{Handed, NotReserved, Reserve, Reserved, Send};
pub use retry::{Retried, Retry};
pub use tend::{Tend, Tended};

use crate::id::{NodePaymentId, PaymentHash, Preimage};
use crate::ledger::entity::Damaged;
use crate::ledger::{Archive, Command, Done, Entity, Refusal};
use crate::money::Msat;
use crate::node::{Look, NodePayment, SendFault, SendRequest};

/// What a flow wants done. Each is answered by the [`Answer`] of the same name.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Carry out a command. MUST be answered only after the commit on which the answer rests, and
    /// tried again until there is one.
    Execute(Command),
    /// Have the node claim the HTLCs of a hash. Harmless when repeated.
    Claim {
        /// Which hash.
        hash: PaymentHash,
        /// What they are worth.
        amount: Msat,
        /// What opens the hash.
        preimage: Preimage,
    },
    /// Have the node fail the HTLCs of a hash back. Harmless when repeated.
    Fail(PaymentHash),
    /// Have the node pay. MUST NOT be repeated, whatever comes of it.
    Send(SendRequest),
    /// Have the node tell what is under way.
    Look,
    /// Have the node tell of one payment.
    Row(NodePaymentId),
}

/// What came of an [`Effect`].
#[derive(Clone, Debug)]
pub enum Answer {
    /// What the ledger said.
    Executed(Result<Done, Refusal>),
    /// Whether the node took the claim. That the money is ours an event tells.
    Claimed(bool),
    /// Whether the node failed the HTLCs back.
    Failed(bool),
    /// The node's id for the payment, or what its error means.
    Sent(Result<NodePaymentId, SendFault>),
    /// What is under way.
    Look(Result<Look, Away>),
    /// The node's row, if it has one.
    Row(Result<Option<NodePayment>, Away>),
}

/// The node does not answer. That proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Away;

/// Where a flow stands.
#[derive(Clone, Debug)]
pub enum Step<T> {
    /// It wants something done.
    Do(Box<Effect>),
    /// It is at its end.
    Done(T),
}

impl<T> Step<T> {
    fn effect(effect: Effect) -> Self {
        Self::Do(Box::new(effect))
    }

    fn execute(command: Command) -> Self {
        Self::effect(Effect::Execute(command))
    }
}

/// A flow. Whoever runs it calls `step` with `None` first, and then with the answer to each effect.
pub trait Flow {
    /// What it comes to.
    type Outcome;

    /// Goes on from `answer`. `rows` are the durable ones.
    ///
    /// # Errors
    /// [`Damaged`] if a row cannot be read: the process must stop.
    fn step(
        &mut self,
        rows: &dyn Archive,
        answer: Option<Answer>,
    ) -> Result<Step<Self::Outcome>, Damaged>;
}

/// The row with this key.
fn row<E: Entity>(rows: &dyn Archive, key: &E::Key) -> Result<Option<E>, Damaged> {
    let key = E::key_bytes(key);
    match rows.read(&key)? {
        Some(bytes) => E::from_bytes(&key, &bytes).map(Some),
        None => Ok(None),
    }
}
