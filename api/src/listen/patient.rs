//! A connection that is not written to for ever. Owns the bound on how long a client may take nothing of
//! what waits for it; what it is sent is not known here.
//!
//! Reading needs no such bound: the server knows when it waits for a request, and a socket has its pings.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;
use tokio::time::{Sleep, sleep};

/// A connection whose writes fail once the other side has taken nothing for so long.
pub(super) struct Patient<S> {
    stream: S,
    write_time: Duration,
    /// While something waits to be taken: when that ends. Most connections never need it.
    until: Option<Pin<Box<Sleep>>>,
    stalls: watch::Sender<bool>,
}

/// Whether the other side of a connection takes what it is sent.
pub(super) struct Stalls(watch::Receiver<bool>);

impl<S> Patient<S> {
    pub(super) fn new(stream: S, write_time: Duration) -> (Self, Stalls) {
        let (stalls, seen) = watch::channel(false);
        let patient = Self {
            stream,
            write_time,
            until: None,
            stalls,
        };
        (patient, Stalls(seen))
    }

    fn within_time<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            if self.until.take().is_some() {
                self.stalls.send_replace(false);
            }
            return written;
        }
        let until = match &mut self.until {
            Some(until) => until,
            nothing => {
                self.stalls.send_replace(true);
                nothing.insert(Box::pin(sleep(self.write_time)))
            }
        };
        let late = || Err(io::Error::new(io::ErrorKind::TimedOut, "nothing is read"));
        until.as_mut().poll(cx).map(|()| late())
    }
}

impl Stalls {
    /// Returns once nothing has been taken for `time`. Of no use once the connection is gone.
    pub(super) async fn for_all_of(&mut self, time: Duration) {
        loop {
            self.becomes(true).await;
            let goes_on = tokio::time::timeout(time, self.becomes(false)).await;
            if goes_on.is_err() {
                return;
            }
        }
    }

    async fn becomes(&mut self, stalls: bool) {
        let seen = self.0.wait_for(|now| *now == stalls).await.is_ok();
        if !seen {
            std::future::pending().await
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.within_time(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.within_time(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    const SHORT: Duration = Duration::from_millis(50);
    const LONG: Duration = Duration::from_secs(30);

    #[tokio::test]
    async fn who_takes_nothing_is_given_up() {
        let (ours, _theirs) = duplex(4);
        let (mut ours, _) = Patient::new(ours, SHORT);
        let begun = tokio::time::Instant::now();
        let error = ours.write_all(b"more than four").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(begun.elapsed() >= SHORT);
    }

    #[tokio::test]
    async fn whoever_waits_for_a_stall_is_told_before_the_connection_is_given_up() {
        let (ours, _theirs) = duplex(4);
        let (mut ours, mut stalls) = Patient::new(ours, LONG);
        tokio::select! {
            () = stalls.for_all_of(SHORT) => {}
            written = ours.write_all(b"more than four") => written.unwrap(),
        }
    }

    #[tokio::test]
    async fn who_takes_it_at_last_gets_all_of_it() {
        let (ours, mut theirs) = duplex(4);
        let (mut ours, mut stalls) = Patient::new(ours, LONG);
        let writing = tokio::spawn(async move {
            ours.write_all(b"more than four").await.unwrap();
            ours
        });
        stalls.0.wait_for(|stalls| *stalls).await.unwrap();
        let mut taken = [0; 14];
        theirs.read_exact(&mut taken).await.unwrap();
        assert_eq!(&taken, b"more than four");
        let ours = writing.await.unwrap();
        assert!(!*stalls.0.borrow());
        drop(ours);
    }
}
