//! Bodies of answers that draw on the budget for them.
//!
//! A piece counts from before it is loaded until the connection has sent it, so a reader that does not read holds one
//! piece. [`crate::bodies::outgoing`] cuts such readers off.

use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};

use super::shed::Caller;
use crate::app::App;
use crate::bodies::budget::{Owner, Permit};
use crate::error::Failure;

/// The longest piece.
pub(crate) const MAX_PIECE_BYTES: usize = 1 << 20;

/// A body of these parts, in pieces of at most [`MAX_PIECE_BYTES`]. A part is loaded once there is room for a piece.
pub(crate) fn in_pieces(app: Arc<App>, to: Caller, parts: BoxStream<'static, Result<Vec<u8>, Failure>>) -> Body {
    let next = move |(app, mut parts, mut rest): (Arc<App>, BoxStream<'static, _>, Bytes)| async move {
        let room = take_room(&app, to).await;
        while rest.is_empty() {
            match parts.next().await {
                Some(part) => rest = Bytes::from(part?),
                None => return Ok::<_, Failure>(None),
            }
        }
        let piece = rest.split_to(rest.len().min(MAX_PIECE_BYTES));
        Ok(Some((held(piece, room), (app, parts, rest))))
    };
    Body::from_stream(stream::try_unfold((app, parts, Bytes::new()), next))
}

/// A body of one part, which is loaded once there is room.
pub(crate) async fn in_one_piece(
    app: &App,
    to: Caller,
    load: impl Future<Output = Result<Vec<u8>, Failure>>,
) -> Result<Bytes, Failure> {
    let room = take_room(app, to).await;
    Ok(held(load.await?.into(), room))
}

async fn take_room(app: &App, to: Caller) -> Permit {
    app.answers.take(MAX_PIECE_BYTES as u64, Owner { key: None, block: to.0 }).await
}

/// Bytes that return their room when the last copy is dropped.
fn held(bytes: Bytes, mut room: Permit) -> Bytes {
    room.shrink(bytes.len() as u64);
    Bytes::from_owner(Held { bytes, _room: room })
}

struct Held {
    bytes: Bytes,
    _room: Permit,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}
