//! Outgoing payments: one saga each, attempts that follow by themselves, and the check of those that no
//! event will ever tell of. Owns
//! when a flow runs and how many at once; what each does `till::flow` decides. Sagas live here and
//! not in a handler, so that a caller who goes away changes nothing.

mod actor;
mod handing;
mod handle;
mod retries;

pub(crate) use actor::{Args, PaymentsActor};
pub(crate) use handing::Handing;
pub(crate) use handle::Waits;
pub use handle::{PayError, PaymentsHandle};
pub(crate) use retries::Retries;
