//! `GET /ws/payments`: who may listen on the POS surface, from where on, and what they hear. How a
//! socket lives and ends is [`crate::socket`]'s.

use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::http::HeaderMap;
use axum::response::Response;
use till::access::Role;
use till::id::SessionId;
use till::ledger::{Event, WalletRef};
use till_actors::hub::{Listener, Topic};

use super::access::Staff;
use super::error::{Case, Error};
use super::extract::Params;
use super::{Pos, render, wire};
use crate::socket::{self, Audience, Goodbye, Resume, json};

/// The header by which an event stream is resumed (WHATWG HTML, server-sent events).
const LAST_EVENT_ID: &str = "last-event-id";

/// `GET /ws/payments`
pub(super) async fn connect(
    staff: Staff,
    State(pos): State<Pos>,
    Params(query): Params<wire::SocketQuery>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Error> {
    let since = since(&query, &headers)?;
    let upgrade =
        upgrade.map_err(|refused| Error::new(Case::InvalidRequest, refused.body_text()))?;
    // Before the upgrade, so that a till with too many subscribers can say so with a status.
    let house = Topic::Wallet(WalletRef::House);
    let events = pos.service.subscribe(house, since, Listener::Till).await?;
    let every = pos.settings.ping_interval;
    let client = Client {
        session: staff.session,
        role: staff.user.role,
        pos,
    };
    let resume = Resume::After(since);
    Ok(socket::open(upgrade, every, resume, events, client))
}

/// After which event to start: the query counts before the header.
fn since(query: &wire::SocketQuery, headers: &HeaderMap) -> Result<Option<u64>, Error> {
    let header = headers.get(LAST_EVENT_ID);
    if query.since.is_some() || header.is_none() {
        return Ok(query.since);
    }
    let id = header.and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let bad = || Error::new(Case::InvalidRequest, "Last-Event-ID must be an event's id");
    id.map(Some).ok_or_else(bad)
}

/// One of the staff, listening.
struct Client {
    pos: Pos,
    session: SessionId,
    role: Role,
}

impl Audience for Client {
    async fn greeting(&mut self) -> Result<Option<String>, Goodbye> {
        json(&wire::Hello { kind: "connected" })
    }

    async fn words(&mut self, event: &Event) -> Result<Option<String>, Goodbye> {
        match render::event(event, self.role) {
            Some(message) => json(&message),
            None => Ok(None),
        }
    }

    /// A socket outlives its access token, but not its session; a role may have changed.
    async fn welcome(&mut self) -> Result<(), Goodbye> {
        match self.pos.live_staff(self.session).await {
            Ok(Some(staff)) => {
                self.role = staff.user.role;
                Ok(())
            }
            Ok(None) => Err(Goodbye::Unwelcome("the session has ended")),
            // That nobody could say is no reason to cut off a till; the next ping asks again.
            Err(_busy) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn asked(query: Option<u64>, header: Option<&'static str>) -> Result<Option<u64>, Error> {
        let mut headers = HeaderMap::new();
        if let Some(text) = header {
            headers.insert(LAST_EVENT_ID, HeaderValue::from_static(text));
        }
        since(&wire::SocketQuery { since: query }, &headers)
    }

    #[test]
    fn a_stream_resumes_by_query_or_header() {
        assert_eq!(asked(None, None), Ok(None));
        assert_eq!(asked(Some(7), None), Ok(Some(7)));
        assert_eq!(asked(None, Some("7")), Ok(Some(7)));
        assert_eq!(asked(Some(7), Some("8")), Ok(Some(7)));
        for bad in ["", "x", "-1", "1.5"] {
            assert!(asked(None, Some(bad)).is_err(), "{bad}");
        }
    }
}
