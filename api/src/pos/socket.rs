//! `GET /ws/payments`: one subscriber's WebSocket. Owns its pings, its end, and what it is told to
//! resume from; which events there are, and that none is skipped, is the hub's.

use std::time::Duration;
use till_actors::abort::periphery;

use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;
use till::access::Role;
use till::id::SessionId;
use till::ledger::Event;
use till_actors::hub::{Delivery, Subscription};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, timeout};

use super::access::Staff;
use super::error::{Case, Error};
use super::extract::Params;
use super::{Pos, render, wire};

/// The header by which an event stream is resumed (WHATWG HTML, server-sent events).
const LAST_EVENT_ID: &str = "last-event-id";
/// A client has nothing to say; what it says all the same is bounded.
const MAX_INBOUND_BYTES: usize = 4 * 1024;
/// What may be on its way to a client between us and the system's own buffer: the message being sent
/// and a pong. Nothing else is queued for anybody; see [`Subscription`].
const MAX_OUTBOUND_BYTES: usize = 64 * 1024;
/// How much of it is gathered before it is handed to the system.
const OUTBOUND_CHUNK_BYTES: usize = 4 * 1024;
/// Pings that may go without a pong.
const MAX_UNANSWERED_PINGS: u32 = 2;
/// How long a closing socket waits for the other side to have read why.
const CLOSE_WAIT: Duration = Duration::from_secs(2);

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
    let events = pos.service.subscribe(since).await?;
    let client = Client {
        pings: pings(pos.settings.ping_interval),
        unanswered: 0,
        session: staff.session,
        role: staff.user.role,
        seen: since,
        pos,
    };
    let upgrade = upgrade
        .max_message_size(MAX_INBOUND_BYTES)
        .max_frame_size(MAX_INBOUND_BYTES)
        .write_buffer_size(OUTBOUND_CHUNK_BYTES)
        .max_write_buffer_size(MAX_OUTBOUND_BYTES);
    Ok(upgrade.on_upgrade(move |socket| periphery(client.serve(socket, events))))
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

fn pings(every: Duration) -> Interval {
    let every = every.max(Duration::from_millis(1)); // An interval of nothing would panic.
    let mut pings = interval_at(Instant::now() + every, every);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pings
}

/// Why a socket is closed from our side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goodbye {
    /// The login it was opened with has ended.
    SessionEnded,
    /// It reads too slowly, and can come back for the rest.
    Lagged {
        /// The event to resume after, if there is any.
        resume_from: Option<u64>,
    },
    /// It does not answer pings.
    Silent,
    /// The till is shutting down.
    Stopping,
}

impl Goodbye {
    /// The close frame: RFC 6455 allows 123 bytes for the reason.
    fn frame(self) -> CloseFrame {
        let (code, reason) = match self {
            Self::SessionEnded => (close_code::POLICY, "the session has ended".to_owned()),
            Self::Lagged {
                resume_from: Some(id),
            } => (
                close_code::AGAIN,
                format!("too slow; resume with since={id}"),
            ),
            Self::Lagged { resume_from: None } => (close_code::AGAIN, "too slow".to_owned()),
            Self::Silent => (close_code::POLICY, "no pong".to_owned()),
            Self::Stopping => (close_code::AWAY, "the till is shutting down".to_owned()),
        };
        CloseFrame {
            code,
            reason: reason.into(),
        }
    }
}

/// How a socket ends.
enum End {
    /// From our side.
    Ours(Goodbye),
    /// From the other side, or the network's.
    Theirs,
}

/// One subscriber.
struct Client {
    pos: Pos,
    session: SessionId,
    role: Role,
    pings: Interval,
    unanswered: u32,
    /// The last event that it was sent, or did not want.
    seen: Option<u64>,
}

impl Client {
    async fn serve(mut self, mut socket: WebSocket, mut events: Subscription) {
        let end = match self
            .send(&mut socket, &wire::Hello { kind: "connected" })
            .await
        {
            Ok(()) => self.run(&mut socket, &mut events).await,
            Err(end) => end,
        };
        if let End::Ours(goodbye) = end {
            tracing::debug!(?goodbye, "closing a subscriber's socket");
            let _ = timeout(CLOSE_WAIT, close(&mut socket, goodbye)).await;
        }
    }

