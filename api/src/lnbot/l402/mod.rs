//! L402 tokens: a macaroon and the preimage of the payment that it asked for. Owns what a token of ours
//! says and how it is judged, without a look at any row; it makes no invoice and pays none.
//!
//! The format is that of the protocol's specification (github.com/lightninglabs/L402): the macaroon's
//! identifier is `version (u16, 0) || payment hash (32) || token id (32)`, its caveats are `key=value`.

mod header;
mod macaroon;
mod token;

pub(super) use header::{Authorization, Challenge};
pub(super) use token::{Mint, is_caveat};
