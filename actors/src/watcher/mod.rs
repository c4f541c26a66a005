//! The invoice watcher: the one consumer of node events. Owns their order and acknowledgement,
//! claims, and expiry; what an event means for money the ledger decides.

mod actor;
mod events;
mod pump;

pub(crate) use actor::{Args, Msg, WatcherActor};
pub(crate) use pump::{Gate, pump};
