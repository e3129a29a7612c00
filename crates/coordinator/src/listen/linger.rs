//! Ends connections so that their last answer arrives.
//!
//! A call may be answered before its body has come: without a token, over a cap. A socket that is closed while it holds
//! unread bytes is reset, and the reset may take the answer with it. So after our side has ended, what the peer still sends
//! is read and dropped for a while.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// How much is read and dropped at once.
const CHUNK_BYTES: usize = 16 << 10;

/// How long a connection that has ended is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    pub(super) bytes: u64,
    pub(super) time: Duration,
}

/// Whether a request may have bytes on the way that nobody has read.
#[derive(Clone, Debug, Default)]
pub(super) struct Unread(Arc<AtomicBool>);

impl Unread {
    fn set(&self, unread: bool) {
        self.0.store(unread, Ordering::Relaxed);
    }

    fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A request's body, which notes when it has been read to its end.
#[derive(Debug)]
pub(super) struct Watched {
    body: Incoming,
    unread: Unread,
}

impl Watched {
    pub(super) fn new(body: Incoming, unread: Unread) -> Self {
        let watched = Watched { body, unread };
        watched.note();
        watched
    }

    fn note(&self) {
        if self.body.is_end_stream() {
            self.unread.set(false);
        }
    }
}

impl Body for Watched {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        self.note();
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A connection that goes on reading after its end if a request is unread.
#[derive(Debug)]
pub(super) struct Lingering<S> {
    connection: S,
    unread: Unread,
    patience: Patience,
    end: Option<End>,
}

#[derive(Debug)]
struct End {
    left: u64,
    until: Pin<Box<Sleep>>,
}

impl<S> Lingering<S> {
    pub(super) fn new(connection: S, unread: Unread, patience: Patience) -> Self {
        Lingering { connection, unread, patience, end: None }
    }
}

impl<S: AsyncRead + Unpin> Lingering<S> {
    /// Reads until the peer closes or time is up. Errors no longer matter.
    fn poll_drain(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Patience { bytes, time } = self.patience;
        let end = self.end.get_or_insert_with(|| End { left: bytes, until: Box::pin(sleep(time)) });
        let mut chunk = [0; CHUNK_BYTES];
        while end.left > 0 && end.until.as_mut().poll(context).is_pending() {
            let mut chunk = ReadBuf::new(&mut chunk);
            let read = ready!(Pin::new(&mut self.connection).poll_read(context, &mut chunk));
            let read_bytes = chunk.filled().len() as u64;
            if read.is_err() || read_bytes == 0 {
                break;
            }
            end.left = end.left.saturating_sub(read_bytes);
        }
        Poll::Ready(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Lingering<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let read = ready!(Pin::new(&mut self.connection).poll_read(context, into));
        if into.filled().len() > before {
            self.unread.set(true);
        }
        Poll::Ready(read)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Lingering<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.connection).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.connection).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.connection.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.end.is_none() {
            ready!(Pin::new(&mut self.connection).poll_shutdown(context))?;
        }
        if self.unread.is_set() {
            ready!(self.poll_drain(context));
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::*;

    const LONG: Duration = Duration::from_secs(3_600);

    /// A connection of which something was read, and its peer.
    async fn lingering(bytes: u64, time: Duration) -> (Lingering<DuplexStream>, DuplexStream) {
        let (ours, mut theirs) = duplex(1 << 20);
        let mut ours = Lingering::new(ours, Unread::default(), Patience { bytes, time });
        theirs.write_all(b"head").await.unwrap();
        ours.read_exact(&mut [0; 4]).await.unwrap();
        (ours, theirs)
    }

    #[tokio::test]
    async fn what_still_comes_is_read_until_the_peer_ends() {
        let (mut ours, mut theirs) = lingering(u64::MAX, LONG).await;
        let sends = async {
            // The answer is over before the upload is.
            assert_eq!(theirs.read_to_end(&mut Vec::new()).await.unwrap(), 0);
            theirs.write_all(&vec![7; 5 << 20]).await.unwrap();
            theirs.shutdown().await.unwrap();
        };
        let (ended, ()) = tokio::join!(ours.shutdown(), sends);
        ended.unwrap();
    }

    #[tokio::test]
    async fn patience_ends() {
        let (mut ours, mut theirs) = lingering(100_000, LONG).await;
        theirs.write_all(&[7; 300_000]).await.unwrap();
        ours.shutdown().await.unwrap();
        let Lingering { mut connection, .. } = ours;
        drop(theirs);
        let left = connection.read_to_end(&mut Vec::new()).await.unwrap();
        assert!((180_000..=200_000).contains(&left), "{left}");

        let (mut ours, theirs) = lingering(u64::MAX, Duration::ZERO).await;
        ours.shutdown().await.unwrap();
        drop(theirs);
    }

    #[tokio::test]
    async fn nobody_waits_for_a_peer_that_owes_nothing() {
        let (mut ours, theirs) = lingering(u64::MAX, LONG).await;
        ours.unread.set(false);
        ours.shutdown().await.unwrap();
        drop(theirs);
    }
}
