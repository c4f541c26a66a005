//! Who is calling, and whether they may: tokens, passwords, the stop on guessing, and the tiers
//! that handlers ask for. Owns how proofs travel; sessions and users are rows of the service.

mod credentials;
mod gate;
mod jwt;
mod lockout;
mod password;
mod secret;
mod tiers;

pub(crate) use credentials::{ACCESS, Credentials, REFRESH, WALLET};
pub(crate) use gate::{Denied, Gate, Guess};
pub(crate) use jwt::{Access, AccessTokens};
pub(crate) use lockout::Key;
pub(crate) use password::{HashError, hash};
pub use secret::Secret;
pub(crate) use tiers::{Admin, Staff, StaffOrWallet, WalletAdmin};
