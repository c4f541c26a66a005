//! From rows and events to wire types. Owns which row shows as which status, and how amounts are
//! rounded: what is asked for goes up to the next satoshi, what has moved goes down.

mod access_log;
mod event;
mod export;
mod node;
mod offer;
mod onchain;
mod payment;
mod staff;

use till::money::Msat;

pub(super) use access_log::*;
pub(super) use event::*;
pub(super) use export::*;
pub(super) use node::*;
pub(super) use offer::*;
pub(super) use onchain::*;
pub(super) use payment::*;
pub(super) use staff::*;

fn sat_floor(amount: Msat) -> u64 {
    amount.to_sat_floor().get()
}

#[cfg(test)]
mod tests;
