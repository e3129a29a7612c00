//! Everything that the program shows.
//!
//! *Messages* say what goes on: progress, warnings, errors, the log. Nothing depends on whether somebody reads them: what
//! cannot be written is counted, and the work goes on. *Results* are what a command was asked for. A command whose result
//! cannot be written has failed.

mod lines;

use std::fmt::Display;
use std::fs::File;
use std::io::{self, Write};
use std::sync::OnceLock;
use std::time::Duration;

use serde::Serialize;

pub(crate) use lines::Lines;

/// How long the program waits for its last lines before it ends.
pub(crate) const LAST_LINES: Duration = Duration::from_secs(1);

/// A result that nobody got.
#[derive(Debug, thiserror::Error)]
#[error("the result cannot be written to standard output")]
pub(crate) struct Unwritten(#[from] io::Error);

impl Unwritten {
    /// Whether the reader had read enough, as in `adit jobs list | head`.
    pub(crate) fn reader_is_gone(&self) -> bool {
        self.0.kind() == io::ErrorKind::BrokenPipe
    }
}

static MESSAGES: OnceLock<Lines> = OnceLock::new();

/// The lines on standard error.
pub(crate) fn messages() -> &'static Lines {
    MESSAGES.get_or_init(|| Lines::to(apart(io::stderr())))
}

/// Gives the last messages time to be written.
pub(crate) fn finish() {
    if let Some(messages) = MESSAGES.get() {
        messages.flush(LAST_LINES);
    }
}

/// Lines on standard output, for a command whose output is a running report and no result.
pub(crate) fn report() -> Lines {
    Lines::to(apart(io::stdout()))
}

/// Shows a message.
pub(crate) fn message(text: impl Display) {
    messages().line(text);
    messages().flush(LAST_LINES);
}

/// Shows a result, with a line break at its end.
pub(crate) fn result(text: impl Display) -> Result<(), Unwritten> {
    let text = format!("{text}\n");
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// Shows a result as JSON on one line.
pub(crate) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    Ok(result(serde_json::to_string(value)?)?)
}

/// Standard output for the bytes of a result, without the lock and the buffer that the standard library puts around it.
#[cfg(any(feature = "content", feature = "jobs"))]
pub(crate) fn standard_output() -> io::Result<File> {
    file(&io::stdout())
}

/// A stream without its lock, which a thread that waits for a reader would hold.
fn apart<S: Stream>(stream: S) -> Box<dyn Write + Send> {
    match file(&stream) {
        Ok(file) => Box::new(file),
        Err(_) => Box::new(stream),
    }
}

#[cfg(unix)]
fn file(stream: &impl Stream) -> io::Result<File> {
    stream.as_fd().try_clone_to_owned().map(File::from)
}

#[cfg(windows)]
fn file(stream: &impl Stream) -> io::Result<File> {
    stream.as_handle().try_clone_to_owned().map(File::from)
}

/// A standard stream.
#[cfg(unix)]
trait Stream: std::os::fd::AsFd + Write + Send + 'static {}
#[cfg(windows)]
trait Stream: std::os::windows::io::AsHandle + Write + Send + 'static {}

impl Stream for io::Stdout {}
impl Stream for io::Stderr {}
