//! Wire types: requests and answers as LNbits has them.

mod auth;
mod lenient;
mod list;
mod lnurl;
mod misc;
mod payment;
mod share;
mod socket;
mod wallet;

pub(crate) use auth::*;
pub(crate) use list::*;
pub(crate) use lnurl::*;
pub(crate) use misc::*;
pub(crate) use payment::*;
pub(crate) use share::*;
pub(crate) use socket::*;
pub(crate) use wallet::*;

/// An answer that only says that it is done.
#[derive(serde::Serialize)]
pub(crate) struct Detail {
    pub(crate) detail: &'static str,
}
