//! The server over two streams: one JSON-RPC message a line.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rmcp::serve_server;
use rmcp::service::ServerInitializeError;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;

use crate::Server;

/// Serves on this process's standard input and output.
pub async fn serve_standard(server: Server, ended: Arc<Notify>) -> io::Result<()> {
    let (input, output) = rmcp::transport::stdio();
    serve(server, input, output, ended).await
}

/// Serves until the input ends. `ended` is notified as soon as it does, while calls under way may still be answered.
pub async fn serve(
    server: Server,
    input: impl AsyncRead + Send + Unpin + 'static,
    output: impl AsyncWrite + Send + Unpin + 'static,
    ended: Arc<Notify>,
) -> io::Result<()> {
    let input = Watched { input, ended };
    match serve_server(server, (input, output)).await {
        Ok(running) => running.waiting().await.map(drop).map_err(io::Error::other),
        // A client that only checks whether the program starts sends nothing.
        Err(ServerInitializeError::ConnectionClosed(_)) => Ok(()),
        Err(error) => Err(io::Error::other(error.to_string())),
    }
}

/// A stream that notifies of its end.
struct Watched<R> {
    input: R,
    ended: Arc<Notify>,
}

impl<R: AsyncRead + Unpin> AsyncRead for Watched<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.input).poll_read(context, buffer);
        let is_over = match &polled {
            Poll::Ready(Ok(())) => buffer.filled().len() == before && buffer.remaining() > 0,
            Poll::Ready(Err(_)) => true,
            Poll::Pending => false,
        };
        if is_over {
            self.ended.notify_one();
        }
        polled
    }
}
