//! Lines on their way to a stream.
//!
//! A separate thread writes them, so that a reader that is gone, full or stuck neither fails nor delays anybody. Lines that
//! cannot be written are counted.

use std::collections::VecDeque;
use std::fmt::Display;
use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How many bytes of lines may wait for a slow reader. Lines beyond them are lost.
const MAX_WAITING_BYTES: usize = 1 << 20;

/// A queue of lines and the thread that writes them. Clones share both.
#[derive(Clone)]
pub(crate) struct Lines(Arc<Shared>);

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
    /// Old processors count atomically in words of their own size alone.
    lost: Arc<AtomicUsize>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Vec<u8>>,
    bytes: usize,
    /// Whether the thread is writing a line that is no longer in the queue.
    writing: bool,
    /// Whether there is no thread.
    closed: bool,
}

impl Lines {
    /// Lines to `out`.
    pub(crate) fn to(out: impl Write + Send + 'static) -> Self {
        let lines = Lines(Arc::default());
        let theirs = lines.clone();
        let started = thread::Builder::new().name("lines".into()).spawn(move || theirs.write_to(out));
        lines.queue().closed = started.is_err();
        lines
    }

    /// Shows a line.
    pub(crate) fn line(&self, text: impl Display) {
        self.push(format!("{text}\n").into_bytes());
    }

    /// Waits until everything is written, or for as long as `within`. Returns whether nothing waits any more.
    pub(crate) fn flush(&self, within: Duration) -> bool {
        let waits = |queue: &mut Queue| queue.writing || !queue.waiting.is_empty();
        let waited = self.0.changed.wait_timeout_while(self.queue(), within, waits);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    /// How many lines were lost, not counting those that wait.
    pub(crate) fn lost(&self) -> usize {
        self.0.lost.load(Ordering::Relaxed)
    }

    /// The counter of lost lines.
    #[cfg(feature = "serve")]
    pub(crate) fn counter(&self) -> Arc<AtomicUsize> {
        self.0.lost.clone()
    }

    fn push(&self, line: Vec<u8>) {
        let mut queue = self.queue();
        if queue.closed || queue.bytes + line.len() > MAX_WAITING_BYTES {
            drop(queue);
            self.lose();
            return;
        }
        queue.bytes += line.len();
        queue.waiting.push_back(line);
        self.0.changed.notify_all();
    }

    fn write_to(&self, mut out: impl Write) {
        loop {
            let line = self.next();
            // A full disk may have room for the next line.
            if out.write_all(&line).and_then(|()| out.flush()).is_err() {
                self.lose();
            }
            self.queue().writing = false;
            self.0.changed.notify_all();
        }
    }

    fn next(&self) -> Vec<u8> {
        let mut queue = self.queue();
        loop {
            if let Some(line) = queue.waiting.pop_front() {
                queue.bytes -= line.len();
                queue.writing = true;
                return line;
            }
            queue = self.0.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lose(&self) {
        self.0.lost.fetch_add(1, Ordering::Relaxed);
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Each call writes one line.
impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.push(line.to_vec());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, Sender, channel};

    /// Long enough for a thread to run on any machine.
    const PATIENCE: Duration = Duration::from_secs(60);

    /// Passes lines on, each once it is allowed to.
    struct Slow {
        allowed: Receiver<io::Result<()>>,
        written: Sender<String>,
    }

    impl Write for Slow {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            self.allowed.recv().unwrap_or(Ok(()))?;
            self.written.send(String::from_utf8_lossy(line).into_owned()).map_err(io::Error::other)?;
            Ok(line.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn slow() -> (Lines, Sender<io::Result<()>>, Receiver<String>) {
        let ((allow, allowed), (written, read)) = (channel(), channel());
        (Lines::to(Slow { allowed, written }), allow, read)
    }

    #[test]
    fn a_line_that_cannot_be_written_is_counted_and_the_next_one_is_tried() {
        let (lines, allow, read) = slow();
        ["one", "two", "three"].iter().for_each(|line| lines.line(line));
        allow.send(Ok(())).unwrap();
        allow.send(Err(io::ErrorKind::StorageFull.into())).unwrap();
        allow.send(Ok(())).unwrap();
        assert!(lines.flush(PATIENCE));
        assert_eq!((read.try_iter().collect::<String>(), lines.lost()), ("one\nthree\n".into(), 1));
    }

    #[test]
    fn a_reader_that_stands_still_holds_up_nobody() {
        let (lines, allow, read) = slow();
        let long = "x".repeat(MAX_WAITING_BYTES / 4 - 1);
        (0..9).for_each(|_| lines.line(&long));
        // Four wait, and perhaps one more is being written.
        assert!(!lines.flush(Duration::ZERO) && (4..=5).contains(&lines.lost()), "{}", lines.lost());
        drop(allow);
        assert!(lines.flush(PATIENCE));
        assert_eq!(read.try_iter().count() + lines.lost(), 9);
    }

    #[test]
    fn a_reader_that_is_gone_makes_no_error() {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let lines = Lines::to(writer);
        (0..3).for_each(|number| lines.line(number));
        assert!(lines.flush(PATIENCE));
        assert_eq!(lines.lost(), 3);
    }
}
