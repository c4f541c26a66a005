//! Where books begin that were begun anew from a seed, because those of before are lost. Owns the row; what
//! the node's wallet did up to there is its opening balance, and no news.

use minicbor::{Decode, Encode};

use crate::time::Timestamp;

/// The recovery with which the books begin: one row, if they begin with one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Inception {
    /// When the books were made.
    #[n(0)]
    pub at: Timestamp,
    /// The best block when the node first knew the chain: what is in it or before it was before the books.
    #[n(1)]
    pub height: Option<u32>,
}
