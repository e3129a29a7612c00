//! Turns standard error into messages while the screen is ours: graphics libraries write to it, and would spoil the screen.

#[cfg(unix)]
pub(super) use unix::{give_back, take};

#[cfg(unix)]
mod unix {
    use std::io::{self, BufRead, BufReader};
    use std::os::fd::{AsFd, OwnedFd};
    use std::sync::{Mutex, PoisonError};
    use std::thread;

    /// The original standard error.
    static BEFORE: Mutex<Option<OwnedFd>> = Mutex::new(None);

    /// Sends every line to `tell` from now on.
    pub(in super::super) fn take(tell: impl Fn(&str) + Send + 'static) -> io::Result<()> {
        let (reader, writer) = io::pipe()?;
        let before = io::stderr().as_fd().try_clone_to_owned()?;
        thread::Builder::new().name("errors".into()).spawn(move || {
            // Lines in another encoding are shown as far as possible.
            for line in BufReader::new(reader).split(b'\n').map_while(Result::ok) {
                tell(&String::from_utf8_lossy(&line));
            }
        })?;
        rustix::stdio::dup2_stderr(&writer)?;
        *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = Some(before);
        Ok(())
    }

    /// Restores standard error.
    pub(in super::super) fn give_back() {
        if let Some(before) = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = rustix::stdio::dup2_stderr(&before);
        }
    }
}

#[cfg(not(unix))]
pub(super) fn take(_: impl Fn(&str) + Send + 'static) -> std::io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
pub(super) fn give_back() {}
