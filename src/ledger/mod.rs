//! The double-entry ledger. Owns accounts, transfers, and the rules by which a [`Command`]
//! becomes a [`Record`]; it does not know where records are stored.
//!
//! Read in this order: [`account`] (what is counted), [`transfer`] (how it moves), [`command`]
//! (what can be asked), [`decide`] (what then happens), [`record`] (what is written down),
//! [`state`] (what it adds up to).

pub mod account;
pub mod command;
mod decide;
pub mod entity;
mod evolve;
pub mod record;
pub mod reference;
pub mod state;
mod statement;
pub mod transfer;

pub use account::{Account, Balance, Origin, WalletRef};
pub use command::{
    AccessCommand, AddressCommand, CloseCommand, Command, Done, HoldCommand, HolderCommand,
    IdempotencyKey, InceptionCommand, InvoiceDraft, KeyChange, MetaOf, OnchainSeen, OpeningOrder,
    OutboxCommand, PaymentOrder, Refusal, RestorationCommand, RetryOrder, ShareCommand,
    SpendCommand, SpendOrder, TransferOrder, UserChange, WalletKeys, Which,
};
pub use decide::{Decision, SETTLE_MARGIN_BLOCKS, decide, difference_msat, is_too_late};
pub use entity::{Archive, Entity, Kind};
pub use record::{Alarm, Event, EventBody, Fact, Record};
pub use reference::Reference;
pub use state::{Changes, State};
pub use transfer::{Cause, Phase, Transfer};

#[cfg(test)]
#[allow(clippy::panic, clippy::wildcard_enum_match_arm)]
mod tests;
