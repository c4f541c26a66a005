//! Frames, signs of life and headers. Owns what a stream looks like on the wire; knows no event.

use std::convert::Infallible;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::Stream;
use serde::Serialize;
use serde_json::Value;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use crate::lnbot::snake::snake_case;

/// What a stream yields. Nothing goes wrong between its items: a stream that cannot go on ends.
pub(super) type Frame = Result<Event, Infallible>;

/// Tells nginx and its kin to hand on each frame at once.
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
/// What a client hears first, so that it knows that it is connected.
const CONNECTED: &str = "connected";
/// What it hears when there is nothing to tell.
const ALIVE: &str = "keep-alive";

/// The answer that carries a stream.
pub(super) fn respond(frames: impl Stream<Item = Frame> + Send + 'static) -> Response {
    let headers = [(ACCEL_BUFFERING, HeaderValue::from_static("no"))];
    (headers, Sse::new(frames)).into_response()
}

/// The first frame. An id without data moves a client's last event id and tells it of no event: so one
/// that is cut off before its first event resumes without a gap, too.
pub(super) fn greeting(resume_from: Option<u64>) -> Event {
    let frame = Event::default().comment(CONNECTED);
    match resume_from {
        Some(id) => frame.id(id.to_string()),
        None => frame,
    }
}

/// A sign of life.
pub(super) fn alive() -> Event {
    Event::default().comment(ALIVE)
}

/// Something in the keys of streams.
pub(super) fn snake(value: &impl Serialize) -> Value {
    // A wire type has no key that is not text, so this cannot fail; `null` would be seen at once.
    serde_json::to_value(value).map_or(Value::Null, snake_case)
}

/// When the next sign of life is due.
pub(super) fn pulse(every: Duration) -> Interval {
    let every = every.max(Duration::from_millis(1)); // An interval of nothing would panic.
    let mut pulse = interval_at(Instant::now() + every, every);
    pulse.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pulse
}
