//! Reads a request's body at its pace.

use axum::body::BodyDataStream;
use bytes::Bytes;
use futures::StreamExt;
use tokio::time::{Instant, timeout};

use super::pace::Pace;

/// A body that arrives piece by piece.
pub(crate) struct Incoming {
    body: BodyDataStream,
    pace: Pace,
}

/// Why a body did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// The connection broke, or the body's framing is wrong.
    Cut,
    /// It fell behind its minimum rate.
    Slow,
}

impl Incoming {
    pub(crate) fn new(body: BodyDataStream, pace: Pace) -> Self {
        Incoming { body, pace }
    }

    /// The next piece; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Broken> {
        let began = Instant::now();
        let piece = timeout(self.pace.left(), self.body.next()).await.map_err(|_| Broken::Slow)?;
        let Some(piece) = piece.transpose().map_err(|_| Broken::Cut)? else { return Ok(None) };
        self.pace.waited(began.elapsed());
        self.pace.moved(piece.len());
        Ok(Some(piece))
    }

    /// Reads and drops the rest. An answer in the middle of an upload closes the connection, and the sender may never see
    /// it.
    pub(crate) async fn discard(&mut self) {
        while let Ok(Some(_)) = self.next().await {}
    }
}
