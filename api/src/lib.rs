//! What is seen: the surfaces over HTTP. [`http`] is what they share, and each surface has a module
//! of its own that owns its routes, wire formats and error envelope. What happens is behind the
//! service of `till-actors`; no surface sees an actor, a node or a store.

pub mod http;
pub mod pos;
