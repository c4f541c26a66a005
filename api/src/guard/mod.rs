//! Passwords and PINs: how they are held, hashed and tried, and the stop on guessing; and how often an
//! address may call what asks for no key. Owns no rule
//! about who may log in and no surface's words; a surface maps [`Unheard`] into its own envelope.

mod gate;
mod lockout;
mod password;
mod rate;
mod secret;

pub use gate::Gate;
pub(crate) use gate::{Denied, Guess, Unheard};
pub(crate) use lockout::Key;
pub use lockout::LockoutSettings;
pub(crate) use password::{HashError, hash};
pub(crate) use rate::RateLimit;
pub use secret::Secret;
