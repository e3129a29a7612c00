//! A write whose caller waits for the commit.

use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::sync::oneshot;
use tracing::Instrument;

use super::{Companion, Db, DbError, Queued, Writer};

/// What is written, and what comes of it.
pub(crate) trait Work<C: Companion>: Send + Sync + 'static {
    type Output: Send + 'static;
    /// Runs again if its batch fails. Only a failure of the database undoes it; what else comes of it is its output.
    fn apply<'a>(
        &'a self,
        db: &'a mut Db,
        now_ms: i64,
        companion: &'a mut C,
    ) -> BoxFuture<'a, Result<Self::Output, Arc<DbError>>>;
}

/// Why a write has no output.
#[derive(Clone, Debug)]
pub(crate) enum WriteError {
    /// The database failed on it alone; nothing was written.
    Database(Arc<DbError>),
    /// The writer has stopped.
    Stopping,
}

impl<C: Companion> Writer<C> {
    /// Applies `work` and answers after the commit, with the seal of its batch.
    pub(crate) async fn write<W: Work<C>>(&self, work: W) -> Result<(W::Output, Arc<C::Seal>), WriteError> {
        let (reply, answer) = oneshot::channel();
        let waiting = Waiting::<C, W> { work, output: None, reply, span: tracing::Span::current() };
        if !self.send(Box::new(waiting)).await {
            return Err(WriteError::Stopping);
        }
        answer.await.map_err(|_| WriteError::Stopping)?
    }
}

type Reply<C, W> = Result<(<W as Work<C>>::Output, Arc<<C as Companion>::Seal>), WriteError>;

struct Waiting<C: Companion, W: Work<C>> {
    work: W,
    output: Option<W::Output>,
    reply: oneshot::Sender<Reply<C, W>>,
    /// The request's span, so that lines the writer logs carry the request's id.
    span: tracing::Span,
}

impl<C: Companion, W: Work<C>> Queued<C> for Waiting<C, W> {
    fn apply<'a>(
        &'a mut self,
        db: &'a mut Db,
        now_ms: i64,
        companion: &'a mut C,
    ) -> BoxFuture<'a, Result<(), Arc<DbError>>> {
        Box::pin(async move {
            self.output = Some(self.work.apply(db, now_ms, companion).instrument(self.span.clone()).await?);
            Ok(())
        })
    }

    fn answer(self: Box<Self>, seal: &Arc<C::Seal>) {
        // If the caller is gone, the change still stands and only the answer is lost. The caller can ask again.
        let _ = self.reply.send(self.output.map(|output| (output, seal.clone())).ok_or(WriteError::Stopping));
    }

    fn fail(self: Box<Self>, error: Arc<DbError>) {
        self.span.in_scope(|| tracing::error!(%error, "an operation failed in the database"));
        let _ = self.reply.send(Err(WriteError::Database(error)));
    }
}
