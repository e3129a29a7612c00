//! Long work, off the threads that answer requests.

use adit_protocol::ErrorCode;

use crate::error::{Failure, Refusal};

/// Runs `work` on a thread of its own: parsing, mathematics, whatever takes more than a moment.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "a piece of work panicked");
        Refusal::new(ErrorCode::Internal, "The coordinator failed while working on this; its log says why.").into()
    })
}
