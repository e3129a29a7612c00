//! Settled units' outputs, piece by piece as they are stored.

use std::sync::Arc;

use futures::stream::{self, Stream};

use crate::app::App;
use crate::error::Failure;
use crate::jobs::store::blocks;

/// The pieces of a unit's output. Each is loaded when it is asked for; no connection is held in between.
pub(crate) fn pieces(app: Arc<App>, unit: i64) -> impl Stream<Item = Result<Vec<u8>, Failure>> + Send {
    stream::try_unfold((app, 0), move |(app, piece)| async move {
        let load = app.store.read_apart(move |db| Box::pin(async move { blocks::output_piece(db, unit, piece).await }));
        let found = load.await?;
        Ok(found.map(|bytes| (bytes, (app, piece + 1))))
    })
}
