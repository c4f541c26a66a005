//! What a `webhookUrl` is told: the event as the WebSocket tells it. Owns nothing but that choice.

use till::access::Role;
use till_actors::webhooks::Told;

use super::render;

/// The body of a webhook: the payment's event, as an administrator hears it.
pub(super) fn body(told: &Told) -> Option<String> {
    let event = render::event(&told.event, Role::Admin)?;
    serde_json::to_string(&event).ok()
}
