//! The invoice watcher: the one consumer of node events. Owns their order and acknowledgement,
//! expiry, and when claims and holds are looked after; what an event means `till::flow` decides.

mod actor;
mod gate;
mod handle;
mod pump;

pub(crate) use actor::{Msg, WatcherActor};
pub(crate) use gate::Gate;
pub(crate) use handle::{HoldError, WatcherHandle};
pub(crate) use pump::pump;
