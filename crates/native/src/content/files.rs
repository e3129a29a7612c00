//! Writes the results of blocking work to their place.

use std::io::{self, BufWriter, Write};

use anyhow::Result;
use tokio::sync::mpsc;

use crate::output::Output;

/// How many bytes are handed over at once.
const PIECE_BYTES: usize = 256 << 10;
/// The most pieces that wait to be written.
const WAITING: usize = 8;

/// Runs `work` on a thread that may block, and writes its bytes to `output`, which appears only if it succeeds. Returns also how
/// many bytes were written.
pub(super) async fn write_to<T: Send + 'static>(
    output: &Output,
    work: impl FnOnce(&mut dyn Write) -> Result<T> + Send + 'static,
) -> Result<(T, u64)> {
    let mut sink = output.open().await?;
    let (to, mut pieces) = mpsc::channel(WAITING);
    let work = tokio::task::spawn_blocking(move || {
        let mut out = BufWriter::with_capacity(PIECE_BYTES, Pipe(to));
        let done = work(&mut out)?;
        out.flush()?;
        anyhow::Ok(done)
    });
    while let Some(piece) = pieces.recv().await {
        sink.write(&piece).await?;
    }
    let done = work.await??;
    Ok((done, sink.finish().await?))
}

/// Hands bytes to the task that writes them.
struct Pipe(mpsc::Sender<Vec<u8>>);

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // The receiver is gone only if writing has failed, and its error is the one that is shown.
        self.0.blocking_send(bytes.to_vec()).map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