    async fn run(&mut self, socket: &mut WebSocket, events: &mut Subscription) -> End {
        loop {
            let step = tokio::select! {
                delivery = events.next() => self.deliver(socket, delivery).await,
                inbound = socket.recv() => self.heard(inbound),
                _ = self.pings.tick() => self.ping(socket).await,
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    async fn deliver(&mut self, socket: &mut WebSocket, delivery: Delivery) -> Result<(), End> {
        match delivery {
            Delivery::Event(event) => self.tell(socket, &event).await,
            Delivery::Lagged { resume_from } => Err(End::Ours(Goodbye::Lagged {
                resume_from: Some(resume_from),
            })),
            Delivery::Closed => Err(End::Ours(Goodbye::Stopping)),
        }
    }

    async fn tell(&mut self, socket: &mut WebSocket, event: &Event) -> Result<(), End> {
        if let Some(message) = render::event(event, self.role) {
            self.send(socket, &message).await?;
        }
        self.seen = Some(event.id);
        Ok(())
    }

    /// Whatever a client says is ignored, but for the pong and the end.
    fn heard(&mut self, inbound: Option<Result<Message, axum::Error>>) -> Result<(), End> {
        match inbound {
            Some(Ok(Message::Pong(_))) => self.unanswered = 0,
            Some(Ok(Message::Text(_) | Message::Binary(_) | Message::Ping(_))) => {}
            Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(End::Theirs),
        }
        Ok(())
    }

    async fn ping(&mut self, socket: &mut WebSocket) -> Result<(), End> {
        if self.unanswered >= MAX_UNANSWERED_PINGS {
            return Err(End::Ours(Goodbye::Silent));
        }
        self.check_session().await?;
        self.unanswered += 1;
        self.send_message(socket, Message::Ping(axum::body::Bytes::new()))
            .await
    }

    /// A socket outlives its access token, but not its session; a role may have changed.
    async fn check_session(&mut self) -> Result<(), End> {
        match self.pos.live_staff(self.session).await {
            Ok(Some(staff)) => {
                self.role = staff.user.role;
                Ok(())
            }
            Ok(None) => Err(End::Ours(Goodbye::SessionEnded)),
            // That nobody could say is no reason to cut off a till; the next ping asks again.
            Err(_busy) => Ok(()),
        }
    }

    async fn send<T: Serialize>(&self, socket: &mut WebSocket, message: &T) -> Result<(), End> {
        match serde_json::to_string(message) {
            Ok(text) => self.send_message(socket, Message::Text(text.into())).await,
            Err(error) => {
                tracing::error!(%error, "a message could not be written");
                Err(End::Theirs)
            }
        }
    }

    /// Sends, but does not wait for ever on a client that does not read.
    async fn send_message(&self, socket: &mut WebSocket, message: Message) -> Result<(), End> {
        match timeout(self.pings.period(), socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_gone)) => Err(End::Theirs),
            Err(_elapsed) => Err(End::Ours(Goodbye::Lagged {
                resume_from: self.seen,
            })),
        }
    }
}

/// Says goodbye and reads on until the other side has closed too: a socket dropped with something
/// unread in it is reset, and the reason lost.
async fn close(socket: &mut WebSocket, goodbye: Goodbye) {
    let sent = socket.send(Message::Close(Some(goodbye.frame()))).await;
    if sent.is_ok() {
        while let Some(Ok(_)) = socket.recv().await {}
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

    #[test]
    fn every_goodbye_fits_its_frame() {
        let table = [
            (Goodbye::SessionEnded, 1008, "the session has ended"),
            (Goodbye::Silent, 1008, "no pong"),
            (Goodbye::Stopping, 1001, "the till is shutting down"),
            (
                Goodbye::Lagged {
                    resume_from: Some(u64::MAX),
                },
                1013,
                "too slow; resume with since=18446744073709551615",
            ),
            (Goodbye::Lagged { resume_from: None }, 1013, "too slow"),
        ];
        for (goodbye, code, reason) in table {
            let frame = goodbye.frame();
            assert_eq!((frame.code, frame.reason.as_str()), (code, reason));
            assert!(frame.reason.len() <= 123);
        }
    }
}
