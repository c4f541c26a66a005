//! Passwords and PINs: how they are held, hashed and tried, and the stop on guessing. Owns no rule
//! about who may log in and no surface's words; a surface maps [`Unheard`] into its own envelope.

mod gate;
mod lockout;
mod password;
mod secret;

pub use gate::Gate;
pub(crate) use gate::{Denied, Guess, Unheard};
pub(crate) use lockout::Key;
pub use lockout::LockoutSettings;
pub(crate) use password::{HashError, hash};
pub use secret::Secret;
