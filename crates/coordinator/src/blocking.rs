//! Runs long computations off the threads that answer requests.

use adit_protocol::ErrorCode;

use crate::error::{Failure, Refusal};

/// Runs `work` on a blocking thread. Use it for parsing, arithmetic, and anything else that takes long.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "a piece of work panicked");
        Refusal::new(ErrorCode::Internal, "The coordinator failed while working on this; its log says why.").into()
    })
}
