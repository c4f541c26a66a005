//! Who is calling, and whether they may: tokens, and the tiers that handlers ask for. Owns how proofs
//! travel; passwords are the [guard](crate::guard)'s, sessions and users are rows of the service.

mod credentials;
mod jwt;
mod tiers;

pub(crate) use credentials::{ACCESS, Credentials, REFRESH, WALLET};
pub(crate) use jwt::{Access, AccessTokens};
pub(crate) use tiers::{Admin, Staff, StaffOrWallet, WalletAdmin};
