//! Cuts off peers that do not read.
//!
//! While a connection waits until it can write, nobody asks for the rest of an answer's body, so a body cannot notice that
//! its reader is slow. The connection can.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::pace::Pace;

/// A connection whose peer must read at the minimum rate.
#[derive(Debug)]
pub(crate) struct Outgoing<S> {
    connection: S,
    pace: Pace,
    waits: Option<Wait>,
}

#[derive(Debug)]
struct Wait {
    since: Instant,
    ends: Pin<Box<Sleep>>,
}

impl<S> Outgoing<S> {
    pub(crate) fn new(connection: S, pace: Pace) -> Self {
        Outgoing { connection, pace, waits: None }
    }

    /// Notes how a write went. Fails one that has waited for too long.
    fn note(&mut self, context: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        let Poll::Ready(written) = written else {
            let wait = self
                .waits
                .get_or_insert_with(|| Wait { since: Instant::now(), ends: Box::pin(sleep(self.pace.left())) });
            ready!(wait.ends.as_mut().poll(context));
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the peer does not read")));
        };
        if let Some(wait) = self.waits.take() {
            self.pace.waited(wait.since.elapsed());
        }
        self.pace.moved(*written.as_ref().unwrap_or(&0));
        Poll::Ready(written)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Outgoing<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.connection).poll_write(context, bytes);
        self.note(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.connection).poll_write_vectored(context, slices);
        self.note(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.connection.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(context)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Outgoing<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_read(context, into)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    /// A connection that takes 64 bytes before its peer reads, and a pace without grace.
    fn without_grace() -> (Outgoing<tokio::io::DuplexStream>, tokio::io::DuplexStream) {
        let (ours, theirs) = duplex(64);
        (Outgoing::new(ours, Pace::new(1, Duration::ZERO)), theirs)
    }

    #[tokio::test]
    async fn a_peer_that_does_not_read_is_cut_off() {
        let (mut ours, theirs) = without_grace();
        ours.write_all(&[1; 64]).await.unwrap();
        assert_eq!(ours.write_all(&[1]).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        drop(theirs);
    }

    #[tokio::test]
    async fn a_peer_that_has_read_is_not() {
        let (mut ours, mut theirs) = without_grace();
        for _ in 0..100 {
            ours.write_all(&[1; 64]).await.unwrap();
            theirs.read_exact(&mut [0; 64]).await.unwrap();
        }
    }
}
