//! What every HTTP surface needs and none should write twice: limits, the last line of defence
//! around the routes, bodies, cookies. Owns no route, no domain type and no error's final shape:
//! a surface hands in a [`Render`] that puts a [`Problem`] into its own envelope.

mod body;
mod cookies;
mod remote;
mod shield;

use std::time::Duration;

use axum::response::Response;

pub(crate) use body::{read_bytes, read_json};
pub(crate) use cookies::{Cookies, SetCookie, bearer};
pub(crate) use remote::Remote;
pub use remote::TrustedProxies;
pub use shield::shield;

/// Seconds after which a caller that was turned away for lack of room should come back.
pub const BUSY_RETRY_SECS: u32 = 1;

/// Seconds after which it is worth to ask whether the operator of a restored till lets payments go.
pub const HELD_RETRY_SECS: u32 = 60;

/// What every surface says of them meanwhile.
pub const PAYMENTS_HELD: &str = "Payments are held back: the till was restored from a backup, and its operator has not let them go yet.";

/// Routes that tell a supervisor how the process is. They are answered however busy it is: a
/// till that is killed for being busy may lose its channels.
pub const PROBES: [&str; 2] = ["/healthz", "/readyz"];

/// Bounds on what callers may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The largest request body, in bytes.
    pub max_body_bytes: usize,
    /// How long a caller may take to send the body.
    pub body_time: Duration,
    /// How long a request may take in all.
    pub request_time: Duration,
    /// How many requests may be under way; more are turned away.
    pub max_in_flight: usize,
    /// A route whose callers say how long they wait, by the end of its pattern, and the time it may take.
    pub waiting: Option<(&'static str, Duration)>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_body_bytes: 64 * 1024,
            body_time: Duration::from_secs(10),
            request_time: Duration::from_secs(90),
            max_in_flight: 512,
            waiting: None,
        }
    }
}

/// What can be wrong with a request before a handler has seen it, or with the handler itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// There is no such route.
    UnknownRoute,
    /// The route exists, but not with this method.
    MethodNotAllowed,
    /// The body exceeds this many bytes.
    BodyTooLarge(usize),
    /// The body did not arrive in time.
    BodyTooSlow,
    /// The body says that it is something other than JSON.
    NotJson,
    /// The request cannot be understood; the text says why, and is safe to show.
    Malformed(String),
    /// Too many requests are under way.
    Overloaded,
    /// The answer was not ready in time. What was asked for may still happen.
    TooSlow,
    /// The handler panicked.
    Panicked,
}

/// Puts a problem into a surface's envelope.
pub type Render = fn(Problem) -> Response;
