//! One subscriber's WebSocket, whichever surface it is on. Owns its pings, the patience with a client
//! that does not read, and how it ends; what a client is told, and how long it is welcome, is its
//! [`Audience`]'s. Which events there are, and that none is skipped, is the hub's.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use till::ledger::Event;
use till_actors::abort::periphery;
use till_actors::hub::{Delivery, Subscription};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, timeout};

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

/// Whom a socket speaks to.
pub(crate) trait Audience: Send + 'static {
    /// What a client is told first, if anything.
    fn greeting(&mut self) -> impl Future<Output = Result<Option<String>, Goodbye>> + Send;
    /// What a client is told of an event, if it is to know.
    fn words(
        &mut self,
        event: &Event,
    ) -> impl Future<Output = Result<Option<String>, Goodbye>> + Send;
    /// Whether it may stay; asked at every ping.
    fn welcome(&mut self) -> impl Future<Output = Result<(), Goodbye>> + Send;
}

/// Why a socket is closed from our side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goodbye {
    /// What it was opened with, a login or a key, is no longer good.
    Unwelcome(&'static str),
    /// It reads too slowly, and can come back for the rest.
    Lagged {
        /// The event to resume after, if there is any and the surface can resume.
        resume_from: Option<u64>,
    },
    /// It does not answer pings.
    Silent,
    /// The till is shutting down.
    Stopping,
    /// What it should be told cannot be read just now.
    Broken,
}

impl Goodbye {
    /// The close frame: RFC 6455 allows 123 bytes for the reason.
    fn frame(self) -> CloseFrame {
        let (code, reason) = match self {
            Self::Unwelcome(why) => (close_code::POLICY, why.to_owned()),
            Self::Lagged {
                resume_from: Some(id),
            } => (
                close_code::AGAIN,
                format!("too slow; resume with since={id}"),
            ),
            Self::Lagged { resume_from: None } => (close_code::AGAIN, "too slow".to_owned()),
            Self::Silent => (close_code::POLICY, "no pong".to_owned()),
            Self::Stopping => (close_code::AWAY, "the till is shutting down".to_owned()),
            Self::Broken => (close_code::ERROR, "try again".to_owned()),
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

impl From<Goodbye> for End {
    fn from(goodbye: Goodbye) -> Self {
        Self::Ours(goodbye)
    }
}

/// Whether, and from where on, clients of a surface can resume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resume {
    /// They cannot: they begin with what is next.
    Never,
    /// They can; this one has seen everything up to here, if it said so.
    After(Option<u64>),
}

/// Answers with the upgrade, and serves the socket from then on.
pub(crate) fn open<A: Audience>(
    upgrade: WebSocketUpgrade,
    ping_interval: Duration,
    resume: Resume,
    events: Subscription,
    audience: A,
) -> Response {
    let line = Line {
        audience,
        pings: pings(ping_interval),
        unanswered: 0,
        resume,
    };
    let upgrade = upgrade
        .max_message_size(MAX_INBOUND_BYTES)
        .max_frame_size(MAX_INBOUND_BYTES)
        .write_buffer_size(OUTBOUND_CHUNK_BYTES)
        .max_write_buffer_size(MAX_OUTBOUND_BYTES);
    upgrade.on_upgrade(move |socket| periphery(line.serve(socket, events)))
}

/// A message as it goes over the wire.
pub(crate) fn json<T: serde::Serialize>(message: &T) -> Result<Option<String>, Goodbye> {
    serde_json::to_string(message).map(Some).map_err(|error| {
        tracing::error!(%error, "a message could not be written");
        Goodbye::Broken
    })
}

fn pings(every: Duration) -> Interval {
    let every = every.max(Duration::from_millis(1)); // An interval of nothing would panic.
    let mut pings = interval_at(Instant::now() + every, every);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pings
}

/// One subscriber.
struct Line<A> {
    audience: A,
    pings: Interval,
    unanswered: u32,
    /// The last event that it was sent, or did not want.
    resume: Resume,
}

impl<A: Audience> Line<A> {
    async fn serve(mut self, mut socket: WebSocket, mut events: Subscription) {
        let end = self.run(&mut socket, &mut events).await;
        if let End::Ours(goodbye) = end {
            tracing::debug!(?goodbye, "closing a subscriber's socket");
            let _ = timeout(CLOSE_WAIT, close(&mut socket, goodbye)).await;
        }
    }

    async fn run(&mut self, socket: &mut WebSocket, events: &mut Subscription) -> End {
        if let Err(end) = self.greet(socket).await {
            return end;
        }
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

    async fn greet(&mut self, socket: &mut WebSocket) -> Result<(), End> {
        if let Some(text) = self.audience.greeting().await? {
            self.send(socket, Message::Text(text.into())).await?;
        }
        Ok(())
    }

    async fn deliver(&mut self, socket: &mut WebSocket, delivery: Delivery) -> Result<(), End> {
        match delivery {
            Delivery::Event(event) => self.tell(socket, &event).await,
            Delivery::Lagged { resume_from } => Err(End::Ours(Goodbye::Lagged {
                resume_from: match self.resume {
                    Resume::Never => None,
                    Resume::After(_) => Some(resume_from),
                },
            })),
            Delivery::Closed => Err(End::Ours(Goodbye::Stopping)),
        }
    }

    async fn tell(&mut self, socket: &mut WebSocket, event: &Event) -> Result<(), End> {
        if let Some(text) = self.audience.words(event).await? {
            self.send(socket, Message::Text(text.into())).await?;
        }
        if let Resume::After(seen) = &mut self.resume {
            *seen = Some(event.id);
        }
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
        self.audience.welcome().await?;
        self.unanswered += 1;
        self.send(socket, Message::Ping(axum::body::Bytes::new()))
            .await
    }

    /// Sends, but does not wait for ever on a client that does not read.
    async fn send(&mut self, socket: &mut WebSocket, message: Message) -> Result<(), End> {
        match timeout(self.pings.period(), socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_gone)) => Err(End::Theirs),
            Err(_elapsed) => Err(End::Ours(Goodbye::Lagged {
                resume_from: match self.resume {
                    Resume::Never => None,
                    Resume::After(seen) => seen,
                },
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
    use super::*;

    #[test]
    fn every_goodbye_fits_its_frame() {
        let table = [
            (Goodbye::Unwelcome("it has ended"), 1008, "it has ended"),
            (Goodbye::Silent, 1008, "no pong"),
            (Goodbye::Stopping, 1001, "the till is shutting down"),
            (Goodbye::Broken, 1011, "try again"),
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
