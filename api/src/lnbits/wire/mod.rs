//! Wire types: requests and answers as LNbits has them.

mod list;
mod payment;
mod wallet;

pub(crate) use list::*;
pub(crate) use payment::*;
pub(crate) use wallet::*;

/// An answer that only says that it is done.
#[derive(serde::Serialize)]
pub(crate) struct Detail {
    pub(crate) detail: &'static str,
}
